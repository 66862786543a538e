// Figure 1: noise families, the proxies that they derive, their densities.

#include "signet/core/draw_units.h"
#include "signet/core/noise.h"
#include "signet/core/papers.h"
#include "signet/core/torch.h"
#include "signet/experiments/experiment.h"
#include "signet/experiments/papers/charts.h"

namespace signet {
namespace {

using at::Tensor;

/// What the literature put in the place of the step's derivative by hand.
struct KnownProxy {
  const Noise& noise;
  std::string name;
  Tensor (*value)(const Tensor& a);
};

const std::vector<KnownProxy>& known_proxies() {
  static const std::vector<KnownProxy> proxies = {
      {logistic_noise(), "tanh", [](const Tensor& a) { return a.tanh(); }},
      {uniform_noise(), "clipped identity",
       [](const Tensor& a) { return a.clamp(-1, 1); }},
      {triangular_noise(), "ApproxSign, stretched by 2",
       [](const Tensor& a) {
         const auto t = (a / 2).clamp(-1, 1);
         return 2 * t - t * t.abs();
       }},
      {gaussian_noise(), "erf",
       [](const Tensor& a) {
         return (a * std::sqrt(std::acos(-1)) / 2).erf();
       }},
      {laplace_noise(), "softsign of exponentials",
       [](const Tensor& a) { return a.sign() * -(-a.abs()).expm1(); }},
      {cauchy_noise(), "arctangent", [](const Tensor& a) {
         return (a * std::acos(-1) / 2).atan() * 2 / std::acos(-1);
       }}};
  return proxies;
}

constexpr int64_t kPoints = 13, kDraws = 25000;  ///< kDraws at each point

/// The means of drawn units against a proxy.
struct Drawn {
  Tensor a, mean;
  double largest_z = 0;
};

Drawn draw(const KnownProxy& known, const RandomStream& random) {
  Drawn drawn;
  drawn.a = torch::linspace(-1.5, 1.5, kPoints);
  drawn.mean =
      draw_units(drawn.a.expand({kDraws, kPoints}), known.noise, -1, 1, random)
          .to(torch::kDouble)
          .mean(0);
  const auto expected = known.value(drawn.a.to(torch::kDouble));
  const auto error =
      ((1 - expected.square()) / static_cast<double>(kDraws)).sqrt();
  const auto difference = (drawn.mean - expected).abs();
  // Where the proxy is -1 or 1 there is no chance: any difference is infinite.
  drawn.largest_z =
      torch::where(difference == 0, difference, difference / error)
          .max()
          .item<double>();
  return drawn;
}

Findings run(const ExperimentContext& context) {
  const auto a = torch::linspace(-3, 3, 241, at::kDouble);
  report::LineChart proxies{
      .title = "Proxy 2F(a) - 1", .x_label = "a", .y_label = "mean of a unit"};
  report::LineChart densities{
      .title = "Its derivative 2F'(a)", .x_label = "a", .y_label = "2F'"};
  report::Series means{.label = "drawn units", .line = false};
  double difference = 0, slope = 0, largest_z = 0;
  uint32_t family = 0;
  for (const auto& known : known_proxies()) {
    const auto derived = proxy(known.noise, a);
    difference = std::max(
        difference, (derived - known.value(a)).abs().max().item<double>());
    const auto zero = torch::zeros({1}, at::kDouble);
    slope = std::max(
        slope, std::abs(2 * known.noise.density(zero).item<double>() - 1));
    const auto drawn =
        draw(known, context.random(0).site(RandomUse::measurement, family++));
    largest_z = std::max(largest_z, drawn.largest_z);
    for (const double x : to_vector(drawn.a)) means.x.push_back(x);
    for (const double y : to_vector(drawn.mean)) means.y.push_back(y);
    const auto label = known.noise.name + ": " + known.name;
    proxies.series.push_back(
        {.label = label, .x = to_vector(a), .y = to_vector(derived)});
    densities.series.push_back({.label = label,
                                .x = to_vector(a),
                                .y = to_vector(2 * known.noise.density(a))});
  }
  proxies.series.push_back(means);
  return {.settings = {{"noise", "all six families, scaled so that 2F'(0) = 1"},
                       {"points", "241 on [-3, 3]"},
                       {"drawn",
                        "25000 units at each of 13 points on [-1.5, "
                        "1.5], 1.95 million in all"}},
          .measured = {{"derived", computed(difference)},
                       {"drawn", computed(largest_z)},
                       {"scaled", computed(slope)}},
          .blocks = {proxies, densities}};
}

const Registered<Experiment> entry{{
    .name = "noise-and-proxies",
    .title = "Noise, proxy and density",
    .summary =
        "A unit x = sign(a - z) with noise z ~ F has the mean 2F(a) - 1. Its "
        "derivative 2F'(a) is what straight-through multiplies by, so choosing "
        "the noise derives the functions that were chosen by hand.",
    .source = kShekhovtsovYanush2021,
    .claims =
        {{.id = "derived",
          .sentence = "The proxies of the literature are means of units under "
                      "some noise: tanh, Htanh, ApproxSign, erf.",
          .where = "figure 1; erf derived here",
          .measured = "greatest difference between 2F(a) - 1 and the known "
                      "proxy",
          .holds = {.to = 1e-12}},
         {.id = "drawn",
          .sentence = "So units that are drawn under that noise have them as "
                      "their means.",
          .where = "figure 1; the test is ours",
          .measured = "greatest |z| of 78 means, 6 families at 13 points; by "
                      "chance beyond 4.37 once in 1000 runs",
          .holds = {.to = 4.37}},
         {.id = "scaled",
          .sentence = "Noise can be scaled so that every proxy starts as the "
                      "identity.",
          .where = "figure 1",
          .measured = "greatest |2F'(0) - 1|",
          .holds = {.to = 1e-12}}},
    .on_images = false,
    .cost = {.quick = 0.1, .normal = 0.1},
    .run = run,
}};

}  // namespace
}  // namespace signet
