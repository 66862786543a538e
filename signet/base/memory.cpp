#include "signet/base/memory.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include "signet/base/control_group.h"
#include "signet/base/error.h"

namespace signet {
namespace {

/// " (ulimit -v 600000)", or "" where no limit is set.
std::string limits_text() {
  std::string text;
  const auto add = [&](int resource, const char* name) {
    rlimit limit{};
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
      return;
    text += (text.empty() ? "" : ", ") +
            (name + std::to_string(limit.rlim_cur / 1024));
  };
  add(RLIMIT_AS, "ulimit -v ");
  add(RLIMIT_DATA, "ulimit -d ");
  if (const auto memory = control_group().memory) {
    text += (text.empty() ? "" : ", ") +
            ("memory of the control group " + size_text(*memory));
  }
  return text.empty() ? "" : " (" + text + ")";
}

}  // namespace

std::string size_text(int64_t bytes) {
  return std::to_string((bytes + 999999) / 1000000) + " MB";
}

void check_address_space(int64_t bytes, const std::string& who) {
  const auto size = static_cast<size_t>(bytes);
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory != MAP_FAILED) {
    munmap(memory, size);
    return;
  }
  throw UsageError(who + ": must have " + size_text(bytes) +
                   " more address space, but the system refuses that" +
                   limits_text() +
                   ": raise the limit, or ask for fewer "
                   "threads (OMP_NUM_THREADS=1)");
}

void check_group_memory(int64_t bytes, const std::string& who) {
  const auto group = control_group();
  if (!group.free_memory || *group.free_memory >= bytes) return;
  throw UsageError(who + ": must have " + size_text(bytes) +
                   " more memory, but the control group has " +
                   size_text(*group.free_memory) + " left of " +
                   size_text(*group.memory) + ": raise its limit");
}

std::string out_of_memory_text() {
  return "out of memory" + limits_text() +
         ": raise the limit, or ask for less at once";
}

}  // namespace signet
