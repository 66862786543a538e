// The motivation of the post: a choice of experts whose gates skip work.

#include <algorithm>
#include <chrono>
#include <limits>

#include "signet/core/cross_entropy.h"
#include "signet/core/estimator.h"
#include "signet/core/papers.h"
#include "signet/core/samplers.h"
#include "signet/core/torch.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/experts.h"
#include "signet/experiments/papers/neuron_arms.h"

namespace signet {
namespace {

using Work = Experts::Work;

constexpr int64_t kExperts = 8, kHidden = 32;
constexpr double kRate = 0.02;

/// The share of the images that each expert shall be open for.
struct Share {
  std::string text;
  double value;
};
const std::vector<Share>& shares() {
  static const std::vector<Share> shares{
      {"1/8", 0.125}, {"1/4", 0.25}, {"1/2", 0.5}};
  return shares;
}
/// Of shares(), the one that is judged.
constexpr size_t kJudged = 1;

/// A way to train the gates.
struct Trainer {
  std::string name;
  std::string estimator;
  Work work;  ///< while training
};

const Trainer kStraight{"straight-through", "st", Work::all};
const Trainer kOpenOnly{"straight-through, open gates only", "st", Work::open};
const Trainer kScore{"REINFORCE", kReinforceAdjusted, Work::open};

const std::vector<Trainer>& trainers() {
  static const std::vector<Trainer> trainers{kStraight, kOpenOnly, kScore};
  return trainers;
}

/// Every unit high, whatever its logit.
struct AllOpen : Sampler {
  Tensor draw(const Tensor& logits, const UnitOptions&) override {
    return torch::ones_like(logits.detach());
  }
};

/// How far the experts are from being open for that share of the batch, a sum
/// of squares over them. Without it the gates open the same few experts for
/// every image.
Tensor imbalance(const Experts& experts, const Tensor& x, double share) {
  const auto p = torch::sigmoid(2 * experts.gate_logits(x));
  return (p.mean(0) - share).square().sum();
}

/// Trains so many experts; without a trainer all gates stay open.
Experts train(int64_t epochs, const Examples& examples, const Random& random,
              int64_t size, const Trainer* trainer, double share,
              const std::function<void()>& after_epoch) {
  constexpr double kWeight = 5;  // of the imbalance, nats
  Experts experts(examples.images.size(1), size, kHidden, random);
  NeuronBatches batches(examples, random);
  const BoundEstimator estimator(trainer ? trainer->estimator : "st");
  EstimatorState state;
  uint32_t step = 0;
  for (int64_t epoch = 0; epoch < epochs; ++epoch) {
    for (int64_t i = 0; i < 1001; ++i) {
      const auto batch = batches.next();
      const auto loss = [&](Sampler& sampler) {
        const auto pass = experts.forward(batch.images, sampler,
                                          trainer ? trainer->work : Work::all);
        return cross_entropy(pass.classes, batch.labels);
      };
      AllOpen open;
      auto surrogate =
          trainer ? estimator(loss, random.at_step(step++), state).surrogate
                  : loss(open);
      if (trainer)
        surrogate =
            surrogate + kWeight * imbalance(experts, batch.images, share);
      surrogate.sum().backward();
      neuron_step(experts.parameters(), kRate);
    }
    after_epoch();
  }
  return experts;
}

/// A trained net on the validation images, one stochastic pass.
struct Outcome {
  double accuracy = 0;    ///< %
  double mismatched = 0;  ///< %, each image with the gates of another
  double open = 0;        ///< share of the gates
  double work = 0;        ///< multiply-adds, of those of all experts
  double time = 0;        ///< likewise of the time
};

double percent_correct(const Tensor& classes, const Tensor& labels) {
  return 100 *
         classes.argmax(1).eq(labels).to(torch::kDouble).mean().item<double>();
}

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

/// Time of a pass that skips, divided by that of all experts as one network.
/// Both are measured in turn and the best of the rounds counts: other work of
/// the machine can only add to it.
double time_ratio(Experts& experts, const Tensor& x, const Random& random) {
  constexpr uint32_t kRounds = 40;
  experts.prepare_dense();
  double skipping = std::numeric_limits<double>::infinity(), dense = skipping;
  for (uint32_t round = 0; round < kRounds; ++round) {
    IndependentSampler sampler(random.replica(round));
    skipping = std::min(
        skipping, seconds_of([&] { experts.forward(x, sampler, Work::open); }));
    dense = std::min(dense, seconds_of([&] { experts.dense(x); }));
  }
  return skipping / dense;
}

Outcome judge_net(Experts& experts, const Examples& validation,
                  const Random& random) {
  torch::NoGradGuard no_gradient;
  const auto x = pixels(validation.images);
  IndependentSampler sampler(random);
  const auto pass = experts.forward(x, sampler, Work::open);
  Outcome outcome;
  outcome.accuracy = percent_correct(pass.classes, validation.labels);
  outcome.mismatched = percent_correct(
      experts.with_gates(x, pass.gates.roll(1, 0), Work::open).classes,
      validation.labels);
  outcome.open = pass.gates.mean().item<double>();
  outcome.work = static_cast<double>(pass.multiply_adds) /
                 static_cast<double>(x.size(0) * experts.dense_multiply_adds());
  outcome.time = time_ratio(experts, x.narrow(0, 0, 1000), random.branch(1));
  return outcome;
}

/// Outcomes of a trainer: [share][seed].
using Outcomes = std::vector<std::vector<Outcome>>;

std::vector<double> values(const std::vector<Outcome>& seeds,
                           double Outcome::*value) {
  std::vector<double> values;
  for (const auto& outcome : seeds) values.push_back(outcome.*value);
  return values;
}

/// All that was trained.
struct Results {
  std::map<std::string, Outcomes> gated;  ///< by the name of the trainer
  /// Without gates: all experts, and as many as a quarter of the work is.
  std::vector<double> all_open, quarter;

  const std::vector<Outcome>& judged(const Trainer& trainer) const {
    return gated.at(trainer.name)[kJudged];
  }
};

Results results(const ExperimentContext& context, const R2rtData& data,
                int64_t epochs) {
  Results results;
  const auto trainings = 2 + trainers().size() * shares().size();
  const auto total = static_cast<double>(context.seeds * epochs) *
                     static_cast<double>(trainings);
  int64_t done = 0;
  const auto after_epoch = [&] {
    context.done(static_cast<double>(++done) / total);
  };
  for (int64_t seed = 0; seed < context.seeds; ++seed) {
    const auto random = context.random(seed);
    const auto without_gates = [&](int64_t size) {
      auto experts =
          train(epochs, data.train, random, size, nullptr, 1, after_epoch);
      torch::NoGradGuard no_gradient;
      experts.prepare_dense();
      return percent_correct(experts.dense(pixels(data.validation.images)),
                             data.validation.labels);
    };
    results.all_open.push_back(without_gates(kExperts));
    results.quarter.push_back(without_gates(kExperts / 4));
    for (const auto& trainer : trainers()) {
      auto& outcomes = results.gated[trainer.name];
      outcomes.resize(shares().size());
      for (size_t s = 0; s < shares().size(); ++s) {
        auto experts = train(epochs, data.train, random, kExperts, &trainer,
                             shares()[s].value, after_epoch);
        outcomes[s].push_back(
            judge_net(experts, data.validation, random.branch(1)));
      }
    }
  }
  return results;
}

report::LineChart trade_chart(const Results& results) {
  report::LineChart chart{
      .title = "Accuracy against the work done",
      .x_label = "multiply-adds, of those of all experts",
      .y_label = "validation accuracy, %",
      .note =
          "Means over the seeds. A net without gates does the same work "
          "for every image."};
  const auto mean = [](const std::vector<double>& values) {
    return mean_over_seeds(values).value;
  };
  for (const auto& trainer : trainers()) {
    report::Series series{.label = trainer.name};
    for (const auto& seeds : results.gated.at(trainer.name)) {
      series.x.push_back(mean(values(seeds, &Outcome::work)));
      series.y.push_back(mean(values(seeds, &Outcome::accuracy)));
    }
    chart.series.push_back(std::move(series));
  }
  chart.series.push_back({.label = "no gates",
                          .x = {0.25, 1},
                          .y = {mean(results.quarter), mean(results.all_open)},
                          .dashed = true});
  return chart;
}

report::Table outcome_table(const Results& results) {
  report::Table table{.title = "Validation images, one stochastic pass",
                      .columns = {"training", "share wanted", "accuracy, %",
                                  "with another image's gates, %", "gates open",
                                  "multiply-adds", "time"}};
  for (const auto& trainer : trainers()) {
    for (size_t s = 0; s < shares().size(); ++s) {
      const auto& seeds = results.gated.at(trainer.name)[s];
      const auto text = [&](double Outcome::*value, int digits) {
        return mean_text(values(seeds, value), digits);
      };
      table.rows.push_back(
          {trainer.name, shares()[s].text, text(&Outcome::accuracy, 2),
           text(&Outcome::mismatched, 2), text(&Outcome::open, 3),
           text(&Outcome::work, 3), text(&Outcome::time, 2)});
    }
  }
  table.rows.push_back({"no gates, 8 experts", "1", mean_text(results.all_open),
                        "", "1", "1", "1"});
  table.rows.push_back({"no gates, 2 experts", "1/4",
                        mean_text(results.quarter), "", "1", "0.25", ""});
  return table;
}

Findings run(const ExperimentContext& context) {
  const int64_t epochs = context.pick(3, 20);
  const auto found = results(context, r2rt_data(context), epochs);
  const auto of = [&](const Trainer& trainer, double Outcome::*value) {
    return values(found.judged(trainer), value);
  };
  const auto accuracy = of(kStraight, &Outcome::accuracy);
  return {
      .settings = training_settings(
          context, epochs,
          {{"network",
            "8 experts 784-32-10 with ReLU, a linear gate each; the "
            "outputs of open experts add up"},
           {"loss",
            "cross-entropy, and 5 times the sum over experts of the "
            "squared difference between its mean probability of being open "
            "in the batch and the share wanted"},
           {"initial values",
            "weights uniform in +-sqrt(3 / inputs), biases 0"},
           {"rate", "0.02"},
           {"time",
            "of 1000 images on one core, against all experts computed "
            "as one network"}}),
      .measured =
          {{"work", mean_over_seeds(of(kStraight, &Outcome::work))},
           {"time", mean_over_seeds(of(kStraight, &Outcome::time))},
           {"accuracy", paired_difference(accuracy, found.all_open)},
           {"small", paired_difference(accuracy, found.quarter)},
           {"choice",
            paired_difference(accuracy, of(kStraight, &Outcome::mismatched))},
           {"straight-through",
            paired_difference(accuracy, of(kScore, &Outcome::accuracy))},
           {"closed",
            paired_difference(accuracy, of(kOpenOnly, &Outcome::accuracy))}},
      .differs =
          std::string(
              "The post names conditional computation as what binary units "
              "are for and does not run it; network, settings and all claims "
              "on accuracy are ours. How much work is done is not found by "
              "training but asked for by the loss. ") +
          baseline_difference(),
      .blocks = {trade_chart(found), outcome_table(found)}};
}

const Registered<Experiment> entry{{
    .name = "r2rt-conditional-computation",
    .title = "Conditional computation: a choice of experts",
    .summary =
        "A gate that is 0 multiplies an expert's output by 0, so the expert "
        "need not be computed: its rows are left out of the matrix products. "
        "REINFORCE trains gates from the loss alone and can skip closed "
        "experts "
        "in training too. Straight-through wants the derivative of closed "
        "gates, and so their experts; 'open gates only' goes without.",
    .source = kR2rt2016,
    .claims =
        {{.id = "work",
          .sentence = "Binary gates skip work: with gates that are open for a "
                      "quarter of the images, most of it.",
          .where = "advantages of the binary stochastic neuron: conditional "
                   "computation; the loss asks for the quarter",
          .measured = "multiply-adds done, gates included, of those of all "
                      "experts; straight-through",
          .holds = {.to = 0.4}},
         {.id = "time",
          .sentence = "What is skipped is time saved.",
          .where = "conditional computation",
          .measured = "time of the same nets, of that of all experts",
          .holds = {.to = 0.75}},
         {.id = "accuracy",
          .sentence = "Skipping costs little accuracy.",
          .where = "ours, on conditional computation",
          .measured = "accuracy minus that of all experts without gates, "
                      "points; at least -2",
          .holds = {.from = -2}},
         {.id = "small",
          .sentence = "A choice of experts is better than a net without a "
                      "choice that does as much work.",
          .where = "ours, on the choice of experts",
          .measured = "accuracy minus that of two experts without gates, "
                      "points",
          .holds = {.from = 0}},
         {.id = "choice",
          .sentence = "The gates choose: experts fit the image that they are "
                      "opened for.",
          .where = "ours, on the choice of experts",
          .measured = "accuracy with the image's own gates minus that with "
                      "another image's, points",
          .holds = {.from = 0}},
         {.id = "straight-through",
          .sentence = "Straight-through trains gates better than REINFORCE.",
          .where = "ours: experiment 4, for gates",
          .measured = "straight-through minus REINFORCE, accuracy in points",
          .holds = {.from = 0}},
         {.id = "closed",
          .sentence = "Straight-through needs the derivative of closed gates; "
                      "multiplied by the unit, as in the first version of the "
                      "post, it trains worse.",
          .where = "ours, on the update of January 2017",
          .measured = "straight-through minus that of open gates only, "
                      "accuracy in points",
          .holds = {.from = 0}}},
    .cost = {.quick = 150, .normal = 1600},
    .run = run,
}};

}  // namespace
}  // namespace signet
