#include "signet/experiments/evaluation.h"

#include <algorithm>
#include <cmath>

#include "signet/core/samplers.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

constexpr int64_t kBatch = 500;

/// log of the mean over samples of the softmax probabilities. [B, classes]
Tensor log_probabilities(Network& network, const Tensor& x, int64_t samples,
                         const Random& random) {
  if (samples == 0) {
    ModeSampler mode;
    return torch::log_softmax(network.forward(x, mode), 1);
  }
  std::vector<Tensor> draws;
  for (int64_t s = 0; s < samples; ++s) {
    IndependentSampler sampler(random.replica(static_cast<uint32_t>(s)));
    draws.push_back(torch::log_softmax(network.forward(x, sampler), 1));
  }
  return torch::logsumexp(torch::stack(draws), 0) -
         std::log(static_cast<double>(samples));
}

}  // namespace

Examples to_examples(const Dataset& data) {
  auto images = torch::empty({data.size(), data.features()}, torch::kUInt8);
  std::copy(data.images.begin(), data.images.end(), images.data_ptr<uint8_t>());
  auto labels = torch::empty({data.size()}, torch::kInt64);
  std::copy(data.labels.begin(), data.labels.end(), labels.data_ptr<int64_t>());
  return {images, labels};
}

Evaluation evaluate(Network& network, const Examples& examples, int64_t samples,
                    const Random& random,
                    const std::function<void(int64_t)>& progress) {
  torch::NoGradGuard no_gradient;
  const bool was_training = network.is_training();
  network.eval();
  Evaluation result;
  double loss = 0;
  uint32_t batch = 0;
  for (int64_t first = 0; first < examples.size(); first += kBatch) {
    const int64_t rows = std::min(kBatch, examples.size() - first);
    const auto x = examples.images.narrow(0, first, rows).to(torch::kFloat);
    const auto labels = examples.labels.narrow(0, first, rows);
    const auto log_p =
        log_probabilities(network, x, samples, random.at_step(batch++));
    const auto predicted = log_p.argmax(1);
    const int64_t classes = log_p.size(1);
    result.confusion.resize(static_cast<size_t>(classes),
                            std::vector<int64_t>(static_cast<size_t>(classes)));
    const auto truth = labels.accessor<int64_t, 1>();
    const auto guesses = predicted.accessor<int64_t, 1>();
    for (int64_t i = 0; i < rows; ++i) {
      const int64_t label = truth[i], guess = guesses[i];
      ++result.confusion.at(static_cast<size_t>(label))
            .at(static_cast<size_t>(guess));
      result.correct += label == guess;
    }
    loss +=
        torch::nll_loss(log_p, labels, {}, at::Reduction::Sum).item<double>();
    result.examples += rows;
    if (progress) progress(result.examples);
  }
  result.loss =
      loss / static_cast<double>(std::max<int64_t>(1, result.examples));
  network.train(was_training);
  return result;
}

}  // namespace signet
