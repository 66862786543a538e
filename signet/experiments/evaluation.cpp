#include "signet/experiments/evaluation.h"

#include <algorithm>
#include <cmath>

#include "signet/core/samplers.h"
#include "signet/core/torch.h"
#include "signet/experiments/calibration.h"

namespace signet {
namespace {

/// Maps of more examples would leave the cache.
constexpr int64_t kBatch = 100;

/// One mode as it is filled, batch after batch.
struct Tally {
  Evaluation result;
  Calibration calibration;
  double loss = 0;

  /// Shapes: log_p [B, classes], labels [B].
  void add(const Tensor& log_p, const Tensor& labels) {
    const auto classes = static_cast<size_t>(log_p.size(1));
    result.confusion.resize(classes, std::vector<int64_t>(classes));
    const auto [best, guess] = log_p.to(torch::kDouble).max(1);
    const auto truth = labels.accessor<int64_t, 1>();
    const auto guesses = guess.accessor<int64_t, 1>();
    const auto confidence = best.accessor<double, 1>();
    for (int64_t i = 0; i < labels.size(0); ++i) {
      const bool correct = truth[i] == guesses[i];
      ++result.confusion.at(static_cast<size_t>(truth[i]))
            .at(static_cast<size_t>(guesses[i]));
      result.correct += correct;
      calibration.add(std::min(1.0, std::exp(confidence[i])), correct);
    }
    loss +=
        torch::nll_loss(log_p, labels, {}, at::Reduction::Sum).item<double>();
    result.examples += labels.size(0);
  }

  Evaluation finish() {
    result.loss =
        loss / static_cast<double>(std::max<int64_t>(1, result.examples));
    result.calibration_error = calibration.error();
    return std::move(result);
  }
};

}  // namespace

Examples to_examples(const Dataset& data) {
  auto images = torch::empty({data.size(), data.features()}, torch::kUInt8);
  std::copy(data.images.begin(), data.images.end(), images.data_ptr<uint8_t>());
  auto labels = torch::empty({data.size()}, torch::kInt64);
  std::copy(data.labels.begin(), data.labels.end(), labels.data_ptr<int64_t>());
  return {images, labels};
}

std::vector<Evaluation> evaluate(Network& network, const Examples& examples,
                                 const std::vector<int64_t>& samples,
                                 const Random& random,
                                 const std::function<void(int64_t)>& progress) {
  torch::NoGradGuard no_gradient;
  const bool was_training = network.is_training();
  network.eval();
  std::vector<Tally> tallies(samples.size());
  const int64_t draws =
      samples.empty() ? 0 : *std::max_element(samples.begin(), samples.end());
  uint32_t batch = 0;
  for (int64_t first = 0; first < examples.size(); first += kBatch) {
    const int64_t rows = std::min(kBatch, examples.size() - first);
    const auto x = examples.images.narrow(0, first, rows).to(torch::kFloat);
    const auto labels = examples.labels.narrow(0, first, rows);
    const auto step = random.at_step(batch++);
    const auto add = [&](int64_t mode, const std::function<Tensor()>& log_p) {
      for (size_t m = 0; m < samples.size(); ++m)
        if (samples[m] == mode) tallies[m].add(log_p(), labels);
    };
    add(0, [&] {
      ModeSampler sampler;
      return torch::log_softmax(network.forward(x, sampler), 1);
    });
    Tensor sum;  // log of the sum of probabilities
    for (int64_t s = 0; s < draws; ++s) {
      IndependentSampler sampler(step.replica(static_cast<uint32_t>(s)));
      const auto log_p = torch::log_softmax(network.forward(x, sampler), 1);
      sum = s == 0 ? log_p : torch::logaddexp(sum, log_p);
      add(s + 1, [&] { return sum - std::log(static_cast<double>(s + 1)); });
    }
    if (progress) progress(first + rows);
  }
  network.train(was_training);
  std::vector<Evaluation> all;
  for (auto& tally : tallies) all.push_back(tally.finish());
  return all;
}

Evaluation evaluate_mode(Network& network, const Examples& examples) {
  return evaluate(network, examples, {0}, Random(0)).front();
}

}  // namespace signet
