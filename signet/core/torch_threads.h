#pragma once

namespace signet {

/// LibTorch computes with `threads` threads when this thread asks it to; each
/// thread has a number of its own. Like at::set_num_threads(), which besides
/// starts as many threads again for a pool that nothing on a desktop uses, and
/// ends the program where it cannot.
void set_torch_threads(int threads);

}  // namespace signet
