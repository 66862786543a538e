#include "signet/core/memory_guard.h"

#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>

#include <stdexcept>

#include "signet/base/control_group.h"
#include "signet/base/memory.h"

namespace signet {
namespace {

/// From here on malloc always takes new pages from the system.
constexpr size_t kLarge = size_t{1} << 25;

class GuardedAllocator final : public c10::Allocator {
 public:
  GuardedAllocator(c10::Allocator& plain, bool limited)
      : plain_(plain), limited_(limited) {}

  c10::DataPtr allocate(size_t bytes) const override {
    if (limited_ && bytes >= kLarge)
      check_group_memory(static_cast<int64_t>(bytes), "memory");
    try {
      return plain_.allocate(bytes);
    } catch (const c10::Error&) {
      throw std::runtime_error(out_of_memory_text());
    }
  }
  c10::DeleterFnPtr raw_deleter() const override {
    return plain_.raw_deleter();
  }

 private:
  c10::Allocator& plain_;
  bool limited_;
};

}  // namespace

void guard_memory() {
  static GuardedAllocator guarded(*c10::GetCPUAllocator(),
                                  control_group().memory.has_value());
  c10::SetCPUAllocator(&guarded);
}

}  // namespace signet
