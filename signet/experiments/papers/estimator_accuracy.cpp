// The protocol of gradient accuracy: every estimator against the exact
// gradient, layer by layer, at three stages of a training.

#include <algorithm>
#include <cmath>

#include "signet/core/papers.h"
#include "signet/core/torch.h"
#include "signet/experiments/experiment.h"
#include "signet/experiments/measurement_text.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/problem_training.h"
#include "signet/measure/measurement.h"

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

/// measurements[seed][stage]
using Measurements = std::vector<std::vector<Measurement>>;

const EstimatorMeasurement& find(const Measurement& m,
                                 const std::string& label) {
  return *std::find_if(m.estimators.begin(), m.estimators.end(),
                       [&](const auto& e) { return e.label == label; });
}

/// The statistics of a hidden layer, 0, 1, ...; groups[0] is the whole.
const GroupStatistics& layer_of(const Measurement& m, const std::string& label,
                                size_t layer) {
  return find(m, label).groups[layer + 1];
}

const MeanOfN& mean_of(const GroupStatistics& group, int64_t n) {
  return *std::find_if(group.means.begin(), group.means.end(),
                       [&](const auto& mean) { return mean.n == n; });
}

report::LineChart rmse_chart(const Measurements& all, size_t stage,
                             size_t layer, const std::string& title,
                             const std::vector<std::string>& labels) {
  report::LineChart chart{.title = title,
                          .x_label = "samples averaged",
                          .y_label = "RMSE / |gradient|",
                          .log_x = true,
                          .log_y = true};
  for (const auto& label : labels) {
    std::vector<double> n;
    std::vector<std::vector<double>> rows;
    for (const auto& stages : all) {
      n.clear();
      auto& row = rows.emplace_back();
      for (const auto& mean : layer_of(stages[stage], label, layer).means) {
        n.push_back(static_cast<double>(mean.n));
        row.push_back(mean.rmse);
      }
    }
    chart.series.push_back(curve_over_seeds(label, n, rows));
  }
  return chart;
}

/// The mean of the cosine and its 15-85 % band, each a mean over seeds.
report::LineChart cosine_chart(const Measurements& all, size_t stage,
                               size_t layer, const std::string& title,
                               const std::vector<std::string>& labels) {
  report::LineChart chart{
      .title = title,
      .x_label = "samples averaged",
      .y_label = "cosine with the gradient",
      .log_x = true,
      .note = "Bands hold 70 % of the estimates, from 15 to 85 %."};
  for (const auto& label : labels) {
    report::Series series{.label = label};
    for (const auto& mean : layer_of(all[0][stage], label, layer).means) {
      double cosine = 0, low = 0, high = 0;
      for (const auto& stages : all) {
        const auto& m = mean_of(layer_of(stages[stage], label, layer), mean.n);
        const double share = 1 / static_cast<double>(all.size());
        cosine += share * m.cosine;
        low += share * m.cosine_low;
        high += share * m.cosine_high;
      }
      series.x.push_back(static_cast<double>(mean.n));
      series.y.push_back(cosine);
      series.low.push_back(low);
      series.high.push_back(high);
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
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

/// For each seed, the mean over stages and hidden layers of log10(a / b), each
/// the least value among some estimators.
template <class Value>
std::vector<double> log_ratio(const Measurements& all,
                              const std::vector<std::string>& a,
                              const std::vector<std::string>& b,
                              const Value& value) {
  const auto least = [&](const Measurement& m, size_t layer,
                         const std::vector<std::string>& labels) {
    double smallest = std::numeric_limits<double>::infinity();
    for (const auto& label : labels)
      smallest = std::min(smallest, value(layer_of(m, label, layer)));
    return smallest;
  };
  std::vector<double> ratios;
  for (const auto& stages : all) {
    double sum = 0;
    for (const auto& m : stages)
      for (size_t layer = 0; layer < kHidden; ++layer)
        sum += std::log10(least(m, layer, a) / least(m, layer, b));
    ratios.push_back(sum / static_cast<double>(stages.size() * kHidden));
  }
  return ratios;
}

std::vector<double> mean_bias(const Measurements& all,
                              const std::string& label) {
  std::vector<double> means;
  for (const auto& stages : all) {
    double sum = 0;
    for (const auto& m : stages)
      for (size_t layer = 0; layer < kHidden; ++layer) {
        const auto& group = layer_of(m, label, layer);
        sum += group.relative(group.bias);
      }
    means.push_back(sum / static_cast<double>(stages.size() * kHidden));
  }
  return means;
}

double deviation(const GroupStatistics& group) {
  return std::sqrt(group.variance);
}
template <int64_t n>
double rmse(const GroupStatistics& group) {
  return mean_of(group, n).rmse;
}

std::map<std::string, Statistic> statistics(const Measurements& all) {
  return {
      {"small-bias", mean_over_seeds(mean_bias(all, "psa"))},
      {"less-variance", mean_over_seeds(log_ratio(
                            all, {"psa"}, {"reinforce", "arm"}, deviation))},
      {"psa-before-st",
       mean_over_seeds(log_ratio(all, {"psa"}, {"st"}, rmse<1>))},
      {"st-before-concrete",
       mean_over_seeds(log_ratio(
           all, {"st"}, {"gumbel(temperature=0.1)", "gumbel(temperature=1)"},
           rmse<1>))},
      {"st-before-unbiased",
       mean_over_seeds(log_ratio(all, {"st"}, {"reinforce", "arm"}, rmse<10>))},
  };
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
  for (size_t stage = 0; stage < epochs.size(); ++stage)
    result.push_back(
        stage_table(all, stage, "All estimators, one sample, " + after(stage)));
  return result;
}

Findings run(const ExperimentContext& context) {
  const std::vector<int64_t> epochs{1, 100, context.pick<int64_t>(300, 2000)};
  const int64_t samples = context.pick<int64_t>(1000, 20000);
  const auto names = estimators();
  // The share of a seed's time that training takes.
  const double training = context.pick(0.3, 0.2);
  Measurements all;
  for (int64_t seed = 0; seed < context.seeds; ++seed) {
    const auto told = [&](double share) {
      context.done((static_cast<double>(seed) + share) /
                   static_cast<double>(context.seeds));
    };
    const auto start =
        make_problem("cosine(seed=" + std::to_string(seed + 1) + ")");
    const auto stages = train_in_stages(
        start, epochs, {.random = context.random(seed)}, [&](int64_t epoch) {
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
                    "2-5-5-5-1, logistic units {0, 1}, logistic loss"},
                   {"data", "100 points of each class, new for each seed"},
                   {"training",
                    "exact gradients of batches of 10, rate 0.03, momentum "
                    "0.9"},
                   {"stages", "after 1, 100 and " +
                                  std::to_string(epochs.back()) + " epochs"},
                   {"samples", std::to_string(samples) +
                                   " of each estimator, each a "
                                   "gradient over all points"},
                   {"reference", "the exact gradient, by transfer matrices"}},
      .measured = statistics(all),
      .differs =
          "The source's weights before training and its estimator of "
          "the training are not known; here they are uniform in +-1 / "
          "sqrt(inputs), and the training sees exact gradients, which "
          "favour none of the estimators. Its units have the noise "
          "sigma(a), ours sigma(2a)." +
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
        {{.id = "small-bias",
          .sentence = "PSA has a small bias.",
          .where = "abstract; figure of the gradient's accuracy",
          .measured = "|bias| / |gradient|, mean over hidden layers and stages",
          .holds = {.to = 0.1}},
         {.id = "less-variance",
          .sentence = "PSA has far less variance than unbiased estimators: "
                      "REINFORCE and ARM.",
          .where = "abstract; figure of the gradient's accuracy",
          .measured = "log10 of PSA's standard deviation over the lesser of "
                      "both, mean over hidden layers and stages; -0.3 is half",
          .holds = {.to = -0.3}},
         {.id = "psa-before-st",
          .sentence = "PSA is more accurate than straight-through.",
          .where = "figure of the gradient's accuracy",
          .measured = "log10 of the ratio of their RMSE, one sample, mean over "
                      "hidden layers and stages",
          .holds = {.to = 0}},
         {.id = "st-before-concrete",
          .sentence = "Straight-through is more accurate than Concrete "
                      "(Gumbel-Softmax) at temperatures 0.1 and 1.",
          .where = "figure of the gradient's accuracy",
          .measured = "log10 of ST's RMSE over the lesser of both, one sample, "
                      "mean over hidden layers and stages",
          .holds = {.to = 0}},
         {.id = "st-before-unbiased",
          .sentence = "Of ten samples, straight-through is more accurate than "
                      "REINFORCE and ARM in spite of its bias.",
          .where = "figure of the gradient's accuracy",
          .measured = "log10 of ST's RMSE over the lesser of both, ten "
                      "samples, mean over hidden layers and stages",
          .holds = {.to = 0}}},
    .cost = {.quick = 100, .normal = 1500},
    .run = run,
}};

}  // namespace
}  // namespace signet
