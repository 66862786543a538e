#include "signet/models/layers/units.h"

#include "signet/core/finite.h"
#include "signet/core/normalized_units.h"
#include "signet/core/torch.h"

namespace signet {

LayerKind UnitsSpec::kind() {
  return {"units",
          "Bernoulli units: x = high if noise <= a, else low",
          {{.name = "encoding",
            .fallback = std::string("signs"),
            .help = "signs {-1,+1} or bits {0,1}",
            .choices = {"signs", "bits"}},
           {.name = "noise",
            .fallback = std::string("logistic"),
            .help = "family F of the noise, P(high) = F(a), which is the scale "
                    "of a: logistic sigma(2a), sigmoid sigma(a)",
            .choices = noise_names()},
           {.name = "deterministic",
            .fallback = false,
            .help = "high where a >= 0; backward straight-through"}}};
}

UnitsSpec UnitsSpec::read(const Arguments& a) {
  return {.encoding = parse_encoding(a.text("encoding")),
          .noise = a.text("noise"),
          .deterministic = a.flag("deterministic")};
}

Shape UnitsSpec::output(const Shape& input, OpenShortcuts&) const {
  return input;
}

std::shared_ptr<Layer> UnitsSpec::build(const Shape&,
                                        const RandomStream&) const {
  return std::make_shared<Units>(*this);
}

Units::Units(const UnitsSpec& spec)
    : Layer("Units"),
      options_{.encoding = spec.encoding, .noise = &find_noise(spec.noise)},
      deterministic_(spec.deterministic) {}

Tensor Units::forward(const Tensor& logits, ForwardPass& pass) {
  if (!deterministic_) return pass.sampler.draw(logits, options_);
  check_finite(logits, "units", "logits of units");
  return deterministic_units(logits, options_);
}

Tensor Units::forward(const NormalizedLogits& logits, ForwardPass& pass) {
  if (!deterministic_) return pass.sampler.draw_normalized(logits, options_);
  check_finite(logits, "units", "logits of units");
  return deterministic_units(logits, options_);
}

}  // namespace signet
