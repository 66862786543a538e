// Figure 1: noise families, the proxies that they derive, their densities.

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

Findings run(const ExperimentContext&) {
  const auto a = torch::linspace(-3, 3, 241, at::kDouble);
  report::LineChart proxies{
      .title = "Proxy 2F(a) - 1", .x_label = "a", .y_label = "mean of a unit"};
  report::LineChart densities{
      .title = "Its derivative 2F'(a)", .x_label = "a", .y_label = "2F'"};
  double difference = 0, slope = 0;
  for (const auto& known : known_proxies()) {
    const auto derived = proxy(known.noise, a);
    difference = std::max(
        difference, (derived - known.value(a)).abs().max().item<double>());
    const auto zero = torch::zeros({1}, at::kDouble);
    slope = std::max(
        slope, std::abs(2 * known.noise.density(zero).item<double>() - 1));
    const auto label = known.noise.name + ": " + known.name;
    proxies.series.push_back(
        {.label = label, .x = to_vector(a), .y = to_vector(derived)});
    densities.series.push_back({.label = label,
                                .x = to_vector(a),
                                .y = to_vector(2 * known.noise.density(a))});
  }
  return {.settings = {{"noise", "all six families, scaled so that 2F'(0) = 1"},
                       {"points", "241 on [-3, 3]"}},
          .measured = {{"derived", computed(difference)},
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
          .where = "figure 1",
          .measured = "greatest difference between 2F(a) - 1 and the known "
                      "proxy",
          .holds = {.to = 1e-12}},
         {.id = "scaled",
          .sentence = "Noise can be scaled so that every proxy starts as the "
                      "identity.",
          .where = "figure 1",
          .measured = "greatest |2F'(0) - 1|",
          .holds = {.to = 1e-12}}},
    .cost = {.quick = 0.1, .normal = 0.1},
    .run = run,
}};

}  // namespace
}  // namespace signet
