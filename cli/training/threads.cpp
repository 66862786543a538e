#include "cli/training/threads.h"

#include <ATen/Parallel.h>
#include <sched.h>

#include <cstdlib>

namespace signet {

void set_threads(int threads) {
  if (threads == 0) {
    const char* text = std::getenv("OMP_NUM_THREADS");
    threads = text ? std::atoi(text) : 0;
  }
  cpu_set_t allowed;
  if (threads <= 0 && sched_getaffinity(0, sizeof allowed, &allowed) == 0)
    threads = CPU_COUNT(&allowed);
  at::set_num_threads(threads > 0 ? threads : 1);
}

}  // namespace signet
