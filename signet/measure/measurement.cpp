#include "signet/measure/measurement.h"

#include <algorithm>
#include <chrono>

#include "signet/core/checks.h"
#include "signet/core/torch.h"
#include "signet/measure/gradients.h"

namespace signet {
namespace {

using Clock = std::chrono::steady_clock;

/// Steps of the random source: what is for learning is not for measuring.
constexpr uint32_t kLearning = 1, kMeasuring = 2;

/// One estimator while it is measured.
struct Subject {
  Subject(const std::string& spelling, const Problem& problem,
          const Reference& reference, const MeasurementOptions& options)
      : estimator(spelling),
        samples(traits().deterministic ? 1 : options.samples),
        statistics(parameter_ranges(problem), reference, options.samples) {
    check(!traits().bound, "measure",
          estimator.record().name +
              " estimates the gradient of a bound of several samples, not of "
              "the expected loss that is measured here");
  }

  const Traits& traits() const { return estimator.record().traits; }

  BoundEstimator estimator;
  int64_t samples, learned = 0;
  EstimatorState state;
  GradientStatistics statistics;
  double evaluations = 0;
  std::vector<double> seconds = {};  ///< for one estimate, of each run
};

void learn(Subject& subject, const Problem& problem,
           const MeasurementOptions& options) {
  if (!subject.traits().learns) return;
  for (; subject.learned < options.learn; ++subject.learned) {
    const auto random = options.random.at_step(kLearning).replica(
        static_cast<uint32_t>(subject.learned));
    sample_gradients(subject.estimator, problem, 1, random, subject.state);
  }
}

void run(Subject& subject, const Problem& problem, int64_t replicates,
         const Random& random) {
  const auto start = Clock::now();
  const auto samples = sample_gradients(subject.estimator, problem, replicates,
                                        random, subject.state);
  const std::chrono::duration<double> time = Clock::now() - start;
  subject.seconds.push_back(time.count() / static_cast<double>(replicates));
  subject.evaluations = samples.evaluations;
  subject.statistics.add(samples.gradients.to(torch::kDouble).cpu());
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + values.size() / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

Measurement measure(const Problem& problem, const Reference& reference,
                    const std::vector<std::string>& estimators,
                    const MeasurementOptions& options,
                    const MeasurementProgress& progress) {
  check(options.samples > 0, "measure", "samples must be positive");
  Measurement result{
      .problem = problem.name,
      .parameters = parameter_ranges(problem)[0].count,
      .examples = problem.examples,
      .replicates = std::min(replicates_of_a_run(problem), options.samples),
      .reference = reference,
      .options = options};
  std::vector<Subject> subjects;
  int64_t total = 0, done = 0;
  for (const auto& spelling : estimators) {
    subjects.emplace_back(spelling, problem, reference, options);
    total += subjects.back().samples;
  }
  for (auto& subject : subjects) {
    learn(subject, problem, options);
    subject.state.learning = false;
    // A first run that is not timed: it pays for what is done once.
    if (!subject.traits().deterministic) {
      sample_gradients(subject.estimator, problem, result.replicates,
                       options.random, subject.state);
    }
  }
  for (uint32_t run_number = 0; done < total; ++run_number) {
    const auto random = options.random.at_step(kMeasuring).replica(run_number);
    for (auto& subject : subjects) {
      const int64_t left = subject.samples - subject.statistics.samples();
      if (left == 0) continue;
      const int64_t replicates = std::min(left, result.replicates);
      run(subject, problem, replicates, random);
      done += replicates;
      if (progress) progress(done, total);
    }
  }
  for (const auto& subject : subjects) {
    const bool deterministic = subject.traits().deterministic;
    result.estimators.push_back({.estimator = subject.estimator.spell(),
                                 .samples = subject.samples,
                                 .learned = subject.learned,
                                 .deterministic = deterministic,
                                 .evaluations = subject.evaluations,
                                 .seconds = median(subject.seconds),
                                 .groups = subject.statistics.result(
                                     options.confidence, deterministic)});
  }
  return result;
}

}  // namespace signet
