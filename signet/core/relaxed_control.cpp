#include "signet/core/relaxed_control.h"

#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "signet/core/checks.h"
#include "signet/core/learned_tensors.h"
#include "signet/core/running_moments.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

constexpr double kMinTemperature = 0.01, kMaxTemperature = 100;
constexpr const char* kTemperature = "log_temperature";

Tensor relax(const Tensor& distance, const Tensor& temperature,
             const UnitOptions& units) {
  return torch::sigmoid(2 * distance / temperature) * width(units.encoding) +
         low(units.encoding);
}

/// The path up to a layer, its relaxed units, and relaxed layers above.
class RelaxedSampler : public Sampler {
 public:
  RelaxedSampler(const Path& path, size_t l, const Tensor& distance,
                 const Tensor& temperature, const Random& random)
      : path_(path),
        relaxed_(l),
        distance_(distance),
        temperature_(temperature),
        random_(random) {}

  Tensor draw(const Tensor& logits, const UnitOptions& units) override {
    const auto l = next_++;
    if (l < relaxed_) return path_.layers[l].x;
    if (l == relaxed_) return relax(distance_, temperature_, units);
    const auto u =
        LayerNoise(random_, static_cast<uint32_t>(l)).uniform(logits);
    return relax(logits - units.noise->quantile(u), temperature_, units);
  }

 private:
  const Path& path_;
  size_t relaxed_;
  Tensor distance_, temperature_;
  Random random_;
  size_t next_ = 0;
};

/// A network of the unit at temperature 1 and of its probability, in units of
/// the deviation of the loss. Bounded inputs: families without a mean would
/// leave it none either.
Tensor network(LearnedTensors& learned, const PathLayer& layer,
               const Tensor& distance, const Tensor& loss,
               const RunningMoments& moments, int64_t hidden) {
  const auto flat = [&](const Tensor& t) {
    return (t - 0.5).reshape({loss.numel(), -1});
  };
  const auto input = torch::cat(
      {flat(torch::sigmoid(2 * distance)), flat(layer.probability())}, 1);
  return small_network(learned, "network", input, hidden, 1)
             .view(loss.sizes()) *
         moments.deviation;
}

/// What a loss without a derivative has is not a derivative of 0: the estimate
/// would be biased.
Tensor derivative(const Tensor& value, const Tensor& distance, bool again) {
  const auto gradient =
      value.requires_grad()
          ? torch::autograd::grad({value.sum()}, {distance}, {}, again, again,
                                  /*allow_unused=*/true)[0]
          : Tensor();
  check(gradient.defined(), "estimator",
        "the loss must be differentiable in the units of every layer");
  return gradient;
}

}  // namespace

StateNoise state_noise(const PathLayer& layer, const Tensor& u) {
  torch::NoGradGuard no_grad;
  const auto& noise = *layer.units.noise;
  const auto z = noise.quantile(u);
  const auto density = noise.density(z);
  const auto share = torch::where(layer.is_high(), u, 1 - u);
  // A density of 0 is never met by a noise drawn from it, but by rounding.
  const auto slope = share * layer.score().abs() /
                     torch::where(density > 0, density, torch::ones_like(z));
  return {z, slope};
}

Estimate relaxed_control_estimate(const Objective& objective,
                                  const RuleContext& context,
                                  bool with_network) {
  const auto& arguments = context.arguments;
  const double rate = arguments.number("rate");
  const auto path = run_path(objective, context.random);
  const auto loss = path.loss.detach();
  std::vector<Tensor> gradients;
  for (size_t l = 0; l < path.layers.size(); ++l) {
    const auto& layer = path.layers[l];
    const auto prefix = layer_prefix(l);
    LearnedTensors learned(context.state, prefix, rate);
    const auto log_temperature = learned.number(
        kTemperature, std::log(arguments.number("temperature")), loss);
    const auto scale = learned.number("scale", arguments.number("scale"), loss);

    const auto noise = state_noise(layer, path_noise(path, l, context.random));
    const auto distance = (layer.logits.detach() - noise.z).requires_grad_();
    RelaxedSampler sampler(path, l, distance, log_temperature.exp(),
                           tail_random(context, l));
    const auto relaxed_loss = objective(sampler);
    const auto rest = loss - (scale * relaxed_loss).detach();
    const auto moments = running_moments(context.state, prefix + "rest", loss);
    auto control = scale * relaxed_loss + moments.mean +
                   moments.deviation * learned.number("offset", 0, loss);
    auto slope = scale * derivative(relaxed_loss, distance, learned.learning());
    if (with_network) {
      const auto more = network(learned, layer, distance, loss, moments,
                                arguments.integer("hidden"));
      control = control + more;
      slope = slope + derivative(more, distance, learned.learning());
    }
    const auto gradient =
        as_units(loss - control, layer.x) * layer.score() + slope * noise.slope;
    gradients.push_back(gradient.detach());
    if (!learned.learning()) continue;
    learned.descend(second_moment({gradient}, loss));
    context.state.tensors.at(prefix + kTemperature)
        .clamp_(std::log(kMinTemperature), std::log(kMaxTemperature));
    follow(context.state, prefix + "rest", rest);
  }
  return {loss, with_logit_gradients(path.loss, path, gradients)};
}

std::vector<Parameter> relaxed_control_parameters() {
  return {{.name = "temperature",
           .fallback = 0.5,
           .help = "of the relaxed units, the first one if it is learned",
           .min = kMinTemperature,
           .max = kMaxTemperature},
          {.name = "scale",
           .fallback = 1.0,
           .help = "of the relaxed loss in the control variate, the first one "
                   "if it is learned"},
          rate_parameter(),
          tail_parameter()};
}

}  // namespace signet
