#include "signet/core/torch_threads.h"

#include <ATen/Parallel.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include <cstdlib>
#include <string>

namespace signet {

void set_torch_threads(int threads) {
  // LibTorch's default, which each thread takes when it first needs a number.
  const auto text = std::to_string(threads);
  const char* before = std::getenv("OMP_NUM_THREADS");
  if (!before || before != text) setenv("OMP_NUM_THREADS", text.c_str(), 1);
  // That first time is now, for LibTorch's functions and for its inline ones.
  at::get_num_threads();
  at::internal::lazy_init_num_threads();
  at::init_num_threads();
#ifdef _OPENMP
  // A compiler's own OpenMP need not be LibTorch's.
  omp_set_num_threads(threads);
#endif
}

}  // namespace signet
