#include "signet/experiments/papers/network_training.h"

#include <algorithm>
#include <cmath>

#include "signet/core/cross_entropy.h"
#include "signet/core/finite.h"
#include "signet/core/samplers.h"
#include "signet/core/torch.h"
#include "signet/experiments/diverged.h"
#include "signet/experiments/image_shape.h"
#include "signet/experiments/initialization.h"
#include "signet/experiments/network_estimate.h"
#include "signet/models/weights.h"

namespace signet {

ScaledImages scaled_images(const DatasetOptions& options, Part part,
                           int64_t count) {
  const auto data = load_dataset(options, part);
  auto examples = to_examples(data);
  const int64_t n =
      count > 0 ? std::min(count, examples.size()) : examples.size();
  return {examples.images.narrow(0, 0, n).to(torch::kFloat) / 255,
          examples.labels.narrow(0, 0, n).clone(), image_shape(data),
          static_cast<int64_t>(data.classes.size())};
}

NetworkTrainer::NetworkTrainer(const NetworkTraining& training,
                               const ScaledImages& images, const Random& random)
    : training_(training),
      images_(images),
      random_(random),
      network_(parse_network(images.shape, training.layers), random),
      estimator_(training.estimator) {
  const BoundRule weights(training.weights), others(training.others);
  for (const auto& item : network_.named_parameters()) {
    const bool latent = item.key().ends_with(".latent");
    optimizer_.add(item.key(), item.value(), latent ? weights : others,
                   latent ? ParameterKind::latent : ParameterKind::real);
  }
  optimizer_.start();
  network_.train();
  if (training.init_batch > 0)
    initialize_from_batch(network_, images.x.narrow(0, 0, training.init_batch),
                          random.at_step(0));
}

Tensor NetworkTrainer::next_batch() {
  const int64_t per_epoch = images_.size() / training_.batch;
  const int64_t in_epoch = steps() % per_epoch;
  if (in_epoch == 0)
    order_ = random_.at_step(static_cast<uint32_t>(steps() / per_epoch))
                 .site(RandomUse::shuffle)
                 .permutation(images_.size());
  return order_.narrow(0, in_epoch * training_.batch, training_.batch);
}

double NetworkTrainer::step() {
  const auto index = next_batch();
  const auto random = random_.at_step(static_cast<uint32_t>(steps() + 1));
  const auto x = images_.x.index_select(0, index);
  const auto labels = images_.labels.index_select(0, index);
  network_.train();
  network_.set_dropout_random(random);
  optimizer_.zero_grad();
  double loss = 0;
  const auto passes = optimizer_.passes();
  for (int64_t p = 0; p < passes; ++p) {
    const auto pass = random.replica(static_cast<uint32_t>(p));
    const auto make = optimizer_.weights_of_pass(pass);
    for (size_t i = 0; i < network_.spec().layers.size(); ++i)
      if (auto* layer = dynamic_cast<WeightedLayer*>(&network_.layer(i)))
        layer->set_weights(make);
    const auto share = 1 / static_cast<double>(passes);
    try {
      const auto estimate = network_estimate(
          network_, estimator_,
          [&](Sampler& sampler) {
            return cross_entropy(network_.forward(x, sampler), labels);
          },
          pass, state_);
      (estimate.surrogate.mean() * share).backward();
      loss += estimate.loss.mean().item<double>() * share;
    } catch (const NotFinite& error) {
      throw Diverged(error.brief() + " at step " + std::to_string(steps() + 1));
    }
  }
  if (!std::isfinite(loss))
    throw Diverged("the loss stopped being finite at step " +
                   std::to_string(steps() + 1));
  const double share =
      training_.steps > 0
          ? static_cast<double>(steps()) / static_cast<double>(training_.steps)
          : 0;
  optimizer_.step(training_.rate * (1 + std::cos(share * std::acos(-1))) / 2);
  return loss;
}

void NetworkTrainer::use_estimator(const std::string& spelling) {
  estimator_ = BoundEstimator(spelling);
  state_ = {};
}

Tensor NetworkTrainer::latent_weights() {
  std::vector<Tensor> rows;
  for (const auto& item : network_.named_parameters())
    if (item.key().ends_with(".latent"))
      rows.push_back(item.value().detach().flatten());
  return torch::cat(rows);
}

void NetworkTrainer::set_latent_weights(const Tensor& row) {
  torch::NoGradGuard no_gradient;
  int64_t first = 0;
  for (auto& item : network_.named_parameters()) {
    if (!item.key().ends_with(".latent")) continue;
    auto latent = item.value();
    latent.copy_(row.narrow(0, first, latent.numel()).view_as(latent));
    first += latent.numel();
  }
}

TestScore score(Network& network, const ScaledImages& images, int64_t samples,
                const Random& random) {
  torch::NoGradGuard no_gradient;
  network.eval();
  constexpr int64_t kBatch = 500;
  double correct = 0, loss = 0;
  const int64_t passes = std::max<int64_t>(samples, 1);
  for (int64_t from = 0, part = 0; from < images.size();
       from += kBatch, ++part) {
    const int64_t n = std::min(kBatch, images.size() - from);
    const auto x = images.x.narrow(0, from, n);
    const auto labels = images.labels.narrow(0, from, n);
    Tensor p = torch::zeros({n, images.classes});
    for (int64_t s = 0; s < passes; ++s) {
      IndependentSampler draws(random.at_step(static_cast<uint32_t>(part))
                                   .replica(static_cast<uint32_t>(s)));
      ModeSampler mode;
      const auto logits =
          network.forward(x, samples > 0 ? static_cast<Sampler&>(draws) : mode);
      p += torch::softmax(logits, -1);
      loss += cross_entropy(logits, labels).sum().item<double>();
    }
    correct += (p.argmax(-1) == labels).sum().item<double>();
  }
  const auto n = static_cast<double>(images.size());
  return {100 * correct / n, loss / n / static_cast<double>(passes)};
}

}  // namespace signet
