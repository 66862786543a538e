#pragma once

namespace signet {

/// LibTorch computes with `threads` threads when this thread asks it to, and
/// with as many when a new one does; sets OMP_NUM_THREADS. Like
/// at::set_num_threads(), which besides starts as many threads again, for a
/// pool that nothing uses here, and ends the program where it cannot. Without
/// effect once that was called.
void set_torch_threads(int threads);

}  // namespace signet
