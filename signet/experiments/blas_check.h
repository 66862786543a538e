#pragma once

#include <string>

namespace signet {

/// Times a 256 x 256 x 256 product and returns one line of warning if LibTorch
/// has only the reference BLAS (25 to 40 times slower than OpenBLAS), or "".
/// Cost: 1 ms with OpenBLAS, 0.1 s without.
std::string slow_blas_warning();

}  // namespace signet
