#include "signet/experiments/pinned_thread.h"

#include <sched.h>

#include <cstring>

namespace signet {

PinnedThread::PinnedThread() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return;
  before_.resize(sizeof set);
  std::memcpy(before_.data(), &set, sizeof set);
  // The last one allowed: the first is where the system likes to work.
  for (int p = CPU_SETSIZE - 1; p >= 0; --p) {
    if (!CPU_ISSET(p, &set)) continue;
    CPU_ZERO(&set);
    CPU_SET(p, &set);
    if (sched_setaffinity(0, sizeof set, &set) == 0) processor_ = p;
    return;
  }
}

PinnedThread::~PinnedThread() {
  if (before_.empty()) return;
  cpu_set_t set;
  std::memcpy(&set, before_.data(), sizeof set);
  sched_setaffinity(0, sizeof set, &set);
}

}  // namespace signet
