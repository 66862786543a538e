#include "signet/experiments/training.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <optional>
#include <span>

#include "signet/base/error.h"
#include "signet/base/names.h"
#include "signet/core/estimator.h"
#include "signet/core/torch.h"
#include "signet/data/atomic_file.h"
#include "signet/data/csv.h"
#include "signet/data/split.h"
#include "signet/experiments/anneal.h"
#include "signet/experiments/checkpoint.h"
#include "signet/experiments/progress.h"
#include "signet/experiments/run_folder.h"
#include "signet/report/results.h"

namespace signet {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kMetrics = {"epoch",
                                           "step",
                                           "rate",
                                           "train_loss",
                                           "train_accuracy",
                                           "validation_loss",
                                           "validation_accuracy",
                                           "test_loss",
                                           "test_accuracy",
                                           "seconds"};

/// The examples that a run sees.
struct Parts {
  Examples train, validation, test;
};

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
    optimizer.add(item.key(), item.value(), latent ? weights : others);
  }
  return optimizer;
}

/// Makes the folder ready and returns where to go on, if anywhere.
std::optional<Checkpoint> open_run(const RunFolder& folder,
                                   const Recipe& recipe,
                                   const TrainingOptions& options) {
  const bool used = fs::exists(folder.checkpoint());
  if (used && options.resume) {
    auto checkpoint = load_checkpoint(folder.checkpoint());
    const auto changed = differences(
        parse_recipe(checkpoint.recipe, folder.checkpoint().string()), recipe);
    check(changed.empty(), "--resume",
          "the recipe must be that of the run, but " + join(changed, "; "));
    keep_rows(folder.metrics(), "epoch", static_cast<double>(checkpoint.epoch));
    return checkpoint;
  }
  check(!used || options.overwrite, folder.path.string(),
        "holds a run already: go on with --resume, replace it with "
        "--overwrite, or choose another --out");
  fs::create_directories(folder.path);
  for (const auto& file : {folder.checkpoint(), folder.metrics(),
                           folder.results(), folder.confusion()}) {
    fs::remove(file);
  }
  write_atomically(folder.recipe(), recipe_text(recipe));
  return {};
}

/// Sums over the examples of an epoch.
struct Totals {
  double loss = 0;
  int64_t correct = 0;
  int64_t examples = 0;

  double mean_loss() const { return loss / static_cast<double>(examples); }
  double accuracy() const {
    return static_cast<double>(correct) / static_cast<double>(examples);
  }
};

std::string note(const Totals& totals) {
  char text[64];
  std::snprintf(text, sizeof text, "loss %.4f  accuracy %.2f %%",
                totals.mean_loss(), 100 * totals.accuracy());
  return text;
}

/// One run: what its epochs share.
class Run {
 public:
  Run(const Recipe& recipe, const Dataset& data)
      : recipe_(recipe),
        random_(static_cast<uint64_t>(recipe.seed)),
        parts_(load_parts(recipe, data)),
        network_(parse_network(data.features(), recipe.network.layers),
                 random_),
        optimizer_(make_optimizer(recipe, network_)),
        annealings_(parse_annealings(
            recipe.train.anneal, recipe.train.estimator, recipe.train.epochs)) {
    // A last batch of one example cannot be batch-normalised: it is left out.
    const int64_t n = parts_.train.size(), b = recipe.train.batch;
    check(n > 1 && b > 1, "train.batch",
          "must be at least 2 of at least 2 examples");
    steps_an_epoch_ = n / b + (n % b > 1 ? 1 : 0);
  }

  void load(const Checkpoint& checkpoint) {
    load_network_state(network_, checkpoint.network);
    optimizer_.load_state(checkpoint.optimizer, checkpoint.steps);
    estimator_state_.tensors = checkpoint.estimator;
  }

  void save(const fs::path& path, int64_t epoch) const {
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

  Totals train_epoch(int64_t epoch, Progress& progress) {
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
      progress.update(static_cast<double>(totals.examples), note(totals));
    }
    return totals;
  }

  Evaluation test(const Examples& examples) {
    return evaluate(network_, examples, 0, random_);
  }

  const std::vector<Annealing>& annealings() const { return annealings_; }
  const Parts& parts() const { return parts_; }
  int64_t steps() const { return optimizer_.steps(); }
  double rate() const {
    return scheduled_rate(recipe_.optimizer, steps(),
                          steps_an_epoch_ * recipe_.train.epochs);
  }

 private:
  void train_step(const BoundEstimator& estimator, const Tensor& index,
                  Totals& totals) {
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
      const auto target =
          labels.expand(log_p.sizes().slice(0, log_p.dim() - 1));
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

  Recipe recipe_;
  Random random_;
  Parts parts_;
  Network network_;
  Optimizer optimizer_;
  EstimatorState estimator_state_;
  std::vector<Annealing> annealings_;
  int64_t steps_an_epoch_ = 0;
};

void write_confusion(const fs::path& path, const Evaluation& evaluation,
                     const std::vector<std::string>& classes) {
  fs::remove(path);
  CsvWriter csv(path, {"label", "prediction", "count"});
  for (size_t i = 0; i < evaluation.confusion.size(); ++i) {
    for (size_t j = 0; j < evaluation.confusion[i].size(); ++j) {
      csv.append_text({classes.at(i), classes.at(j),
                       std::to_string(evaluation.confusion[i][j])});
    }
  }
}

}  // namespace

TrainingResult train(const Recipe& recipe, const TrainingOptions& options) {
  const RunFolder folder{options.out};
  const auto data =
      load_dataset({recipe.data.set, recipe.data.folder}, Part::train);
  Run run(recipe, data);
  int64_t epoch = 0;
  if (const auto checkpoint = open_run(folder, recipe, options)) {
    run.load(*checkpoint);
    epoch = checkpoint->epoch;
    if (checkpoint->threads != at::get_num_threads()) {
      std::fprintf(stderr,
                   "warning: the run was trained on %ld threads and goes on "
                   "with %d: sums may round differently\n",
                   static_cast<long>(checkpoint->threads),
                   at::get_num_threads());
    }
  }
  auto columns = kMetrics;
  for (const auto& annealing : run.annealings())
    columns.push_back("estimator." + annealing.parameter);
  CsvWriter metrics(folder.metrics(), columns);
  const auto start = std::chrono::steady_clock::now();
  TrainingResult result;
  const double nan = std::nan("");
  while (epoch < recipe.train.epochs) {
    ++epoch;
    const auto epoch_start = std::chrono::steady_clock::now();
    Progress progress("epoch " + std::to_string(epoch) + "/" +
                          std::to_string(recipe.train.epochs),
                      static_cast<double>(run.parts().train.size()), "samples");
    const double rate = run.rate();
    const auto totals = run.train_epoch(epoch, progress);
    const bool validate = run.parts().validation.size() > 0;
    const auto validation =
        validate ? run.test(run.parts().validation) : Evaluation{};
    result.test = run.test(run.parts().test);
    char accuracy[64];
    std::snprintf(accuracy, sizeof accuracy, "  test %.2f %%",
                  100 * result.test.accuracy());
    progress.finish(note(totals) + accuracy);
    const double seconds = std::chrono::duration<double>(
                               std::chrono::steady_clock::now() - epoch_start)
                               .count();
    std::vector<double> row = {static_cast<double>(epoch),
                               static_cast<double>(run.steps()),
                               rate,
                               totals.mean_loss(),
                               totals.accuracy(),
                               validate ? validation.loss : nan,
                               validate ? validation.accuracy() : nan,
                               result.test.loss,
                               result.test.accuracy(),
                               seconds};
    for (const auto& annealing : run.annealings())
      row.push_back(annealing.at(epoch - 1));
    metrics.append(row);
    run.save(folder.checkpoint(), epoch);
  }
  if (result.test.examples == 0) result.test = run.test(run.parts().test);
  result.epochs = epoch;
  result.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  write_confusion(folder.confusion(), result.test, data.classes);
  const report::ResultRecord record{.name = "test accuracy, mode network",
                                    .value = 100 * result.test.accuracy(),
                                    .unit = "%",
                                    .seed = recipe.seed,
                                    .command = options.command};
  report::append_results(folder.results(), std::span(&record, 1));
  return result;
}

}  // namespace signet
