#include "signet/measure/measurement.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "signet/core/checks.h"
#include "signet/core/torch.h"
#include "signet/measure/gradients.h"
#include "signet/measure/rounding.h"

namespace signet {
namespace {

using Clock = std::chrono::steady_clock;

/// Steps of the random source: what is for learning is not for measuring.
constexpr uint32_t kLearning = 1, kMeasuring = 2, kRounding = 3;

/// One estimator while it is measured.
struct Subject {
  Subject(const std::string& spelling, const Problem& problem,
          const Reference& reference, const MeasurementOptions& options)
      : label(spelling),
        estimator(spelling),
        samples(traits().deterministic ? 1 : options.samples),
        statistics(parameter_ranges(problem), reference, options.samples,
                   options.averages) {
    check(!traits().bound, "measure",
          estimator.record().name +
              " estimates the gradient of a bound of several samples, not of "
              "the expected loss that is measured here");
  }

  const Traits& traits() const { return estimator.record().traits; }
  int64_t left() const { return samples - statistics.samples(); }

  std::string label;
  BoundEstimator estimator;
  int64_t samples, learned = 0, replicates = 1;
  EstimatorState state;
  GradientStatistics statistics;
  double evaluations = 0;
  std::vector<double> seconds = {};  ///< for one estimate, of each run
};

void learn(Subject& subject, const Problem& problem,
           const MeasurementOptions& options) {
  if (!subject.traits().learns) return;
  for (int64_t i = 0; i < options.learn; ++i) {
    const auto random =
        options.random.at_step(kLearning).replica(static_cast<uint32_t>(i));
    sample_gradients(subject.estimator, problem, 1, random, subject.state);
    if (subject.state.tensors.empty()) return;  // not with these arguments
    ++subject.learned;
  }
}

GradientSamples timed_run(Subject& subject, const Problem& problem,
                          int64_t replicates, const Random& random) {
  const auto start = Clock::now();
  auto samples = sample_gradients(subject.estimator, problem, replicates,
                                  random, subject.state);
  const std::chrono::duration<double> time = Clock::now() - start;
  subject.seconds.push_back(time.count() / static_cast<double>(replicates));
  return samples;
}

/// Finds how many replicates fit into a run. The runs here are not timed: the
/// first ones pay for what is done once.
void prepare(Subject& subject, const Problem& problem, int64_t most,
             const Random& random) {
  const auto run = [&] {
    return sample_gradients(subject.estimator, problem, subject.replicates,
                            random, subject.state)
        .evaluations;
  };
  subject.evaluations = run();
  // What is evaluated so often is on an axis of its own.
  subject.replicates =
      std::max<int64_t>(1, std::llround(most / subject.evaluations));
  if (!subject.traits().deterministic)
    subject.replicates = std::min(subject.replicates, subject.samples);
  if (subject.replicates > 1) run();
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
  Measurement result{.problem = problem.name,
                     .parameters = parameter_ranges(problem)[0].count,
                     .examples = problem.examples,
                     .reference = reference,
                     .options = options};
  std::vector<Subject> subjects;
  int64_t total = 0, done = 0;
  for (const auto& spelling : estimators) {
    subjects.emplace_back(spelling, problem, reference, options);
    total += subjects.back().samples;
  }
  const int64_t replicates = replicates_of_a_run(problem);
  for (auto& subject : subjects) {
    learn(subject, problem, options);
    subject.state.learning = false;
    prepare(subject, problem, replicates, options.random);
  }
  for (uint32_t turn = 0; done < total; ++turn) {
    const auto random = options.random.at_step(kMeasuring).replica(turn);
    for (auto& subject : subjects) {
      if (subject.left() == 0) continue;
      // Of equal samples one is enough, but a run has the size of all runs.
      const int64_t count =
          std::min(subject.left(),
                   subject.traits().deterministic ? 1 : subject.replicates);
      const auto samples = timed_run(
          subject, problem,
          subject.traits().deterministic ? subject.replicates : count, random);
      subject.statistics.add(
          samples.gradients.narrow(0, 0, count).to(torch::kDouble).cpu());
      done += count;
      if (progress) progress(done, total);
    }
  }
  const auto rare = rare_states(problem, options.samples);
  for (const auto& subject : subjects) {
    const bool deterministic = subject.traits().deterministic;
    const KnownOfEstimator known{
        .deterministic = deterministic,
        .rounding = rounding_of_estimate(
            subject.estimator, problem, subject.replicates,
            options.random.at_step(kRounding), subject.state),
        .rare = rare};
    result.estimators.push_back(
        {.label = subject.label,
         .estimator = subject.estimator.spell(),
         .samples = subject.samples,
         .learned = subject.learned,
         .replicates = subject.replicates,
         .deterministic = deterministic,
         .evaluations = subject.evaluations,
         .seconds = median(subject.seconds),
         .groups = subject.statistics.result(options.confidence, known)});
  }
  return result;
}

}  // namespace signet
