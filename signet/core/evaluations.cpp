#include "signet/core/evaluations.h"

#include <cstdlib>

namespace signet {

int64_t Evaluations::count(int64_t samples,
                           std::span<const int64_t> layers) const {
  const auto depth = static_cast<int64_t>(layers.size());
  int64_t units = 0, layer_states = 0;
  for (const int64_t n : layers) {
    units += n;
    layer_states += int64_t{1} << n;
  }
  return fixed + per_sample * samples + per_layer * depth +
         per_sample_layer * samples * depth + per_unit * units +
         per_layer_state * layer_states +
         (per_state ? per_state * (int64_t{1} << units) : 0);
}

std::string Evaluations::text() const {
  std::string all;
  const auto add = [&](int factor, const std::string& name) {
    if (factor == 0) return;
    const auto size = std::abs(factor);
    if (!all.empty())
      all += factor < 0 ? " - " : " + ";
    else if (factor < 0)
      all += "-";
    if (size != 1 || name.empty()) all += std::to_string(size);
    if (size != 1 && !name.empty()) all += " ";
    all += name;
  };
  add(fixed, "");
  add(per_sample_layer, "K L");
  add(per_sample, "K");
  add(per_layer, "L");
  add(per_unit, "n");
  add(per_state, "2^n");
  add(per_layer_state, "sum 2^n_l");
  return all;
}

}  // namespace signet
