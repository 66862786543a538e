// Coarse gradient descent on the two-layer model: where identity, ReLU and
// clipped ReLU lead, from anywhere and from near a minimum that is not global.

#include <algorithm>
#include <cmath>
#include <numbers>

#include "signet/core/torch.h"
#include "signet/experiments/experiment.h"
#include "signet/experiments/measurement_text.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/share.h"
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

/// A teacher, |v*| = 1, with a spurious minimum at which the identity's
/// gradient is not nearly 0, so 1 / 4 < (1'v*)^2 < (m + 1) / 2.
TwoLayerModel draw_teacher(const Random& random) {
  for (uint32_t attempt = 0;; attempt += 2) {
    auto v = normal(random, attempt, kUnits);
    v = v / length(v);
    const double square = std::pow(v.sum().item<double>(), 2);
    if (square > 0.25 && square < 0.5 * (kUnits + 1))
      return TwoLayerModel({v, normal(random, attempt + 1, kInputs)});
  }
}

/// A critical point, |w| = 1, moved by so much in a random direction.
TwoLayerPoint near(const TwoLayerModel& model, const CriticalPoint& critical,
                   const Random& random, double distance) {
  const auto point = point_at(model, critical, 1, normal(random, 1, kInputs));
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

/// What the teachers of one seed found of one estimator.
struct Found {
  double least_cosine = 1;  ///< of E g and the gradient in w, random points
  double random_ratio = 0;  ///< the greatest bound_ratio of the same points
  /// |E g| at the spurious minimum.
  double least_there = 1e9, greatest_there = 0;
  /// The greatest bound_ratio, by distance to a critical point.
  std::vector<double> ratio = {};
  /// Teachers for which a descent from a random start comes to rest; and one
  /// from near the spurious minimum comes to rest there, has |w| < 0.1 on its
  /// way, reaches the global minimum.
  int64_t settled = 0, stayed = 0, shrank = 0, solved = 0;
  std::vector<CoarseDescentRow> from_near = {}, from_afar = {};  ///< the first
};

constexpr double kRest = 0.01;  ///< |gradient| below which a descent rests

bool rests_at(const CoarseDescentRow& last, const CriticalPoint& critical) {
  return std::abs(last.loss - critical.loss) < 0.01 * critical.loss &&
         last.angle > critical.theta - 0.1 && last.gradient < kRest;
}

/// At points all over the place, |v| and |w| about 1.
void look_around(const TwoLayerModel& model, const CoarseGradient& coarse,
                 const Random& random, uint32_t points, Found& found) {
  for (uint32_t i = 0; i < points; ++i) {
    const TwoLayerPoint at{normal(random, 2 * i, kUnits),
                           normal(random, 2 * i + 1, kInputs)};
    const auto gradient = model.gradient(at).w;
    const auto g = coarse.expected(model, at);
    found.least_cosine =
        std::min(found.least_cosine,
                 dot_of(g, gradient) / (length(g) * length(gradient)));
    found.random_ratio =
        std::max(found.random_ratio, bound_ratio(model, coarse, at));
  }
}

struct Plan {
  int64_t teachers, steps;
  uint32_t points;  ///< all over the place, of each teacher
  std::vector<double> distances{0.1, 0.03, 0.01, 0.003, 0.001};
};

Found examine(const CoarseGradient& coarse, const Random& random,
              const Plan& plan) {
  Found found{.ratio = std::vector<double>(plan.distances.size())};
  for (int64_t t = 0; t < plan.teachers; ++t) {
    const auto source = random.replica(static_cast<uint32_t>(t));
    const auto model = draw_teacher(source);
    const auto critical = critical_points(model);
    const auto& spurious = critical.back();
    look_around(model, coarse, source.branch(1), plan.points, found);
    const double there =
        length(coarse.expected(model, near(model, spurious, source, 0)));
    found.least_there = std::min(found.least_there, there);
    found.greatest_there = std::max(found.greatest_there, there);
    for (size_t i = 0; i < found.ratio.size(); ++i)
      for (const auto& point : critical)
        found.ratio[i] = std::max(
            found.ratio[i], bound_ratio(model, coarse,
                                        near(model, point, source.branch(2),
                                             plan.distances[i])));
    const CoarseDescentOptions options{.steps = plan.steps,
                                       .every = plan.steps / 200};
    const auto from_near = coarse_descent(
        model, near(model, spurious, source.branch(3), kNear), coarse, options);
    const auto generic = source.branch(4);
    const auto from_afar = coarse_descent(
        model, {normal(generic, 0, kUnits), normal(generic, 1, kInputs)},
        coarse, options);
    const auto& end = from_near.rows.back();
    found.stayed += rests_at(end, spurious);
    found.shrank += std::any_of(from_near.rows.begin(), from_near.rows.end(),
                                [](const auto& r) { return r.length < 0.1; });
    found.solved += end.loss < 0.01 * spurious.loss;
    found.settled += from_afar.rows.back().gradient < kRest;
    if (t > 0) continue;
    found.from_near = from_near.rows;
    found.from_afar = from_afar.rows;
  }
  return found;
}

/// found[estimator][seed]
using AllFound = std::vector<std::vector<Found>>;

/// The least and the greatest of a value over seeds.
std::pair<double, double> range_of(const std::vector<Found>& found,
                                   double Found::*value) {
  const auto [low, high] = std::minmax_element(
      found.begin(), found.end(),
      [&](const auto& a, const auto& b) { return a.*value < b.*value; });
  return {(*low).*value, (*high).*value};
}

/// Of all teachers of all seeds.
Statistic share(const std::vector<Found>& found, const Plan& plan,
                int64_t Found::*count) {
  int64_t sum = 0;
  for (const auto& f : found) sum += f.*count;
  return share_of(sum, plan.teachers * static_cast<int64_t>(found.size()));
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
      .x_label = "distance to a critical point",
      .y_label = "|E g|^2 / (|df/dv|^2 + <E g, df/dw>)",
      .log_x = true,
      .log_y = true,
      .note =
          "Bounded: the step vanishes wherever the loss is at rest. The "
          "greatest of all teachers and critical points of a seed."};
  report::Table table{
      .title = "Teachers of all seeds",
      .columns = {""},
      .rows = {{"at rest in the end, from a random start, %"},
               {"at rest at the spurious minimum, from near it, %"},
               {"|w| < 0.1 on the way, %"},
               {"loss 0 in the end, %"},
               {"least cosine with the gradient, random points"},
               {"greatest ratio, random points"},
               {"|E g| at the spurious minimum"}}};
  for (size_t i = 0; i < all.size(); ++i) {
    const auto& name = coarse_gradients()[i].name;
    std::vector<std::vector<double>> rows;
    for (const auto& f : all[i]) rows.push_back(f.ratio);
    ratio.series.push_back(curve_over_seeds(name, plan.distances, rows));
    table.columns.push_back(name);
    size_t row = 0;
    const auto add = [&](const std::string& text) {
      table.rows[row++].push_back(text);
    };
    for (const auto count :
         {&Found::settled, &Found::stayed, &Found::shrank, &Found::solved})
      add(short_number(100 * share(all[i], plan, count).value));
    add(short_number(range_of(all[i], &Found::least_cosine).first));
    add(short_number(range_of(all[i], &Found::random_ratio).second));
    add(short_number(range_of(all[i], &Found::least_there).first) + " to " +
        short_number(range_of(all[i], &Found::greatest_there).second));
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
  const Plan plan{.teachers = context.pick<int64_t>(20, 50),
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
  const auto exponents = [&](const std::vector<Found>& found) {
    std::vector<double> values;
    for (const auto& f : found)
      values.push_back(fitted_exponent(plan.distances, f.ratio));
    return mean_over_seeds(values);
  };
  const auto &identity = all[0], &relu = all[1], &clipped = all[2];
  // What is claimed of both rectifiers is decided by the worse one.
  const auto lesser_share = [&](int64_t Found::*count) {
    return least_of({share(relu, plan, count), share(clipped, plan, count)});
  };
  return {
      .settings = {{"model",
                    "y = v' s(Z w), m = 4 units, n = 3 inputs, "
                    "Gaussian; all means in closed form"},
                   {"teachers", std::to_string(plan.teachers) +
                                    " a seed, |v*| = 1, with a spurious "
                                    "minimum"},
                   {"random points",
                    std::to_string(plan.points) + " of each teacher, normal"},
                   {"descent", "rate 0.05, " + std::to_string(plan.steps) +
                                   " steps of mean gradients"},
                   {"near", "0.1 from the spurious minimum, |w| = 1"},
                   {"rests there",
                    "the loss within 1 % of that minimum's, theta > pi - 0.1, "
                    "|mean coarse gradient| < 0.01"}},
      .measured =
          {{"correlation",
            computed(std::min(range_of(relu, &Found::least_cosine).first,
                              range_of(clipped, &Found::least_cosine).first))},
           {"vanishes", computed(std::max(
                            range_of(relu, &Found::greatest_there).second,
                            range_of(clipped, &Found::greatest_there).second))},
           {"identity-remains",
            computed(range_of(identity, &Found::least_there).first)},
           {"bounded", least_of({exponents(relu), exponents(clipped)})},
           {"identity-unbounded", exponents(identity)},
           {"converges", lesser_share(&Found::settled)},
           {"rests", lesser_share(&Found::stayed)},
           {"repelled", share(identity, plan, &Found::stayed)}},
      .differs =
          "The source's rates and starts are not known. Teachers are drawn "
          "until (1'v*)^2 is between 1 / 4, so that the identity's gradient is "
          "not nearly 0 at the spurious minimum, and (m + 1) / 2, above which "
          "there is none.",
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
          .where = "lemmas on the correlation; recalled",
          .measured = "least cosine over random points, which no "
                      "number of them proves",
          .holds = {.from = 0}},
         {.id = "vanishes",
          .sentence = "At a spurious minimum the coarse gradients of ReLU and "
                      "clipped ReLU are 0.",
          .where = "lemmas on the critical points; recalled",
          .measured = "greatest |E g| there",
          .holds = {.to = 1e-9}},
         {.id = "identity-remains",
          .sentence = "That of the identity is not 0 there.",
          .where = "section on the identity; recalled",
          .measured = "least |E g| there; what is not 0 is ours",
          .holds = {.from = 1e-3}},
         {.id = "bounded",
          .sentence = "|E g|^2 is bounded by a constant times |df/dv|^2 + "
                      "<E g, df/dw> for ReLU and clipped ReLU.",
          .where = "lemmas on the descent; recalled",
          .measured = "exponent of the greatest ratio in the distance to a "
                      "critical point, the lesser of both; the margin of 0.1 "
                      "is ours",
          .holds = {.from = -0.1}},
         {.id = "identity-unbounded",
          .sentence = "There is no such bound for the identity.",
          .where = "section on the identity; recalled",
          .measured = "exponent of the ratio in that distance; the margin of "
                      "0.5 is ours",
          .holds = {.to = -0.5}},
         {.id = "converges",
          .sentence = "Descent along ReLU and clipped ReLU comes to rest at a "
                      "critical point from random starts.",
          .where = "theorem on the convergence, recalled; shares are ours",
          .measured = "share of starts with |gradient| < 0.01 at the end, the "
                      "lesser of both",
          .holds = {.from = 0.9}},
         {.id = "rests",
          .sentence = "From near a spurious minimum they come to rest at it.",
          .where = "theorem on the convergence, recalled; shares are ours",
          .measured = "share of starts that rest there, the lesser of both",
          .holds = {.from = 0.9}},
         {.id = "repelled",
          .sentence = "The identity is driven away from it.",
          .where = "section on the identity, recalled; the share is ours",
          .measured = "share of starts that rest there",
          .holds = {.to = 0.1}}},
    .on_images = false,
    .cost = {.quick = 44, .normal = 800},
    .run = run,
}};

}  // namespace
}  // namespace signet
