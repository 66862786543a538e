// Binary weights behind latent ones: mirror descent, descent through the
// proxy, and clipping, side by side on images.

#include <algorithm>
#include <cmath>

#include "signet/core/papers.h"
#include "signet/core/torch.h"
#include "signet/experiments/checkpoint.h"
#include "signet/experiments/diverged.h"
#include "signet/experiments/experiment.h"
#include "signet/experiments/measurement_text.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/image_training.h"
#include "signet/optim/weight_rule.h"

namespace signet {
namespace {

/// Steps of a weight's mean over dL/dw where it is 0, on which rules agree.
const std::vector<double> kRates{1, 3, 10, 30};
/// Of them, where sure weights are looked at: larger steps make more of them.
constexpr size_t kCommon = 3;

using Runs = std::vector<std::vector<ImageEpoch>>;

/// A step of the latent weights, over rates and seeds.
struct Rule {
  std::string label, spelling;
  double scale = 1;  ///< the rule's own rate over that step
  std::vector<Runs> runs = std::vector<Runs>(kRates.size());

  /// The rate that ends with the least training loss, mean over seeds.
  size_t best() const {
    size_t best = 0;
    const auto loss = [&](size_t r) {
      double sum = 0;
      for (const double value : last_of(runs[r], &ImageEpoch::loss))
        sum += value;
      return sum;
    };
    for (size_t r = 1; r < kRates.size(); ++r)
      if (loss(r) < loss(best)) best = r;
    return best;
  }
  const Runs& best_runs() const { return runs[best()]; }
};

Recipe recipe_of(const ExperimentContext& context, const Images& images,
                 const std::string& rule, double rate, int64_t seed) {
  auto recipe = image_recipe(images, seed);
  const std::string hidden =
      "linear(outputs=" + std::to_string(context.pick(200, 500)) + ")";
  recipe.network.layers = {hidden,
                           "batch-norm(affine=false)",
                           "units(noise=logistic)",
                           hidden,
                           "batch-norm(affine=false)",
                           "units(noise=logistic)",
                           "linear(outputs=10)",
                           "batch-norm(affine=false)"};
  recipe.train.epochs = context.pick<int64_t>(10, 14);
  recipe.optimizer.weights = rule;
  recipe.optimizer.others = "gradient(direction=momentum)";
  recipe.optimizer.rate = rate;
  return recipe;
}

/// The greatest difference between the clipped step and the minimum of
/// g mu + (mu - mu0)^2 / (2 rate) over [-1, 1], searched for by golden
/// sections; g reaches so far that half of the minima are at a bound.
double clipping_difference(const Random& random, int64_t count) {
  const auto u = random.site(RandomUse::measurement, 0)
                     .uniform({2, count}, torch::kDouble);
  auto mean = 2 * u[0] - 1;
  const auto start = mean.clone();
  const double rate = 0.5;
  const auto g = (2 * u[1] - 1) * (2 / rate);
  const auto objective = [&](const Tensor& mu) {
    return rate * g * mu + (mu - start).square() / 2;
  };
  const double ratio = (std::sqrt(5.0) - 1) / 2;
  auto low = torch::full_like(mean, -1), high = torch::full_like(mean, 1);
  for (int i = 0; i < 50; ++i) {
    const auto a = high - ratio * (high - low), b = low + ratio * (high - low);
    const auto left = objective(a) < objective(b);
    high = torch::where(left, b, high);
    low = torch::where(left, low, a);
  }
  const BoundRule rule("binaryconnect(clip=1, direction=sgd)");
  std::map<std::string, Tensor> state;
  rule.record->step({mean, g, state, rate, 1, rule.arguments});
  return (mean - (low + high) / 2).abs().max().item<double>();
}

/// All latent weights in one row.
Tensor latents_of(const Network& network) {
  std::vector<Tensor> parts;
  for (const auto& item : network.named_parameters())
    if (item.key().ends_with(".latent"))
      parts.push_back(item.value().detach().flatten());
  return torch::cat(parts);
}

/// A mirror run between two epochs.
struct Common {
  std::map<std::string, Tensor> state;
  double rate = 0;
};

/// Of weights that were sure of their sign.
struct Sure {
  double share = 0;                          ///< of all weights
  double mirror_flips = 0, proxy_flips = 0;  ///< how many change their sign
};

/// Both rules go on for so many epochs from a common state, at a constant rate.
/// A weight is sure where the derivative of F, which the proxy's step has as a
/// factor and the mirror's has not, is below a tenth of that at 0. Nothing if a
/// run diverges.
Sure compare_sure(Recipe recipe, const Images& images, const Common& common,
                  const Rule& mirror, const Rule& proxy, int64_t epochs) {
  recipe.optimizer.schedule = "constant";
  Tensor sure;
  const auto flipped = [&](const Rule& rule) {
    recipe.optimizer.weights = rule.spelling;
    recipe.optimizer.rate = common.rate * rule.scale;
    TrainingRun run(recipe, images.train);
    run.start();
    load_network_state(run.network(), common.state);
    const auto before = latents_of(run.network()).clone();
    const auto p = torch::sigmoid(before);
    sure = 4 * p * (1 - p) < 0.1;
    for (int64_t epoch = 1; epoch <= epochs; ++epoch) run.train_epoch(epoch);
    const auto changed = (latents_of(run.network()) >= 0) != (before >= 0);
    return static_cast<double>((changed & sure).sum().item<int64_t>());
  };
  try {
    Sure found{.mirror_flips = flipped(mirror), .proxy_flips = flipped(proxy)};
    found.share = sure.to(torch::kDouble).mean().item<double>();
    return found;
  } catch (const Diverged&) {
    return {};
  }
}

/// log10 of the flips through the proxy over those by the mirror step, half a
/// flip more for both, so that none at all has a logarithm too. Seeds in which
/// neither rule flips a weight say nothing of it.
Statistic flips_ratio(const std::vector<Sure>& sure) {
  std::vector<double> ratios;
  for (const auto& s : sure)
    if (s.mirror_flips + s.proxy_flips > 0)
      ratios.push_back(
          std::log10((s.proxy_flips + 0.5) / (s.mirror_flips + 0.5)));
  return mean_over_seeds(ratios.empty() ? std::vector<double>{0} : ratios);
}

report::LineChart epoch_chart(const std::vector<Rule>& rules,
                              const std::string& title,
                              const std::string& y_label,
                              double ImageEpoch::*value) {
  report::LineChart chart{
      .title = title, .x_label = "epoch", .y_label = y_label};
  for (const auto& rule : rules) {
    const auto rows = column(rule.best_runs(), value);
    chart.series.push_back(curve_over_seeds(
        rule.label, epochs_up_to(static_cast<int64_t>(rows[0].size())), rows));
  }
  return chart;
}

report::LineChart rate_chart(const std::vector<Rule>& rules) {
  report::LineChart chart{.title = "Test accuracy at the end, by rate",
                          .x_label = "step of a mean at 0, over dL/dw",
                          .y_label = "%",
                          .log_x = true};
  for (const auto& rule : rules) {
    Runs ends(rule.runs[0].size());
    for (const auto& runs : rule.runs)
      for (size_t s = 0; s < runs.size(); ++s)
        ends[s].push_back(runs[s].back());
    chart.series.push_back(curve_over_seeds(
        rule.label, kRates, column(ends, &ImageEpoch::test_accuracy)));
  }
  return chart;
}

report::Table table_of(const std::vector<Rule>& rules) {
  report::Table table{
      .title = "At the best rate",
      .columns = {"rule", "step at 0", "test accuracy %", "training loss",
                  "flips a step, last epoch", "diverged, of all rates"}};
  for (const auto& rule : rules) {
    const auto flips = last_of(rule.best_runs(), &ImageEpoch::flips);
    double mean = 0;
    for (const double f : flips) mean += f / static_cast<double>(flips.size());
    Runs all;
    for (const auto& runs : rule.runs)
      all.insert(all.end(), runs.begin(), runs.end());
    table.rows.push_back(
        {rule.label,
         short_number(kRates[rule.best()]) +
             (rule.best() % (kRates.size() - 1) == 0 ? ", the grid's edge"
                                                     : ""),
         mean_text(last_of(rule.best_runs(), &ImageEpoch::test_accuracy)),
         mean_text(last_of(rule.best_runs(), &ImageEpoch::loss), 3),
         short_number(mean), diverged_text(all)});
  }
  return table;
}

report::Table sure_table(const std::vector<Sure>& sure) {
  report::Table table{
      .title =
          "Weights with F'(eta) < F'(0) / 10, continued from a common "
          "state",
      .columns = {"seed", "share of all weights %", "flips by mirror descent",
                  "flips through the proxy"}};
  for (size_t s = 0; s < sure.size(); ++s)
    table.rows.push_back({std::to_string(s + 1),
                          short_number(100 * sure[s].share),
                          short_number(sure[s].mirror_flips),
                          short_number(sure[s].proxy_flips)});
  return table;
}

Findings run(const ExperimentContext& context) {
  const auto images =
      load_images(context.images, context.pick(6000, 0), context.pick(5000, 0));
  std::vector<Rule> rules{
      {"mirror descent (KL)",
       "mirror-descent(divergence=kl, direction=momentum)"},
      {"through the proxy",
       "mirror-descent(divergence=kl, gradient=proxy, direction=momentum)", 4},
      {"clipping", "binaryconnect(clip=1, direction=momentum)"}};
  const double total = static_cast<double>(context.seeds) *
                       static_cast<double>(rules.size() * kRates.size());
  double done = 0;
  std::vector<Sure> sure;
  for (int64_t seed = 0; seed < context.seeds; ++seed) {
    Common common;
    for (auto& rule : rules)
      for (size_t r = 0; r < kRates.size(); ++r, ++done) {
        const auto recipe = recipe_of(context, images, rule.spelling,
                                      kRates[r] * rule.scale, seed);
        const int64_t epochs = recipe.train.epochs, middle = epochs / 2;
        TrainingRun run(recipe, images.train);
        run.start();
        const auto tell = [&](double from, double share) {
          context.done((done + (from + share) / 2) / total);
        };
        auto trace = train_on_images(run, images, 1, middle,
                                     [&](double share) { tell(0, share); });
        if (&rule == &rules[0] && r == kCommon) {
          for (const auto& [name, value] : network_state(run.network()))
            common.state[name] = value.clone();
          common.rate = run.rate();
        }
        if (trace.back().diverged)
          trace.resize(static_cast<size_t>(epochs), trace.back());
        else
          for (const auto& epoch :
               train_on_images(run, images, middle + 1, epochs,
                               [&](double share) { tell(1, share); }))
            trace.push_back(epoch);
        rule.runs[r].push_back(std::move(trace));
      }
    const auto recipe = recipe_of(context, images, "", 1, seed);
    sure.push_back(compare_sure(recipe, images, common, rules[0], rules[1],
                                (recipe.train.epochs + 1) / 2));
  }
  const auto accuracy = [&](size_t i) {
    return last_of(rules[i].best_runs(), &ImageEpoch::test_accuracy);
  };
  auto flips = epoch_chart(rules, "Weights that change their sign in a step",
                           "share", &ImageEpoch::flips);
  flips.log_y = true;
  auto curves =
      epoch_chart(rules, "Test accuracy", "%", &ImageEpoch::test_accuracy);
  curves.note = "Each rule at the rate with its least training loss.";
  const auto recipe = recipe_of(context, images, "", 1, 0);
  return {
      .settings =
          {{"network",
            context.pick<std::string>("784-200-200-10", "784-500-500-10") +
                ", binary weights, batch norm, units {-1, +1} under logistic "
                "noise, trained by st"},
           {"images", std::to_string(images.train.size()) + " to train, " +
                          std::to_string(images.test.size()) + " to test"},
           {"training", std::to_string(recipe.train.epochs) +
                            " epochs of batches of 100, momentum 0.9, cosine"},
           {"rates",
            "such that a weight of mean 0 steps by 1, 3, 10 or 30 times "
            "dL/dw at first; of them that with the least training loss"},
           {"sure weights",
            "those of the mirror run of 30 after half of its epochs, continued "
            "for as many by either rule at the constant rate that it had"},
           {"runs that diverge", kDivergedCountAs}},
      .measured = {{"euclidean",
                    computed(clipping_difference(context.random(0), 100000))},
                   {"identity", paired_difference(accuracy(0), accuracy(1))},
                   {"no-clipping", paired_difference(accuracy(0), accuracy(2))},
                   {"freezes", flips_ratio(sure)}},
      .differs =
          "Of the source no more than the abstract and the introduction could "
          "be read; its experiments are not known. The derivation is of "
          "Bernoulli weights; here a forward pass has their signs.",
      .blocks = {curves,
                 epoch_chart(rules, "Training loss", "mean cross-entropy, nats",
                             &ImageEpoch::loss),
                 flips, rate_chart(rules), table_of(rules), sure_table(sure)}};
}

const Registered<Experiment> entry{{
    .name = "latent-weights",
    .title = "Latent weights as mirror descent",
    .summary =
        "Behind each binary weight stands a latent one that collects "
        "gradients. Read as mirror descent over the probability that the "
        "weight is +1, the gradient goes to it as it is, without a clip; "
        "descent through the proxy multiplies by its derivative, and clipping "
        "is mirror descent by another divergence.",
    .source = kShekhovtsovYanush2021,
    .claims =
        {{.id = "euclidean",
          .sentence = "Latent weights that are clipped to [-1, 1] are mirror "
                      "descent with the Euclidean divergence.",
          .where = "derived here",
          .measured = "greatest difference between the clipped step and a "
                      "numerical minimum of the mirror step's objective",
          .holds = {.to = 1e-7}},
         {.id = "identity",
          .sentence = "Identity straight-through on latent weights, the mirror "
                      "step, trains at least as well as descent through the "
                      "proxy.",
          .where = "derived here",
          .measured = "difference of the test accuracies, points",
          .holds = {.from = 0}},
         {.id = "no-clipping",
          .sentence = "It needs no clipping to be as accurate.",
          .where = "derived here",
          .measured = "its test accuracy less that with clipping, points; the "
                      "margin of half a point is ours",
          .holds = {.from = -0.5}},
         {.id = "freezes",
          .sentence = "Through the proxy, weights that are sure of their sign "
                      "hardly move: fewer flip.",
          .where = "derived here",
          .measured =
              "log10 of the ratio of the numbers of sure weights that "
              "end with the other sign, from a common state on, with "
              "equal steps at eta = 0; 0.5 added to both, seeds without any "
              "left out",
          .holds = {.to = 0}}},
    .cost = {.quick = 75, .normal = 3600},
    .run = run,
}};

}  // namespace
}  // namespace signet
