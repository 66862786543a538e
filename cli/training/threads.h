#pragma once

namespace signet {

/// LibTorch's threads: `threads`, or if that is 0 what OMP_NUM_THREADS says, or
/// else all processors that this process may use. LibTorch itself leaves the
/// number to chance until its first parallel loop.
void set_threads(int threads);

}  // namespace signet
