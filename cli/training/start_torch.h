#pragma once

namespace signet {

/// What every command that computes with LibTorch does first. Sets the number
/// of threads: `threads`, or if that is 0 threads_to_use(0)
/// (signet/base/threads.h); LibTorch itself leaves it to chance until its first
/// parallel loop. Warns in one line if matrix products are slow
/// (signet/experiments/blas_check.h).
/// Errors: UsageError if this process may not have so many threads, or not the
/// address space for them; from then on guard_memory()'s.
/// Memory that is freed is kept for the next tensor instead of being given
/// back: the same tensors are made anew in every step, and their fresh pages
/// cost up to a half of the time.
void start_torch(int threads);

}  // namespace signet
