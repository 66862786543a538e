#include "signet/experiments/papers/neuron_nets.h"

#include <cmath>
#include <memory>

#include "signet/core/cross_entropy.h"
#include "signet/core/estimator.h"
#include "signet/core/samplers.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

constexpr int64_t kBatch = 50;
constexpr int64_t kEvaluationBatch = 1000;

std::unique_ptr<Sampler> sampler_of(UnitPass units, const BoundEstimator& means,
                                    const Random& random) {
  if (units == UnitPass::rounded) return std::make_unique<ModeSampler>();
  if (units == UnitPass::means)
    return std::make_unique<RuleSampler>(means, random);
  return std::make_unique<IndependentSampler>(random);
}

}  // namespace

R2rtData r2rt_data(const ExperimentContext& context) {
  constexpr int64_t kValidation = 5000;
  const auto all = to_examples(load_dataset(context.images, Part::train));
  const auto part = [&](int64_t first, int64_t size) {
    return Examples{all.images.narrow(0, first, size),
                    all.labels.narrow(0, first, size)};
  };
  return {.train = part(kValidation, all.size() - kValidation),
          .validation = part(0, kValidation),
          .test = to_examples(load_dataset(context.images, Part::test))};
}

Tensor pixels(const Tensor& images) {
  return images.to(torch::kFloat).mul_(1.0 / 255);
}

Examples NeuronBatches::next() {
  if (first_ + kBatch > examples_.size() || !order_.defined()) {
    order_ = random_.at_step(pass_++)
                 .site(RandomUse::shuffle)
                 .permutation(examples_.size());
    first_ = 0;
  }
  const auto index = order_.narrow(0, first_, kBatch);
  first_ += kBatch;
  return {pixels(examples_.images.index_select(0, index)),
          examples_.labels.index_select(0, index)};
}

void neuron_step(const std::vector<Tensor>& parameters, double rate) {
  torch::NoGradGuard no_gradient;
  for (auto parameter : parameters) {
    if (!parameter.grad().defined()) continue;
    parameter.sub_(parameter.grad(), rate / 10);
    parameter.mutable_grad().reset();
  }
}

NeuronNet::NeuronNet(const std::vector<int64_t>& sizes, const Random& random) {
  uint32_t index = 0;
  const auto uniform = [&](at::IntArrayRef shape, double bound) {
    const auto u =
        random.site(RandomUse::initialization, index++).uniform(shape);
    return ((2 * u - 1) * bound).requires_grad_(true);
  };
  for (size_t i = 0; i + 1 < sizes.size(); ++i) {
    weights.push_back(uniform({sizes[i], sizes[i + 1]},
                              std::sqrt(3 / static_cast<double>(sizes[i]))));
    biases.push_back(uniform({sizes[i + 1]}, std::sqrt(3.0)));
  }
}

Tensor NeuronNet::classes(const Tensor& x, Sampler& sampler,
                          double slope) const {
  auto h = x;
  for (size_t i = 0; i < weights.size(); ++i) {
    h = torch::addmm(biases[i], h, weights[i]);
    if (i + 1 == weights.size()) break;
    h = sampler.draw(h * (slope / 2), {.encoding = Encoding::bits});
    if (through_open_only) h = h.detach() * h;
  }
  return h;
}

std::vector<Tensor> NeuronNet::parameters() const {
  auto all = weights;
  all.insert(all.end(), biases.begin(), biases.end());
  return all;
}

double annealed_slope(double epoch, int64_t epochs) {
  return std::pow(1.1, 20 * epoch / static_cast<double>(epochs));
}

NeuronNet train_neurons(
    const NeuronTraining& training, const Examples& examples,
    const Random& random,
    const std::function<void(int64_t, const NeuronNet&)>& after) {
  std::vector<int64_t> sizes{examples.images.size(1)};
  sizes.insert(sizes.end(), training.hidden.begin(), training.hidden.end());
  sizes.push_back(10);
  NeuronNet net(sizes, random);
  net.through_open_only = training.through_open_only;
  NeuronBatches batches(examples, random);
  const BoundEstimator estimator(training.estimator);
  EstimatorState state;
  uint32_t step = 0;
  for (int64_t epoch = 1; epoch <= training.epochs; ++epoch) {
    const double slope = training.slope ? training.slope(epoch) : 1;
    for (int64_t i = 0; i < training.steps_an_epoch; ++i) {
      const auto batch = batches.next();
      const auto objective = [&](Sampler& sampler) {
        return cross_entropy(net.classes(batch.images, sampler, slope),
                             batch.labels);
      };
      estimator(objective, random.at_step(step++), state)
          .surrogate.sum()
          .backward();
      neuron_step(net.parameters(), training.rate);
    }
    if (after) after(epoch, net);
  }
  return net;
}

double accuracy(const NeuronNet& net, const Examples& examples, UnitPass units,
                double slope, const Random& random, int64_t passes) {
  torch::NoGradGuard no_gradient;
  const BoundEstimator means(kSigmoidUnits);
  int64_t correct = 0;
  uint32_t batch = 0;
  for (int64_t first = 0; first < examples.size(); first += kEvaluationBatch) {
    const int64_t rows = std::min(kEvaluationBatch, examples.size() - first);
    const auto x = pixels(examples.images.narrow(0, first, rows));
    const auto source = random.replica(++batch);
    Tensor answers;
    for (int64_t pass = 0; pass < passes; ++pass) {
      const auto sampler =
          sampler_of(units, means, source.branch(static_cast<uint64_t>(pass)));
      const auto p = net.classes(x, *sampler, slope).softmax(1);
      answers = answers.defined() ? answers + p : p;
    }
    correct += answers.argmax(1)
                   .eq(examples.labels.narrow(0, first, rows))
                   .sum()
                   .item<int64_t>();
  }
  return 100 * static_cast<double>(correct) /
         static_cast<double>(examples.size());
}

}  // namespace signet
