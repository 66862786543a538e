#pragma once

/// Marks a plain loop over arrays that the compiler vectorises by itself: it
/// is compiled for several instruction sets and the best one is taken at run
/// time. All give the same bits, since no multiply-add is fused. Sanitizers
/// cannot run the code that chooses, so there the loop is compiled once.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__)
#define SIGNET_VECTORIZED \
  __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define SIGNET_VECTORIZED
#endif
