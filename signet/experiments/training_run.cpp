#include "signet/experiments/training_run.h"

#include <cmath>
#include <cstdio>
#include <numbers>

#include "signet/base/error.h"
#include "signet/core/torch.h"
#include "signet/data/split.h"

namespace signet {
namespace {

Examples take(const Examples& all, const std::vector<int64_t>& indices) {
  const auto index = torch::tensor(indices, torch::kInt64);
  return {all.images.index_select(0, index), all.labels.index_select(0, index)};
}

Parts load_parts(const Recipe& recipe, const Dataset& data) {
  const auto all = to_examples(data);
  const auto test =
      load_dataset({recipe.data.set, recipe.data.folder}, Part::test);
  check(recipe.data.validation < data.size(), "data.validation",
        "must leave training examples, but the set has " +
            std::to_string(data.size()));
  const auto split =
      split_indices(data.size(), recipe.data.validation,
                    static_cast<uint64_t>(recipe.data.split_seed));
  return {take(all, split.train), take(all, split.validation),
          to_examples(test)};
}

double scheduled_rate(const Recipe::Optimizer& optimizer, int64_t step,
                      int64_t total) {
  if (optimizer.schedule == "constant") return optimizer.rate;
  const double share = static_cast<double>(step) / static_cast<double>(total);
  return optimizer.rate * 0.5 * (1 + std::cos(std::numbers::pi * share));
}

Optimizer make_optimizer(const Recipe& recipe, Network& network) {
  Optimizer optimizer;
  const BoundRule weights(recipe.optimizer.weights);
  const BoundRule others(recipe.optimizer.others);
  for (const auto& item : network.named_parameters()) {
    const bool latent = item.key().ends_with(".latent");
    optimizer.add(item.key(), item.value(), latent ? weights : others,
                  latent ? ParameterKind::latent : ParameterKind::real);
  }
  return optimizer;
}

}  // namespace

std::string Totals::text() const {
  char text[64];
  std::snprintf(text, sizeof text, "loss %.4f  accuracy %.2f %%", mean_loss(),
                100 * accuracy());
  return text;
}

TrainingRun::TrainingRun(const Recipe& recipe, const Dataset& data)
    : recipe_(recipe),
      random_(static_cast<uint64_t>(recipe.seed)),
      parts_(load_parts(recipe, data)),
      network_(parse_network(data.features(), recipe.network.layers), random_),
      optimizer_(make_optimizer(recipe, network_)),
      annealings_(parse_annealings(recipe.train.anneal, recipe.train.estimator,
                                   recipe.train.epochs)) {
  // A last batch of one example cannot be batch-normalised: it is left out.
  const int64_t n = parts_.train.size(), b = recipe.train.batch;
  check(n > 1 && b > 1, "train.batch",
        "must be at least 2 of at least 2 examples");
  steps_an_epoch_ = n / b + (n % b > 1 ? 1 : 0);
}

void TrainingRun::load(const Checkpoint& checkpoint) {
  load_network_state(network_, checkpoint.network);
  optimizer_.load_state(checkpoint.optimizer, checkpoint.steps);
  estimator_state_.tensors = checkpoint.estimator;
}

void TrainingRun::save(const std::filesystem::path& path, int64_t epoch) const {
  save_checkpoint(path,
                  {.epoch = epoch,
                   .steps = optimizer_.steps(),
                   .recipe = recipe_text(recipe_),
                   .inputs = network_.spec().inputs,
                   .threads = at::get_num_threads(),
                   .network = network_state(network_),
                   .optimizer = optimizer_.state(),
                   .estimator = estimator_state_.tensors},
                  network_.spec());
}

Totals TrainingRun::train_epoch(int64_t epoch, Progress& progress) {
  network_.train();
  const int64_t n = parts_.train.size(), b = recipe_.train.batch;
  const auto order = random_.at_step(static_cast<uint32_t>(epoch))
                         .site(RandomUse::shuffle)
                         .permutation(n);
  const auto estimator =
      annealed_estimator(recipe_.train.estimator, annealings_, epoch - 1);
  Totals totals;
  for (int64_t s = 0; s < steps_an_epoch_; ++s) {
    const auto index = order.narrow(0, s * b, std::min(b, n - s * b));
    train_step(estimator, index, totals);
    progress.update(static_cast<double>(totals.examples), totals.text());
  }
  return totals;
}

Evaluation TrainingRun::test(const Examples& examples) {
  return evaluate(network_, examples, 0, random_);
}

double TrainingRun::rate() const {
  return scheduled_rate(recipe_.optimizer, steps(),
                        steps_an_epoch_ * recipe_.train.epochs);
}

void TrainingRun::train_step(const BoundEstimator& estimator,
                             const Tensor& index, Totals& totals) {
  const auto x = parts_.train.images.index_select(0, index).to(torch::kFloat);
  const auto labels = parts_.train.labels.index_select(0, index);
  // Steps count from 1, so they share no random numbers with step 0, which
  // initialised the weights.
  const auto random =
      random_.at_step(static_cast<uint32_t>(optimizer_.steps() + 1));
  network_.set_dropout_random(random);
  Tensor logits;
  const Objective objective = [&](Sampler& sampler) {
    logits = network_.forward(x, sampler);
    const auto log_p = torch::log_softmax(logits, -1);
    const auto target = labels.expand(log_p.sizes().slice(0, log_p.dim() - 1));
    return -log_p.gather(-1, target.unsqueeze(-1)).squeeze(-1);
  };
  const auto estimate = estimator(objective, random, estimator_state_);
  optimizer_.zero_grad();
  estimate.surrogate.mean().backward();
  const double loss = estimate.loss.mean().item<double>();
  if (!std::isfinite(loss)) {
    throw std::runtime_error(
        "train: the loss is not finite at step " +
        std::to_string(optimizer_.steps() + 1) +
        "; try a smaller optimizer.rate. The last checkpoint is intact");
  }
  optimizer_.step(rate());
  const auto guess = logits.detach().argmax(-1);
  const int64_t samples = guess.numel() / labels.numel();
  totals.loss += loss * static_cast<double>(labels.size(0));
  totals.correct += (guess == labels).sum().item<int64_t>() / samples;
  totals.examples += labels.size(0);
}

}  // namespace signet
