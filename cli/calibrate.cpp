// signet calibrate: what `signet bench --calibrate` does, without LibTorch.

#include "signet/runtime/calibrate.h"

#include <cstdio>

#include "cli/command.h"
#include "signet/export/expect.h"

namespace signet {
namespace {

int run() {
  const auto isa = expect(runtime::choose_isa(), "calibrate");
  std::fputs(to_text(runtime::calibrate(isa)).c_str(), stdout);
  return 0;
}

const Registered<Command> entry{{
    .name = "calibrate",
    .summary = "Time the constants that choose kernels and sizes of blocks",
    .setup = [](CLI::App&) -> std::function<int()> { return run; },
}};

}  // namespace
}  // namespace signet
