#include "signet/experiments/blas_check.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>

#include "signet/base/number.h"
#include "signet/core/torch.h"
#include "signet/core/torch_threads.h"

namespace signet {
namespace {

/// Reference BLAS does 1.8 GMAC/s on one core, OpenBLAS over 20 even there
/// where it has AVX2 only: far from both.
constexpr double kSlow = 6e9;

}  // namespace

std::string slow_blas_warning() {
  torch::NoGradGuard no_gradient;
  const auto a = torch::ones({256, 256});
  // One thread, and the best of several runs: another process on the same
  // processors must not look like a slow library.
  const int threads = at::get_num_threads();
  set_torch_threads(1);
  double seconds = 1;
  for (int run = 0; run < 12 && 256.0 * 256 * 256 / seconds < kSlow; ++run) {
    const auto start = std::chrono::steady_clock::now();
    torch::mm(a, a);
    seconds = std::min(seconds, std::chrono::duration<double>(
                                    std::chrono::steady_clock::now() - start)
                                    .count());
  }
  set_torch_threads(threads);
  const double rate = 256.0 * 256 * 256 / seconds;
  if (rate > kSlow) return "";
  return "warning: matrix products run at " + fixed_text(rate / 1e9, 1) +
         " GMAC/s, the speed of the reference BLAS; 'apt-get install "
         "libopenblas0-openmp' makes training many times faster";
}

}  // namespace signet
