#include "signet/experiments/initialization.h"

#include "signet/core/samplers.h"
#include "signet/core/torch.h"
#include "signet/models/batch_norm.h"
#include "signet/models/weights.h"

namespace signet {
namespace {

/// The output of layer i, [examples and pixels, channels].
Tensor output_of(Network& network, const Tensor& x, const Random& random,
                 size_t layer) {
  IndependentSampler sampler(random);
  Tensor rows;
  network.forward(x, sampler, [&](size_t i, const Tensor& output) {
    if (i == layer) rows = output.reshape({-1, output.size(-1)});
  });
  return rows.to(torch::kFloat);
}

void center(Network& network, const Tensor& x, const Random& random, size_t i) {
  auto& layer = static_cast<WeightedLayer&>(network.layer(i));
  const auto rows = output_of(network, x, random, i);
  const auto mean = rows.mean(0);
  if (!layer.weight.defined()) {
    layer.bias.sub_(mean);
    return;
  }
  // A channel that never changes keeps its weights.
  const auto deviation = rows.std(0, /*unbiased=*/false);
  const auto scale =
      torch::where(deviation > 0, deviation, torch::ones_like(deviation));
  layer.bias.sub_(mean).div_(scale);
  std::vector<int64_t> shape(static_cast<size_t>(layer.weight.dim()), 1);
  shape[0] = -1;
  layer.weight.div_(scale.view(shape));
}

/// Running statistics are momentum times those of the batch after one pass
/// from 0.
void take_statistics(Network& network, const Tensor& x, const Random& random,
                     const std::vector<size_t>& norms) {
  const auto of = [&](size_t i) {
    auto& norm = static_cast<BatchNorm&>(network.layer(i));
    return std::array{norm.running_mean, norm.running_var};
  };
  for (const size_t i : norms)
    for (auto& statistic : of(i)) statistic.zero_();
  IndependentSampler sampler(random);
  network.forward(x, sampler);
  for (const size_t i : norms) {
    const double momentum =
        std::get<BatchNormSpec>(network.spec().layers[i]).momentum;
    for (auto& statistic : of(i)) statistic.div_(momentum);
  }
}

}  // namespace

void initialize_from_batch(Network& network, const Tensor& x,
                           const Random& random) {
  torch::NoGradGuard no_gradient;
  const bool was_training = network.is_training();
  network.train();
  network.set_dropout_random(random);
  const size_t count = network.spec().layers.size();
  std::vector<size_t> norms;
  const auto is_norm = [&](size_t i) {
    return i < count && dynamic_cast<BatchNorm*>(&network.layer(i));
  };
  for (size_t i = 0; i < count; ++i) {
    const auto* weighted = dynamic_cast<WeightedLayer*>(&network.layer(i));
    if (weighted && weighted->bias.defined() && !is_norm(i + 1))
      center(network, x, random, i);
    if (is_norm(i)) norms.push_back(i);
  }
  if (!norms.empty()) take_statistics(network, x, random, norms);
  network.train(was_training);
}

}  // namespace signet
