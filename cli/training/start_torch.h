#pragma once

namespace signet {

/// What every command that computes with LibTorch does first. Sets the number
/// of threads: `threads`, or if that is 0 what OMP_NUM_THREADS says, or else
/// all processors that this process may use; LibTorch itself leaves it to
/// chance until its first parallel loop. Warns in one line if matrix products
/// are slow (signet/experiments/blas_check.h).
/// Memory that is freed is kept for the next tensor instead of being given
/// back: the same tensors are made anew in every step, and their fresh pages
/// cost up to a half of the time.
void start_torch(int threads);

}  // namespace signet
