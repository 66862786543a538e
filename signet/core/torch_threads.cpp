#include "signet/core/torch_threads.h"

#include <ATen/Parallel.h>
#ifdef _OPENMP
#include <omp.h>
#endif

namespace signet {

void set_torch_threads(int threads) {
#ifdef _OPENMP
  at::internal::lazy_init_num_threads();  // would undo it later
  omp_set_num_threads(threads);
#else
  at::set_num_threads(threads);
#endif
}

}  // namespace signet
