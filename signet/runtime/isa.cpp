#include "signet/runtime/isa.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string>

#include "signet/runtime/kernels/levels.h"

namespace signet::runtime {
namespace {

constexpr std::string_view kNames[] = {"scalar", "avx2", "avx512vpopcnt", "amx",
                                       "neon"};

}  // namespace

std::string_view isa_name(Isa isa) { return kNames[static_cast<int>(isa)]; }

std::vector<Isa> available_isas() {
  std::vector<Isa> available;
  for (const Level* level : levels()) {
    if (level->supported()) available.push_back(level->isa);
  }
  std::reverse(available.begin(), available.end());
  return available;
}

Result<Isa> find_isa(std::string_view name, std::string_view source) {
  const std::vector<Isa> available = available_isas();
  std::string valid;
  for (const Isa isa : available) {
    if (isa_name(isa) == name) return isa;
    valid += (valid.empty() ? "" : ", ") + std::string(isa_name(isa));
  }
  const bool known =
      std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
  return Error{std::string(source) + ": instruction set '" + std::string(name) +
                   (known ? "' is not available here" : "' is unknown") +
                   "; valid here: " + valid,
               ErrorKind::level};
}

Result<Isa> choose_isa(std::optional<Isa> cap) {
  Isa best = available_isas().back();
  if (cap) {
    const auto asked = find_isa(isa_name(*cap), "choose_isa");
    if (!asked) return asked;
    best = std::min(best, *asked);
  }
  const char* forced = std::getenv("SIGNET_FORCE_ISA");
  if (forced != nullptr && *forced != '\0') {
    const auto asked = find_isa(forced, "SIGNET_FORCE_ISA");
    if (!asked) return asked;
    best = std::min(best, *asked);
  }
  return best;
}

}  // namespace signet::runtime
