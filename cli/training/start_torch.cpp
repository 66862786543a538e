#include "cli/training/start_torch.h"

#include <ATen/Parallel.h>
#include <malloc.h>
#include <sched.h>

#include <cstdio>
#include <cstdlib>

#include "signet/experiments/blas_check.h"

namespace signet {
namespace {

void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 25);  // the greatest that glibc takes
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

}  // namespace

void start_torch(int threads) {
  if (threads == 0) {
    const char* text = std::getenv("OMP_NUM_THREADS");
    threads = text ? std::atoi(text) : 0;
  }
  cpu_set_t allowed;
  if (threads <= 0 && sched_getaffinity(0, sizeof allowed, &allowed) == 0)
    threads = CPU_COUNT(&allowed);
  at::set_num_threads(threads > 0 ? threads : 1);
  keep_freed_memory();
  const auto warning = slow_blas_warning();
  if (!warning.empty()) std::fprintf(stderr, "%s\n", warning.c_str());
}

}  // namespace signet
