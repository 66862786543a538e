// Coarse gradient descent on the two-layer model: where identity, ReLU and
// clipped ReLU lead, from anywhere and from near a minimum that is not global.

#include <algorithm>
#include <cmath>
#include <numbers>

#include "signet/core/torch.h"
#include "signet/experiments/experiment.h"
#include "signet/experiments/measurement_text.h"
#include "signet/experiments/papers/charts.h"
#include "signet/measure/two_layer_model.h"
#include "signet/models/yin2019.h"

namespace signet {
namespace {

constexpr int64_t kUnits = 4, kInputs = 3;  ///< m and n
constexpr double kNear = 0.1;  ///< how far from the spurious minimum

/// Independent normal numbers.
Tensor normal(const Random& random, uint32_t index, int64_t n) {
  const auto u =
      random.site(RandomUse::measurement, index).uniform({n}, at::kDouble);
  return std::sqrt(2.0) * torch::erfinv(2 * u - 1);
}

double dot_of(const Tensor& a, const Tensor& b) {
  return a.dot(b).item<double>();
}
double length(const Tensor& a) { return a.norm().item<double>(); }

/// A teacher with a spurious minimum at which the identity's gradient is not
/// nearly 0, so 0.25 |v*|^2 < (1'v*)^2 < (m + 1) / 2 |v*|^2.
TwoLayerModel draw_teacher(const Random& random) {
  for (uint32_t attempt = 0;; attempt += 2) {
    const auto v = normal(random, attempt, kUnits);
    const double share = std::pow(v.sum().item<double>(), 2) / dot_of(v, v);
    if (share > 0.25 && share < 0.5 * (kUnits + 1))
      return TwoLayerModel({v, normal(random, attempt + 1, kInputs)});
  }
}

/// The point of the spurious minimum, |w| = 1, moved by so much in a random
/// direction.
TwoLayerPoint near_spurious(const TwoLayerModel& model, const Random& random,
                            double distance) {
  auto point = point_at(model, critical_points(model).back(), 1,
                        torch::ones({kInputs}, at::kDouble));
  const auto step = normal(random, 0, kUnits + kInputs);
  const auto scaled = step * (distance / length(step));
  return {point.v + scaled.narrow(0, 0, kUnits),
          point.w + scaled.narrow(0, kUnits, kInputs)};
}

/// |E g|^2 over |gradient in v|^2 + <E g, gradient in w>.
double bound_ratio(const TwoLayerModel& model, const CoarseGradient& coarse,
                   const TwoLayerPoint& at) {
  const auto gradient = model.gradient(at);
  const auto g = coarse.expected(model, at);
  return dot_of(g, g) /
         (dot_of(gradient.v, gradient.v) + dot_of(g, gradient.w));
}

/// What one seed found of one estimator.
struct Found {
  double least_cosine = 1;         ///< of E g and the gradient in w
  double at_spurious = 0;          ///< |E g| there: the least of identity, else
                                   ///< the greatest
  double settled = 0;              ///< share of generic starts at rest
  double stayed = 0;               ///< share of starts near it that end there
  std::vector<double> ratio = {};  ///< median over teachers, by distance
  std::vector<CoarseDescentRow> from_near = {}, from_afar = {};
};

bool rests_at(const CoarseDescentRow& last, const CriticalPoint& critical) {
  return std::abs(last.loss - critical.loss) < 1e-3 &&
         std::abs(last.angle - critical.theta) < 0.1;
}

bool is_identity(const CoarseGradient& coarse) {
  return coarse.name == "identity";
}

/// At points all over the place, |v| and |w| about 1.
double least_cosine(const TwoLayerModel& model, const CoarseGradient& coarse,
                    const Random& random, uint32_t points) {
  double least = 1;
  for (uint32_t i = 0; i < points; ++i) {
    const TwoLayerPoint at{normal(random, 2 * i, kUnits),
                           normal(random, 2 * i + 1, kInputs)};
    const auto gradient = model.gradient(at).w;
    const auto g = coarse.expected(model, at);
    least =
        std::min(least, dot_of(g, gradient) / (length(g) * length(gradient)));
  }
  return least;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Plan {
  int64_t teachers, steps;
  uint32_t points;  ///< for the cosine
  std::vector<double> distances{0.1, 0.03, 0.01, 0.003, 0.001};
};

Found examine(const CoarseGradient& coarse, const Random& random,
              const Plan& plan) {
  Found found;
  if (is_identity(coarse)) found.at_spurious = 1e9;
  std::vector<std::vector<double>> ratios(plan.distances.size());
  const double share = 1 / static_cast<double>(plan.teachers);
  for (int64_t t = 0; t < plan.teachers; ++t) {
    const auto source = random.replica(static_cast<uint32_t>(t));
    const auto model = draw_teacher(source);
    const auto critical = critical_points(model);
    found.least_cosine =
        std::min(found.least_cosine,
                 least_cosine(model, coarse, source.branch(1), plan.points));
    const double at_spurious =
        length(coarse.expected(model, near_spurious(model, source, 0)));
    found.at_spurious = is_identity(coarse)
                            ? std::min(found.at_spurious, at_spurious)
                            : std::max(found.at_spurious, at_spurious);
    for (size_t i = 0; i < ratios.size(); ++i)
      ratios[i].push_back(bound_ratio(
          model, coarse,
          near_spurious(model, source.branch(2), plan.distances[i])));
    const CoarseDescentOptions options{.steps = plan.steps,
                                       .every = plan.steps / 200};
    const auto near = coarse_descent(
        model, near_spurious(model, source.branch(3), kNear), coarse, options);
    const auto generic = source.branch(4);
    const auto afar = coarse_descent(
        model, {normal(generic, 0, kUnits), normal(generic, 1, kInputs)},
        coarse, options);
    if (rests_at(near.rows.back(), critical.back())) found.stayed += share;
    if (afar.rows.back().gradient < 1e-2) found.settled += share;
    if (t > 0) continue;
    found.from_near = near.rows;
    found.from_afar = afar.rows;
  }
  for (const auto& at_distance : ratios)
    found.ratio.push_back(median(at_distance));
  return found;
}

/// found[estimator][seed]
using AllFound = std::vector<std::vector<Found>>;

template <class Value>
std::vector<double> values(const std::vector<Found>& found,
                           const Value& value) {
  std::vector<double> all;
  for (const auto& f : found) all.push_back(value(f));
  return all;
}

template <class Value>
report::LineChart trace_chart(const std::string& title,
                              const std::string& y_label, const AllFound& all,
                              std::vector<CoarseDescentRow> Found::*rows,
                              const Value& value) {
  report::LineChart chart{
      .title = title, .x_label = "step", .y_label = y_label};
  for (size_t i = 0; i < all.size(); ++i) {
    // Lines that coincide show through each other.
    report::Series series{.label = coarse_gradients()[i].name,
                          .dashed = i % 2 == 1};
    for (const auto& row : all[i][0].*rows) {
      if (std::isnan(row.angle)) continue;  // w = 0 has none
      series.x.push_back(static_cast<double>(row.step));
      series.y.push_back(value(row));
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

std::vector<report::Block> blocks(const AllFound& all, const Plan& plan) {
  const auto loss = [](const auto& row) { return row.loss; };
  const auto angle = [](const auto& row) {
    return row.angle * 180 / std::numbers::pi;
  };
  const auto gradient = [](const auto& row) { return row.gradient; };
  auto near = trace_chart("Loss, from near the spurious minimum",
                          "E (y - y*)^2 / 2", all, &Found::from_near, loss);
  near.note =
      "ReLU and clipped ReLU rest where they are; identity is driven away.";
  auto norm = trace_chart("Coarse gradient, from near the spurious minimum",
                          "norm, in v and w together", all, &Found::from_near,
                          gradient);
  norm.log_y = true;
  auto far_norm = trace_chart("Coarse gradient, from a random start",
                              "norm, in v and w together", all,
                              &Found::from_afar, gradient);
  far_norm.log_y = true;
  report::LineChart ratio{
      .title = "What a descent needs to converge",
      .x_label = "distance to the spurious minimum",
      .y_label = "|E g|^2 / (|df/dv|^2 + <E g, df/dw>)",
      .log_x = true,
      .log_y = true,
      .note =
          "Bounded: the step vanishes wherever the loss is at rest. "
          "Medians over teachers."};
  report::Table table{.title = "Seeds together",
                      .columns = {"estimator", "at rest from a random start %",
                                  "stays at the spurious minimum %",
                                  "least cosine with the gradient",
                                  "|E g| at the spurious minimum"}};
  for (size_t i = 0; i < all.size(); ++i) {
    const auto& name = coarse_gradients()[i].name;
    ratio.series.push_back(curve_over_seeds(name, plan.distances, [&] {
      std::vector<std::vector<double>> rows;
      for (const auto& f : all[i]) rows.push_back(f.ratio);
      return rows;
    }()));
    const auto cosines =
        values(all[i], [](const Found& f) { return f.least_cosine; });
    const auto norms =
        values(all[i], [](const Found& f) { return f.at_spurious; });
    table.rows.push_back(
        {name,
         mean_text(
             values(all[i], [](const Found& f) { return 100 * f.settled; }), 1),
         mean_text(
             values(all[i], [](const Found& f) { return 100 * f.stayed; }), 1),
         short_number(*std::min_element(cosines.begin(), cosines.end())),
         i == 0 ? "at least " + short_number(*std::min_element(norms.begin(),
                                                               norms.end()))
                : "at most " + short_number(*std::max_element(norms.begin(),
                                                              norms.end()))});
  }
  return {
      near,
      trace_chart("Angle, from near the spurious minimum",
                  "between w and w*, degrees", all, &Found::from_near, angle),
      trace_chart("Length of w, from near the spurious minimum", "|w|", all,
                  &Found::from_near,
                  [](const auto& row) { return row.length; }),
      norm,
      trace_chart("Loss, from a random start", "E (y - y*)^2 / 2", all,
                  &Found::from_afar, loss),
      far_norm,
      ratio,
      table};
}

Findings run(const ExperimentContext& context) {
  const Plan plan{.teachers = context.pick<int64_t>(20, 100),
                  .steps = context.pick<int64_t>(2000, 10000),
                  .points = context.pick<uint32_t>(100, 1000)};
  const auto& estimators = coarse_gradients();
  AllFound all(estimators.size());
  double done = 0;
  for (int64_t seed = 0; seed < context.seeds; ++seed)
    for (size_t i = 0; i < estimators.size(); ++i) {
      all[i].push_back(examine(estimators[i], context.random(seed), plan));
      context.done(++done /
                   static_cast<double>(context.seeds * estimators.size()));
    }
  const auto exponent = [&](const Found& f) {
    return fitted_exponent(plan.distances, f.ratio);
  };
  // Of both rectifiers, seed by seed, the worse one.
  const auto of_both = [&](const auto& value, bool larger) {
    std::vector<double> worse;
    for (size_t s = 0; s < all[1].size(); ++s) {
      const double a = value(all[1][s]), b = value(all[2][s]);
      worse.push_back(larger ? std::max(a, b) : std::min(a, b));
    }
    return worse;
  };
  const auto least = [](const std::vector<double>& v) {
    return *std::min_element(v.begin(), v.end());
  };
  const auto greatest = [](const std::vector<double>& v) {
    return *std::max_element(v.begin(), v.end());
  };
  const auto cosine = [](const Found& f) { return f.least_cosine; };
  const auto norm = [](const Found& f) { return f.at_spurious; };
  const auto stayed = [](const Found& f) { return f.stayed; };
  const auto settled = [](const Found& f) { return f.settled; };
  return {
      .settings = {{"model",
                    "y = v' s(Z w), m = 4 units, n = 3 inputs, "
                    "Gaussian; all means in closed form"},
                   {"teachers",
                    std::to_string(plan.teachers) +
                        " a seed, with a spurious minimum, (1'v*)^2 > |v*|^2 "
                        "/ 4"},
                   {"descent", "rate 0.05, " + std::to_string(plan.steps) +
                                   " steps of mean gradients"},
                   {"near", "0.1 from the spurious minimum, |w| = 1"}},
      .measured = {{"correlation", computed(least(of_both(cosine, false)))},
                   {"vanishes", computed(greatest(of_both(norm, true)))},
                   {"identity-remains", computed(least(values(all[0], norm)))},
                   {"bounded", mean_over_seeds(of_both(exponent, false))},
                   {"identity-unbounded",
                    mean_over_seeds(values(all[0], exponent))},
                   {"converges", mean_over_seeds(of_both(settled, false))},
                   {"rests", mean_over_seeds(of_both(stayed, false))},
                   {"repelled", mean_over_seeds(values(all[0], stayed))}},
      .differs = "The source's rates and starts are not known.",
      .blocks = blocks(all, plan)};
}

const Registered<Experiment> entry{{
    .name = "coarse-gradient-descent",
    .title = "Coarse gradient descent on the two-layer model",
    .summary =
        "A network of two layers with steps between them learns one of its "
        "kind. The step has no gradient, so that of the identity, of a ReLU "
        "or of a clipped ReLU stands in for it. All three point downhill, but "
        "only those of the rectifiers vanish where the loss is at rest.",
    .source = kYinLyu2019,
    .claims =
        {{.id = "correlation",
          .sentence = "On average the coarse gradients of ReLU and clipped "
                      "ReLU have no negative correlation with the gradient.",
          .where = "lemmas on the correlation",
          .measured = "least cosine over random points",
          .holds = {.from = 0}},
         {.id = "vanishes",
          .sentence = "At a spurious minimum the coarse gradients of ReLU and "
                      "clipped ReLU are 0.",
          .where = "lemmas on the critical points",
          .measured = "greatest |E g| there",
          .holds = {.to = 1e-9}},
         {.id = "identity-remains",
          .sentence = "That of the identity is not 0 there.",
          .where = "section on the identity",
          .measured = "least |E g| there",
          .holds = {.from = 1e-3}},
         {.id = "bounded",
          .sentence = "|E g|^2 is bounded by a constant times |df/dv|^2 + "
                      "<E g, df/dw> for ReLU and clipped ReLU.",
          .where = "lemmas on the descent",
          .measured = "exponent of the ratio in the distance to the spurious "
                      "minimum, the lesser of both",
          .holds = {.from = -0.1}},
         {.id = "identity-unbounded",
          .sentence = "There is no such bound for the identity.",
          .where = "section on the identity",
          .measured = "exponent of the ratio in that distance",
          .holds = {.to = -0.5}},
         {.id = "converges",
          .sentence = "Descent along ReLU and clipped ReLU comes to rest at a "
                      "critical point from random starts.",
          .where = "theorem on the convergence",
          .measured = "share of starts with |gradient| < 0.01 at the end, the "
                      "lesser of both",
          .holds = {.from = 0.9}},
         {.id = "rests",
          .sentence = "From near a spurious minimum they come to rest at it.",
          .where = "theorem on the convergence",
          .measured = "share of starts that end there, the lesser of both",
          .holds = {.from = 0.9}},
         {.id = "repelled",
          .sentence = "The identity is driven away from it.",
          .where = "section on the identity",
          .measured = "share of starts that end there",
          .holds = {.to = 0.1}}},
    .cost = {.quick = 38, .normal = 1600},
    .run = run,
}};

}  // namespace
}  // namespace signet
