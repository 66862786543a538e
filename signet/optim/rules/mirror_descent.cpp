// Mirror descent over the probabilities of binary weights.
//
//   theta = P(w = +1) = F(k eta),  w = sign(eta)
//   next theta = argmin <g, theta> + D(theta, theta_t) / rate
//                       + decay D(theta, prior)
//
// For D the Bregman divergence of the integral of eta over theta this is, by
// d D(theta, theta_t) / d theta = eta - eta_t, an additive step of eta:
//
//   eta <- (eta - rate g + rate decay prior) / (1 + rate decay)   implicit
//   eta <- (1 - rate decay) eta - rate g + rate decay prior       explicit
//
// (explicit: the last D linearised at theta_t), then clipped to where F is not
// yet 0 or 1. Over theta, g = 2 dL/dw; over the mean mu = 2 theta - 1, g =
// dL/dw. A momentum or Adam's direction takes the place of g.
// Shekhovtsov, Yanush 2021, arXiv:2006.06880.

#include <cmath>

#include "signet/core/draw_units.h"
#include "signet/core/latent_of_mean.h"
#include "signet/core/papers.h"
#include "signet/core/straight_through.h"
#include "signet/core/torch.h"
#include "signet/optim/descent.h"

namespace signet {
namespace {

/// A divergence by what the step needs of it.
struct Divergence {
  const Noise* noise;  ///< F
  double k = 1;        ///< P(w = +1) = F(k eta)
  double scale = 2;    ///< g = scale dL/dw: 2 over theta, 1 over the mean
  double bound = 0;    ///< where F(k eta) = 1; 0: nowhere
};

Divergence find_divergence(const std::string& name) {
  if (name == "kl") return {.noise = &logistic_noise(), .k = 0.5};
  if (name == "mean-kl") return {.noise = &logistic_noise(), .scale = 1};
  if (name == "euclidean")
    return {.noise = &uniform_noise(), .scale = 1, .bound = 1};
  const auto& noise = find_noise(name);
  const auto end =
      noise.quantile(torch::ones({}, torch::kDouble)).item<double>();
  return {.noise = &noise, .bound = std::isfinite(end) ? end : 0};
}

void check_arguments(const Arguments& a) {
  const double decay = a.number("decay"), prior = a.number("prior");
  check(decay > 0 || prior == 0, "mirror-descent",
        "prior must be 0 without decay, but got " + number_text(prior));
  const double bound = find_divergence(a.text("divergence")).bound;
  check(bound == 0 || std::abs(prior) <= bound, "mirror-descent",
        "prior must be in [" + number_text(-bound) + ", " + number_text(bound) +
            "] for divergence=" + a.text("divergence") + ", but got " +
            number_text(prior));
  check(decay == 0 || a.text("gradient") == "identity" ||
            a.text("decay_step") == "explicit",
        "mirror-descent",
        "decay_step must be explicit for gradient=proxy, which is no mirror "
        "step, but got implicit");
}

/// dL/deta of w = 2 F(k eta) - 1, with that of decay D(theta, prior).
Tensor proxy_descent(const StepContext& c, const Divergence& d, double decay,
                     double prior) {
  auto g = c.gradient;
  if (decay > 0) g = g + (c.parameter - prior) * (decay / d.scale);
  return proxy_gradient(c.parameter * d.k, *d.noise, 2 * d.k, g);
}

int64_t step(const StepContext& c) {
  torch::NoGradGuard no_gradient;
  const auto& a = c.arguments;
  const auto d = find_divergence(a.text("divergence"));
  const double decay = a.number("decay"), prior = a.number("prior");
  const auto direction = read_direction(a);
  if (a.text("gradient") == "proxy") {
    const auto g = proxy_descent(c, d, decay, prior);
    return descend({c.parameter, g, c.state, c.rate, c.step, a}, direction,
                   {.rate = c.rate, .bound = d.bound});
  }
  const double weight = c.rate * decay;
  if (a.text("decay_step") == "explicit") {
    check(weight <= 1, "mirror-descent",
          "rate * decay must be at most 1 for decay_step=explicit, but got " +
              number_text(weight));
    return descend(c, direction,
                   {.rate = c.rate,
                    .scale = d.scale,
                    .keep = 1 - weight,
                    .shift = weight * prior,
                    .bound = d.bound});
  }
  const double keep = 1 / (1 + weight);
  return descend(c, direction,
                 {.rate = c.rate * keep,
                  .scale = d.scale,
                  .keep = keep,
                  .shift = weight * prior * keep,
                  .bound = d.bound});
}

Tensor latent(const Tensor& mean, const Arguments& a) {
  const auto d = find_divergence(a.text("divergence"));
  return latent_of_mean(mean, *d.noise) / d.k;
}

Tensor weights(const WeightsContext& c) {
  if (c.arguments.integer("samples") == 0) return {};
  const auto d = find_divergence(c.arguments.text("divergence"));
  const auto w = draw_units(c.latent.detach() * d.k, *d.noise, -1, 1, c.random);
  return straight_through(c.latent, w, torch::ones({}, c.latent.options()));
}

std::vector<Parameter> parameters() {
  std::vector<std::string> divergences{"kl", "mean-kl", "euclidean"};
  for (const auto& family : noise_families())
    divergences.push_back(family.name);
  std::vector<Parameter> all{
      {.name = "divergence",
       .fallback = std::string("kl"),
       .help = "D, and with it F",
       .choices = divergences},
      {.name = "gradient",
       .fallback = std::string("identity"),
       .help = "identity: the mirror step; proxy: descent on eta through F",
       .choices = {"identity", "proxy"}},
      {.name = "decay",
       .fallback = 0.0,
       .help = "weight of the divergence to the prior; 0: off",
       .min = 0,
       .max = 1e9},
      {.name = "decay_step",
       .fallback = std::string("implicit"),
       .help = "whether that divergence is taken as it is or linearised",
       .choices = {"implicit", "explicit"}},
      {.name = "prior", .fallback = 0.0, .help = "eta of the prior"},
      {.name = "samples",
       .fallback = int64_t{0},
       .help = "draws of all weights whose gradients a step averages, each a "
               "forward and a backward pass; 0: one pass with signs",
       .min = 0,
       .max = 10000}};
  for (const auto& p : direction_parameters()) all.push_back(p);
  return all;
}

const Registered<WeightRule> entry{{
    .name = "mirror-descent",
    .summary =
        "mirror descent over P(w = +1): additive steps of latent weights",
    .help = R"(
`theta = P(w = +1)`; the step is the argmin of `<g, theta> + D(theta,
theta_t)/rate`. In the latent weight `eta` that belongs to D it is `eta <- eta -
rate g`: identity straight-through, explained. By `divergence`:

| D | theta | g | eta stays in |
| --- | --- | --- | --- |
| kl: KL(theta, theta_t) | sigma(eta) | 2 dL/dw | |
| mean-kl: the same | sigma(2 eta) | dL/dw | |
| euclidean: (mu - mu_t)^2/2, mu = 2 theta - 1 | (1 + eta)/2 | dL/dw | [-1, 1] |
| a noise family: Bregman of the integral of its F^-1 | F(eta) | 2 dL/dw | uniform [-1, 1], triangular [-2, 2] |

kl and mean-kl are one step in two coordinates (eta and eta/2), logistic is it at
twice the rate; euclidean is `binaryconnect`, uniform is it at twice the rate.
With `direction` sgd the step is exact; momentum and adam put their direction in
the place of g, and Adam's does not depend on g's scale.

`gradient=proxy` is another method: descent on eta through `w = 2F(eta) - 1`, by
`2F' dL/dw`, which fades where a weight is sure.

`decay` adds `decay D(theta, prior)` to the loss: variational Bayes, not an L2
penalty. For N examples and a mean loss it is 1/N. `implicit`: `eta <- (eta -
rate g + rate decay prior) / (1 + rate decay)`; `explicit`: `eta <- (1 - rate
decay) eta - rate g + rate decay prior`, for `rate decay <= 1`. Both leave
momentum and Adam's mean square alone; under gradient=proxy decay is part of the
loss that is differentiated (explicit only).

`samples=K` trains Bernoulli weights, drawn anew in each of K passes, with
straight-through gradients dL/dw; with divergence=euclidean that is stochastic
BinaryConnect. A draw is certain only where `|eta|` is several, so the rate must
be larger than for signs: with Adam 0.1 to 0.5 instead of 0.002 to 0.02. Testing
uses the signs.
)",
    .papers = {kShekhovtsovYanush2021},
    .parameters = parameters(),
    .check = check_arguments,
    .latent_of_mean = latent,
    .weights = weights,
    .step = step,
}};

}  // namespace
}  // namespace signet
