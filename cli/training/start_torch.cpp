#include "cli/training/start_torch.h"

#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "cli/torch_memory.h"
#include "signet/base/error.h"
#include "signet/base/memory.h"
#include "signet/base/threads.h"
#include "signet/core/memory_guard.h"
#include "signet/core/torch_threads.h"
#include "signet/experiments/blas_check.h"

namespace signet {
namespace {

void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 25);  // the greatest that glibc takes
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

/// Asks for what this thread's first product takes, and what threads take that
/// were not counted when LibTorch was loaded.
void check_threads_of_torch(int threads) {
  const int limit = omp_thread_limit();
  check(limit == 0 || threads <= limit, "--threads",
        "must be at most OMP_THREAD_LIMIT, " + std::to_string(limit) +
            ", but got " + std::to_string(threads));
  check_threads(threads, "--threads");
  const int64_t more = std::max<int64_t>(
      blas_buffers(threads) - blas_buffers(threads_to_use(0)), 0);
  check_address_space(kBlasBuffer + more, "--threads");
}

}  // namespace

void start_torch(int asked) {
  const int threads = threads_to_use(asked);
  check_threads_of_torch(threads);
  guard_memory();
  set_torch_threads(threads);
  keep_freed_memory();
  const auto warning = slow_blas_warning();
  if (!warning.empty()) std::fprintf(stderr, "%s\n", warning.c_str());
}

}  // namespace signet
