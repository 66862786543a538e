// The protocol of gradient accuracy: every estimator against the exact
// gradient, layer by layer, at three stages of a training.

#include <algorithm>
#include <cmath>

#include "signet/core/papers.h"
#include "signet/core/torch.h"
#include "signet/experiments/experiment.h"
#include "signet/experiments/measurement_text.h"
#include "signet/experiments/papers/accuracy_charts.h"
#include "signet/experiments/papers/gradeval_problem.h"
#include "signet/experiments/papers/problem_training.h"

namespace signet {
namespace {

/// What the source compares.
const std::vector<std::string> kSource = {"reinforce",
                                          "arm",
                                          "gumbel(temperature=0.1)",
                                          "gumbel(temperature=1)",
                                          "mean-field",
                                          "st",
                                          "psa"};
/// Layers with units behind them: of the last one there is nothing to estimate
/// but the mean over paths.
constexpr size_t kHidden = 3;

/// All of the table that estimate this gradient and are not its definition,
/// those of the source first.
std::vector<std::string> estimators() {
  auto all = kSource;
  for (const auto& record : table<Estimator>()) {
    const auto& traits = record.traits;
    const bool exact = traits.unbiased && traits.deterministic;
    const bool known =
        std::find(all.begin(), all.end(), record.name) != all.end();
    if (!traits.bound && !exact && !known) all.push_back(record.name);
  }
  return all;
}

report::Table stage_table(const Measurements& all, size_t stage,
                          const std::string& title) {
  report::Table table{.title = title, .columns = {"estimator", "evaluations"}};
  for (size_t layer = 0; layer < kHidden; ++layer) {
    const auto name = ", layer " + std::to_string(layer + 1);
    for (const auto* column : {"bias %", "RMSE", "cosine"})
      table.columns.push_back(column + name);
  }
  for (const auto& first : all[0][stage].estimators) {
    std::vector<std::string> row{first.label, short_number(first.evaluations)};
    for (size_t layer = 0; layer < kHidden; ++layer) {
      double bias = 0, error = 0, cosine = 0;
      for (const auto& stages : all) {
        const auto& group = layer_of(stages[stage], first.label, layer);
        const double share = 1 / static_cast<double>(all.size());
        bias += share * group.relative(group.bias);
        error += share * mean_of(group, 1).rmse;
        cosine += share * mean_of(group, 1).cosine;
      }
      for (const double value : {100 * bias, error, cosine})
        row.push_back(short_number(value));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

/// A value of a hidden layer for each seed, its mean over stages and layers.
template <class Value>
std::vector<double> mean_over_cells(const Measurements& all,
                                    const Value& value) {
  std::vector<double> means;
  for (const auto& stages : all) {
    double sum = 0;
    for (const auto& m : stages)
      for (size_t layer = 0; layer < kHidden; ++layer) sum += value(m, layer);
    means.push_back(sum / static_cast<double>(stages.size() * kHidden));
  }
  return means;
}

double squared_deviation(const GroupStatistics& group) {
  return std::pow(group.relative(std::sqrt(group.variance)), 2);
}
double squared_error(const GroupStatistics& group) {
  return std::pow(mean_of(group, 1).rmse, 2);
}

/// Of the mean of log10(a / b), roots of that square, with each b of some: the
/// greatest, so that what it says of one b holds of all.
Statistic greatest_ratio(const Measurements& all, const std::string& a,
                         const std::vector<std::string>& others,
                         double (*square)(const GroupStatistics&)) {
  std::vector<Statistic> found;
  for (const auto& b : others)
    found.push_back(mean_over_seeds(
        mean_over_cells(all, [&](const Measurement& m, size_t layer) {
          return std::log10(square(layer_of(m, a, layer)) /
                            square(layer_of(m, b, layer))) /
                 2;
        })));
  return greatest_of(found);
}

std::vector<double> mean_of_layers(const Measurements& all,
                                   const std::string& label,
                                   double (*value)(const GroupStatistics&)) {
  return mean_over_cells(all, [&](const Measurement& m, size_t layer) {
    return value(layer_of(m, label, layer));
  });
}

std::map<std::string, Statistic> statistics(const Measurements& all) {
  auto biases = mean_of_layers(all, "psa", squared_bias);
  const auto of_st = mean_of_layers(all, "st", squared_bias);
  for (size_t s = 0; s < biases.size(); ++s) biases[s] /= of_st[s];
  const auto cosine = [](const GroupStatistics& group) {
    return mean_of(group, 1).cosine;
  };
  return {{"less-bias", mean_over_seeds(biases)},
          {"less-variance",
           greatest_ratio(all, "psa", {"reinforce", "arm"}, squared_deviation)},
          {"psa-before-st", greatest_ratio(all, "psa", {"st"}, squared_error)},
          {"psa-points-better",
           paired_difference(mean_of_layers(all, "psa", cosine),
                             mean_of_layers(all, "st", cosine))},
          {"st-before-concrete",
           greatest_ratio(all, "st",
                          {"gumbel(temperature=0.1)", "gumbel(temperature=1)"},
                          squared_error)},
          {"st-before-unbiased",
           greatest_ratio(all, "st", {"reinforce", "arm"}, squared_error)}};
}

/// How many samples of an unbiased estimator are as accurate as so many of ST:
/// both RMSE are equal where V / n = V_ST / n + |bias of ST|^2.
report::Table crossings(const Measurements& all,
                        const std::vector<int64_t>& epochs) {
  report::Table table{
      .title = "Samples at which the curves cross that of straight-through",
      .columns = {"epochs", "layer", "reinforce", "arm"}};
  for (size_t stage = 0; stage < epochs.size(); ++stage)
    for (size_t layer = 0; layer < kHidden; ++layer) {
      std::vector<std::string> row{std::to_string(epochs[stage]),
                                   std::to_string(layer + 1)};
      for (const auto* label : {"reinforce", "arm"}) {
        double variance = 0, bias = 0;
        for (const auto& stages : all) {
          const auto& st = layer_of(stages[stage], "st", layer);
          variance += squared_deviation(layer_of(stages[stage], label, layer)) -
                      squared_deviation(st);
          bias += squared_bias(st);
        }
        row.push_back(bias > 0 ? short_number(variance / bias) : "-");
      }
      table.rows.push_back(std::move(row));
    }
  return table;
}

std::vector<report::Block> blocks(const Measurements& all,
                                  const std::vector<int64_t>& epochs) {
  std::vector<report::Block> result;
  const auto after = [&](size_t stage) {
    return "after " + std::to_string(epochs[stage]) +
           (epochs[stage] == 1 ? " epoch" : " epochs");
  };
  for (size_t stage = 0; stage < epochs.size(); ++stage) {
    for (size_t layer = 0; layer < kHidden; ++layer) {
      auto chart = rmse_chart(
          all, stage, layer,
          "Layer " + std::to_string(layer + 1) + " " + after(stage), kSource);
      if (stage == 0 && layer == 0)
        chart.note =
            "Variance falls as 1 / sqrt(samples); where a curve turns flat, "
            "the bias is left.";
      result.push_back(std::move(chart));
    }
    result.push_back(
        cosine_chart(all, stage, 0, "Layer 1 " + after(stage), kSource));
  }
  std::vector<std::string> unbiased, one_pass, others;
  for (const auto& e : all[0][0].estimators) {
    if (std::find(kSource.begin(), kSource.end(), e.label) != kSource.end())
      continue;
    const auto& record = BoundEstimator(e.label).record();
    if (record.traits.unbiased)
      unbiased.push_back(e.label);
    else if (std::holds_alternative<LayerRule>(record.rule))
      one_pass.push_back(e.label);
    else
      others.push_back(e.label);
  }
  const size_t last = epochs.size() - 1;
  const auto title = [&](const std::string& which) {
    return which + ", layer 1 " + after(last);
  };
  result.push_back(
      rmse_chart(all, last, 0, title("Other unbiased estimators"), unbiased));
  result.push_back(
      rmse_chart(all, last, 0, title("Other rules of one pass"), one_pass));
  result.push_back(
      rmse_chart(all, last, 0, title("Others with a bias"), others));
  result.push_back(crossings(all, epochs));
  for (size_t stage = 0; stage < epochs.size(); ++stage)
    result.push_back(
        stage_table(all, stage, "All estimators, one sample, " + after(stage)));
  return result;
}

Findings run(const ExperimentContext& context) {
  const std::vector<int64_t> epochs{1, 100, context.pick<int64_t>(300, 2000)};
  const int64_t samples = context.pick<int64_t>(1000, 20000);
  const auto names = estimators();
  constexpr double training = 0.1;  ///< its share of a seed's time
  Measurements all;
  for (int64_t seed = 0; seed < context.seeds; ++seed) {
    const auto told = [&](double share) {
      context.done((static_cast<double>(seed) + share) /
                   static_cast<double>(context.seeds));
    };
    const auto stages = train_in_stages(
        gradeval_problem(seed + 1), epochs,
        {.estimator = "reinforce", .random = context.random(seed)},
        [&](int64_t epoch) {
          told(training * static_cast<double>(epoch) /
               static_cast<double>(epochs.back()));
        });
    auto& row = all.emplace_back();
    for (const auto& problem : stages)
      row.push_back(
          measure(problem, reference_gradient(problem, {}), names,
                  {.samples = samples,
                   .learn = context.pick<int64_t>(300, 1000),
                   .random = context.random(seed).branch(row.size())},
                  [&](int64_t done, int64_t total) {
                    const double stage =
                        static_cast<double>(row.size()) +
                        static_cast<double>(done) / static_cast<double>(total);
                    told(training + (1 - training) * stage /
                                        static_cast<double>(stages.size()));
                  }));
  }
  return {
      .settings = {{"network",
                    "2-5-5-5-1, units {0, 1} with P(x = 1) = sigma(a), "
                    "logistic loss"},
                   {"data", "100 points of each class, new for each seed"},
                   {"start",
                    "hidden weights and biases uniform in [-1, 1], then "
                    "pre-activations of mean 0 and deviation 1"},
                   {"training",
                    "REINFORCE without a baseline, one sample, batches of 10, "
                    "rate 0.03, momentum 0.9"},
                   {"stages", "after 1, 100 and " +
                                  std::to_string(epochs.back()) + " epochs"},
                   {"samples", std::to_string(samples) +
                                   " of each estimator, each a "
                                   "gradient over all points"},
                   {"reference", "the exact gradient, by transfer matrices"}},
      .measured = statistics(all),
      .differs =
          "The source trains one network on one set of points; here each "
          "seed has its own of both." +
          std::string(context.quick()
                          ? " The last stage is after 300 epochs in "
                            "place of 2000; 1000 samples in place of "
                            "20000."
                          : ""),
      .blocks = blocks(all, epochs)};
}

const Registered<Experiment> entry{{
    .name = "estimator-accuracy",
    .title = "Accuracy of the estimators, layer by layer",
    .summary =
        "A network 2-5-5-5-1 is small enough for its exact gradient. Every "
        "estimator of the table is compared with it at three stages of a "
        "training: how far the mean of n samples is from it, and how well it "
        "points its way. Unbiased estimators improve without end, from a bad "
        "start; biased ones start well and stay where their bias is.",
    .source = kShekhovtsovYanushFlach2020,
    .claims =
        {{.id = "less-bias",
          .sentence = "PSA has a small bias: smaller than straight-through's.",
          .where = "abstract; the comparison is derived here",
          .measured = "sum of |bias|^2 / |gradient|^2 over hidden layers and "
                      "stages over the same sum of straight-through",
          .holds = {.to = 1}},
         {.id = "less-variance",
          .sentence = "PSA has less variance than unbiased estimators: "
                      "REINFORCE and ARM.",
          .where = "abstract",
          .measured = "log10 of the ratio of the standard deviations, mean "
                      "over hidden layers and stages, the worse of both",
          .holds = {.to = 0}},
         {.id = "psa-before-st",
          .sentence = "PSA is more accurate than straight-through.",
          .where =
              "figure of the gradient's accuracy; the ordering is recalled",
          .measured = "log10 of the ratio of their RMSE, one sample, mean over "
                      "hidden layers and stages",
          .holds = {.to = 0}},
         {.id = "psa-points-better",
          .sentence = "It also points the gradient's way better.",
          .where =
              "figure of the gradient's accuracy; the ordering is recalled",
          .measured = "difference of their cosines, one sample, mean over "
                      "hidden layers and stages",
          .holds = {.from = 0}},
         {.id = "st-before-concrete",
          .sentence = "Straight-through is more accurate than Concrete "
                      "(Gumbel-Softmax) at temperatures 0.1 and 1.",
          .where =
              "figure of the gradient's accuracy; the ordering is recalled",
          .measured = "log10 of the ratio of their RMSE, one sample, mean over "
                      "hidden layers and stages, the worse of both",
          .holds = {.to = 0}},
         {.id = "st-before-unbiased",
          .sentence = "Of one sample, straight-through is more accurate than "
                      "REINFORCE and ARM in spite of its bias.",
          .where =
              "figure of the gradient's accuracy; the ordering is recalled",
          .measured = "log10 of the ratio of their RMSE, mean over hidden "
                      "layers and stages, the worse of both",
          .holds = {.to = 0}}},
    .on_images = false,
    .cost = {.quick = 70, .normal = 1200},
    .run = run,
}};

}  // namespace
}  // namespace signet
