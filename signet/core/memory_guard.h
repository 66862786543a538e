#pragma once

namespace signet {

/// Tensors that cannot be had are errors of one line from now on: those that
/// malloc refuses (LibTorch's own error has its file and line), and large ones
/// for which the control group has no memory left, at whose first use the
/// system would kill the process without a word.
/// Cost: where the control group has a limit, some file reads for a tensor of
/// 32 MiB or more.
void guard_memory();

}  // namespace signet
