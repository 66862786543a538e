#include "signet/experiments/training_run.h"

#include <cmath>
#include <stdexcept>

#include "signet/base/error.h"
#include "signet/base/number.h"
#include "signet/core/checks.h"
#include "signet/core/cross_entropy.h"
#include "signet/core/finite.h"
#include "signet/core/torch.h"
#include "signet/data/fingerprint.h"
#include "signet/data/split.h"
#include "signet/experiments/checkpoint.h"
#include "signet/experiments/conversion.h"
#include "signet/experiments/diverged.h"
#include "signet/experiments/foreign_weights.h"
#include "signet/experiments/image_shape.h"
#include "signet/experiments/initialization.h"
#include "signet/experiments/network_estimate.h"
#include "signet/experiments/non_finite.h"
#include "signet/experiments/precision.h"
#include "signet/experiments/run_data.h"
#include "signet/experiments/run_folder.h"
#include "signet/models/weights.h"

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
  const auto why = disagreement(
      model_traits(recipe.data.set, data.image_shape,
                   static_cast<int64_t>(data.classes.size()), data.classes),
      traits_of(test));
  check(why.empty(), "data.folder, test part", why);
  check(recipe.data.validation < data.size(), "data.validation",
        "must leave training examples, but the set has " +
            std::to_string(data.size()));
  const auto split =
      split_indices(data.size(), recipe.data.validation,
                    static_cast<uint64_t>(recipe.data.split_seed));
  return {.train = take(all, split.train),
          .validation = take(all, split.validation),
          .test = to_examples(test),
          .train_data = fingerprint(data),
          .test_data = fingerprint(test)};
}

/// A last batch of one example cannot be batch-normalised: it is left out.
int64_t count_steps(int64_t examples, int64_t batch) {
  check(examples > 1 && batch > 1, "train.batch",
        "must be at least 2 of at least 2 examples");
  return examples / batch + (examples % batch > 1 ? 1 : 0);
}

Optimizer make_optimizer(const Recipe& recipe, Network& network) {
  Optimizer optimizer;
  const BoundRule weights(recipe.optimizer.weights);
  const BoundRule others(recipe.optimizer.others);
  for (const auto& item : network.named_parameters()) {
    const auto* spec =
        weights_of(network.spec().layers[layer_index(item.key())]);
    // Of stochastic weights the gradient of the latent ones themselves comes.
    const bool binary = item.key().ends_with(".latent") && spec &&
                        spec->kind == WeightSpec::Kind::binary;
    optimizer.add(item.key(), item.value(), binary ? weights : others,
                  binary ? ParameterKind::latent : ParameterKind::real);
  }
  return optimizer;
}

/// The scores must be one for each class.
void check_output(const NetworkSpec& spec, size_t classes) {
  const auto last = summarize(spec).back();
  check(last.output == Shape::vector(static_cast<int64_t>(classes)),
        "network.layers",
        "the last layer, " + last.name + ", must give a vector of " +
            std::to_string(classes) +
            " scores, one for each class of the "
            "data, but gives " +
            last.output.text());
}

/// One draw of weights for a whole step says nothing of one example's loss.
void check_draws(const NetworkSpec& spec, const Recipe::Train& train) {
  auto spellings = std::vector<std::string>{train.estimator};
  for (const auto& s : parse_switches(train.switches))
    spellings.push_back(s.estimator);
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const auto* weights = weights_of(spec.layers[i]);
    if (!weights || weights->kind != WeightSpec::Kind::stochastic ||
        weights->draw_for_each_example)
      continue;
    for (const auto& spelling : spellings) {
      check(std::holds_alternative<LayerRule>(
                BoundEstimator(spelling).record().rule),
            "network.layers",
            layer_name(spec, i) +
                " must draw its weights for each example "
                "(draw=example), as the estimator " +
                spelling + " uses the loss of each, but has draw=step");
    }
  }
}

/// Binary weights are made by this, or are signs where it is empty.
void set_weights(Network& network, const WeightedLayer::MakeWeights& make) {
  for (size_t i = 0; i < network.spec().layers.size(); ++i) {
    if (auto* layer = dynamic_cast<WeightedLayer*>(&network.layer(i)))
      layer->set_weights(make);
  }
}

}  // namespace

void Totals::add(const Totals& more) {
  loss += more.loss;
  correct += more.correct;
  examples += more.examples;
}

std::string Totals::text() const {
  return "loss " + fixed_text(mean_loss(), 4) + "  accuracy " +
         fixed_text(100 * accuracy(), 2) + " %";
}

TrainingRun::TrainingRun(const Recipe& recipe, const Dataset& data)
    : recipe_(recipe),
      random_(static_cast<uint64_t>(recipe.seed)),
      parts_(load_parts(recipe, data)),
      image_shape_(image_shape(data)),
      traits_(traits_of(data)),
      steps_an_epoch_(count_steps(parts_.train.size(), recipe.train.batch)),
      network_(parse_network(image_shape_, recipe.network.layers), random_),
      optimizer_(make_optimizer(recipe, network_)),
      rate_(recipe, steps_an_epoch_),
      estimators_(recipe.train, steps_an_epoch_) {
  check_output(network_.spec(), data.classes.size());
  check_draws(network_.spec(), recipe.train);
  check(recipe.data.crop < std::min(image_shape_.height, image_shape_.width),
        "data.crop",
        "must be less than the height and width of the images, " +
            image_shape_.text() + ", but got " +
            std::to_string(recipe.data.crop));
  check(recipe.train.init_batch != 1 &&
            recipe.train.init_batch <= parts_.train.size(),
        "train.init_batch",
        "must be 0, or 2 to the " + std::to_string(parts_.train.size()) +
            " training examples, but got " +
            std::to_string(recipe.train.init_batch));
  check(!recipe.train.from.empty() ||
            !parse_layout(recipe.train.layout, "train.layout"),
        "train.layout", "goes with train.from, whose weights it is about");
  network_.set_precision(product_type(recipe.train.precision));
}

void TrainingRun::start() {
  if (!recipe_.train.from.empty()) {
    start_from(network_, start_weights(), BoundRule(recipe_.optimizer.weights));
  }
  // After it: rules such as bayesbinn-published keep the signs and set the
  // size.
  optimizer_.start();
  if (recipe_.train.init_batch > 0) {
    const auto random = random_.at_step(0);
    const auto index = some_examples(recipe_.train.init_batch);
    initialize_from_batch(network_, images(index, random), random);
  }
}

std::map<std::string, Tensor> TrainingRun::start_weights() const {
  const auto& train = recipe_.train;
  const std::filesystem::path from = train.from;
  if (std::filesystem::exists(from) && !std::filesystem::is_directory(from)) {
    return read_foreign_weights(from, network_, train.layout,
                                RealForBinary::means);
  }
  check(parse_layout(train.layout, "train.layout") != WeightLayout::pytorch,
        "train.layout", "must be signet for a run of signet, but got pytorch");
  const auto run = load_run(from);
  const auto source = traits_of(run);
  const auto why = different_shapes(source, traits_);
  check(why.empty(), "train.from", why + " in " + train.from);
  const auto names = different_names(source, traits_);
  if (!names.empty()) {
    std::fprintf(stderr, "warning: train.from: of the data, %s (%s)\n",
                 names.c_str(), train.from.c_str());
  }
  return network_state(*run.network);
}

void TrainingRun::load(const Checkpoint& checkpoint) {
  const auto& who = checkpoint.source;
  check(checkpoint.input == network_.spec().input, who,
        "must be of inputs " + network_.spec().input.text() +
            ", as the data set has them, but is of " + checkpoint.input.text());
  const auto same = [](const std::string& of_run, const std::string& now) {
    return of_run.empty() || of_run == now;
  };
  check(same(checkpoint.train_data, parts_.train_data) &&
            same(checkpoint.test_data, parts_.test_data),
        "--resume",
        "the data set must be that of the run, but the images or labels are "
        "others" +
            (recipe_.data.folder.empty() ? "" : " in " + recipe_.data.folder));
  check_progress(checkpoint, recipe_);
  check(checkpoint.steps == checkpoint.epoch * steps_an_epoch_, who,
        "must be of step " +
            std::to_string(checkpoint.epoch * steps_an_epoch_) + ", " +
            std::to_string(steps_an_epoch_) + " an epoch, but is of step " +
            std::to_string(checkpoint.steps));
  check_learned(checkpoint.estimator, checkpoint.steps, who);
  load_network_state(network_, checkpoint.network, who);
  optimizer_.load_state(checkpoint.optimizer, checkpoint.steps, who);
  estimator_state_.tensors = checkpoint.estimator;
}

void TrainingRun::check_learned(const std::map<std::string, Tensor>& tensors,
                                int64_t steps, const std::string& who) {
  EstimatorState expected;
  if (steps > 0 && estimators_.at(steps - 1).record().traits.learns) {
    const auto& estimator = estimators_.at(steps - 1);
    const auto random = random_.at_step(0);
    const auto index =
        some_examples(std::min(recipe_.train.batch, parts_.train.size()));
    const auto x = images(index, random);
    const auto labels = parts_.train.labels.index_select(0, index);
    network_.train();
    network_.set_dropout_random(random);
    set_weights(network_, optimizer_.weights_of_pass(random));
    network_estimate(
        network_, estimator,
        [&](Sampler& sampler) {
          return cross_entropy(network_.forward(x, sampler), labels);
        },
        random, expected);
  }
  for (const auto& [name, example] : expected.tensors) {
    const auto found = tensors.find(name);
    const auto what = "the state '" + name + "' of the estimator";
    check(found != tensors.end(), who, "lacks " + what);
    check(found->second.sizes() == example.sizes(), who,
          what + " must be " + shape_text(example.sizes()) + ", but got " +
              shape_text(found->second.sizes()));
    check(found->second.scalar_type() == example.scalar_type(), who,
          what + " must be of type " + std::string(example.dtype().name()) +
              ", but got " + std::string(found->second.dtype().name()));
  }
  for (const auto& [name, tensor] : tensors) {
    check(expected.tensors.count(name) > 0, who,
          "holds the state '" + name +
              "', which the estimator of the recipe has not");
  }
}

void TrainingRun::save(const std::filesystem::path& path, int64_t epoch) const {
  save_checkpoint(path,
                  {.epoch = epoch,
                   .steps = optimizer_.steps(),
                   .recipe = recipe_text(recipe_),
                   .input = network_.spec().input,
                   .threads = at::get_num_threads(),
                   .network = network_state(network_),
                   .optimizer = optimizer_.state(),
                   .estimator = estimator_state_.tensors,
                   .train_data = parts_.train_data,
                   .test_data = parts_.test_data},
                  network_.spec());
}

Totals TrainingRun::train_epoch(
    int64_t epoch, const std::function<void(const Totals&)>& told) {
  network_.train();
  const int64_t n = parts_.train.size(), b = recipe_.train.batch;
  const auto order = random_.at_step(static_cast<uint32_t>(epoch))
                         .site(RandomUse::shuffle)
                         .permutation(n);
  Totals totals;
  for (int64_t s = 0; s < steps_an_epoch_; ++s) {
    const auto index = order.narrow(0, s * b, std::min(b, n - s * b));
    train_step(index, totals);
    if (told) told(totals);
  }
  // Signs of NaN are signs: the loss of binary weights would not show it.
  const auto lost = first_non_finite(network_);
  if (!lost.empty()) stop("after", lost + " is not finite");
  try {
    fit_mode_statistics();
  } catch (const NotFinite& error) {
    stop("after", "at the mode " + error.brief());
  }
  return totals;
}

void TrainingRun::fit_mode_statistics() {
  constexpr int64_t kExamples = 5000, kBatch = 100;
  const auto index = some_examples(std::min(kExamples, parts_.train.size()));
  std::vector<Tensor> batches;
  for (const auto& part : index.split(kBatch)) {
    if (part.size(0) > 1)
      batches.push_back(
          parts_.train.images.index_select(0, part).to(torch::kFloat));
  }
  network_.fit_mode_statistics(batches);
}

Tensor TrainingRun::some_examples(int64_t count) const {
  // No step is numbered 0, so its order of examples is used nowhere else.
  return random_.at_step(0)
      .site(RandomUse::shuffle)
      .permutation(parts_.train.size())
      .narrow(0, 0, count);
}

Evaluation TrainingRun::test(const Examples& examples) {
  try {
    return evaluate_mode(network_, examples);
  } catch (const NotFinite& error) {
    stop("after", "at the mode " + error.brief());
  }
}

Tensor TrainingRun::images(const Tensor& index, const Random& random) const {
  const Augmentation augmentation{.flip = recipe_.data.flip,
                                  .crop = recipe_.data.crop};
  const auto& all = parts_.train.images;
  const auto chosen = augmentation.any() ? augmented(all, index, image_shape_,
                                                     augmentation, random)
                                         : all.index_select(0, index);
  return chosen.to(torch::kFloat);
}

void TrainingRun::train_step(const Tensor& index, Totals& totals) {
  const int64_t done = optimizer_.steps();
  // Steps count from 1, so they share no random numbers with step 0, which
  // initialised the weights.
  const auto random = random_.at_step(static_cast<uint32_t>(done + 1));
  const auto x = images(index, random);
  const auto labels = parts_.train.labels.index_select(0, index);
  if (estimators_.switches_at(done)) estimator_state_ = {};
  const int64_t passes = optimizer_.passes();
  optimizer_.zero_grad();
  for (int64_t p = 0; p < passes; ++p) {
    const auto pass = random.replica(static_cast<uint32_t>(p));
    totals.add(train_pass(x, labels, pass, 1 / static_cast<double>(passes)));
  }
  optimizer_.step(rate());
}

Totals TrainingRun::train_pass(const Tensor& x, const Tensor& labels,
                               const Random& random, double share) {
  const auto& estimator = estimators_.at(optimizer_.steps());
  network_.set_dropout_random(random);
  set_weights(network_, optimizer_.weights_of_pass(random));
  Tensor logits;
  Network::Observer observer;
  const Objective objective = [&](Sampler& sampler) {
    logits = network_.forward(x, sampler, observer);
    return cross_entropy(logits, labels);
  };
  const auto estimate = [&] {
    return network_estimate(network_, estimator, objective, random,
                            estimator_state_);
  };
  double loss = 0;
  try {
    const auto [losses, surrogate] = estimate();
    (surrogate.mean() * share).backward();
    const auto mean = losses.mean();
    check_finite(mean, "train", "loss");
    loss = mean.item<double>();
  } catch (const NotFinite& error) {
    // The same pass again, watched: no parameter has changed since.
    estimator_state_.learning = false;
    stop("at", error.brief() + "; " +
                   describe_non_finite(network_, [&](const auto& watch) {
                     observer = watch;
                     try {
                       estimate();
                     } catch (const NotFinite&) {  // the observer has seen it
                     }
                   }));
  }
  const auto examples = static_cast<double>(labels.size(0));
  const auto guess = logits.detach().argmax(-1);
  const auto hits = (guess == labels).sum().item<double>();
  return {
      .loss = loss * examples * share,
      .correct = hits * examples / static_cast<double>(guess.numel()) * share,
      .examples = examples * share};
}

void TrainingRun::stop(const std::string& when, const std::string& why) const {
  const int64_t step = optimizer_.steps() + (when == "at" ? 1 : 0);
  throw Diverged("train: stopped " + when + " step " + std::to_string(step) +
                 ": " + why +
                 "; try a smaller optimizer.rate. The checkpoint of the last "
                 "whole epoch, if any, is kept");
}

}  // namespace signet
