#pragma once

namespace signet {

/// What every command that computes with LibTorch does first. Sets the number
/// of threads: `threads`, or if that is 0 what OMP_NUM_THREADS says, or else
/// all processors that this process may use; LibTorch itself leaves it to
/// chance until its first parallel loop. Warns in one line if matrix products
/// are slow (signet/experiments/blas_check.h).
void start_torch(int threads);

/// Keeps memory that is freed instead of giving it back to the system: for
/// many small tensors made anew in every run, as in `signet measure`, whose
/// pages cost a quarter of the time otherwise.
void keep_freed_memory();

}  // namespace signet
