#pragma once

#include <algorithm>
#include <cstdint>

namespace signet {

// What LibTorch needs before it computes anything. OpenBLAS takes a buffer for
// each thread that it can have when it is loaded, and one more for each thread
// that calls it. Where it gets none it does not fail: it tries for ever. So
// these sizes are asked for beforehand.
// Measured: Debian 12, LibTorch 1.13, OpenBLAS 0.3.21, ulimit -v.

constexpr int64_t kTorchLibraries = int64_t{640} << 20;  ///< address space
constexpr int64_t kTorchResident = int64_t{64} << 20;    ///< memory written to
constexpr int64_t kBlasBuffer = int64_t{128} << 20;      ///< address space
constexpr int kMostBlasThreads = 64;

/// Address space of OpenBLAS's buffers for so many threads.
constexpr int64_t blas_buffers(int threads) {
  return std::min(threads, kMostBlasThreads) * kBlasBuffer;
}

}  // namespace signet
