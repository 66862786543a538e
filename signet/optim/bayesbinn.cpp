#include "signet/optim/bayesbinn.h"

#include <cmath>

#include "signet/core/checks.h"
#include "signet/core/latent_of_mean.h"
#include "signet/core/step.h"
#include "signet/core/straight_through.h"
#include "signet/core/torch.h"
#include "signet/optim/descent.h"
#include "signet/optim/signs.h"

namespace signet {

std::vector<Parameter> natural_parameters() {
  return {{.name = "momentum",
           .fallback = 0.0,
           .help = "decay of the mean step, corrected for its start at 0",
           .min = 0,
           .max = 0.99999},
          {.name = "prior",
           .fallback = 0.0,
           .help = "latent weight of the prior; 0: both signs alike"},
          {.name = "prior_weight",
           .fallback = 1.0,
           .help = "of the divergence to the prior; 0: none",
           .min = 0,
           .max = 1e6}};
}

Tensor latent_of_tanh(const Tensor& mean, const Arguments&) {
  return latent_of_mean(mean, logistic_noise());
}

int64_t natural_step(const StepContext& c, double scale) {
  torch::NoGradGuard no_gradient;
  const double beta = c.arguments.number("momentum");
  const double kappa = c.arguments.number("prior_weight");
  const double prior = c.arguments.number("prior");
  check(c.rate * kappa <= 1, "bayesbinn",
        "rate * prior_weight must be at most 1, but got " +
            number_text(c.rate * kappa));
  const auto positive = positive_signs(c.parameter);
  if (beta == 0) {
    c.parameter.mul_(1 - c.rate * kappa)
        .sub_(c.gradient, c.rate * scale)
        .add_(c.rate * kappa * prior);
  } else {
    auto& m = memory(c, "m");
    m.mul_(beta)
        .add_(c.gradient, (1 - beta) * scale)
        .add_(c.parameter - prior, (1 - beta) * kappa);
    const double correction = 1 - std::pow(beta, static_cast<double>(c.step));
    c.parameter.sub_(m, c.rate / correction);
  }
  return count_flips(c.parameter, positive);
}

std::vector<Parameter> relaxation_parameters(double temperature) {
  return {{.name = "examples",
           .fallback = int64_t{60000},
           .help = "N, the size of the training set",
           .min = 1,
           .max = 1e12},
          {.name = "temperature",
           .fallback = temperature,
           .help = "of the relaxed weights; smaller is closer to signs",
           .min = 1e-12,
           .max = 100},
          {.name = "samples",
           .fallback = int64_t{1},
           .help = "draws of all weights whose gradients a step averages, each "
                   "a forward and a backward pass; 0: one pass with the mean "
                   "weights",
           .min = 0,
           .max = 10000}};
}

Tensor relaxed_logits(const WeightsContext& c) {
  const auto latent = c.latent.detach();
  const auto u = c.random.uniform(latent.sizes(), latent.options());
  return (latent + logistic_noise().quantile(u)) /
         c.arguments.number("temperature");
}

Tensor mean_weights(const Tensor& latent) {
  return straight_through(latent, torch::tanh(latent.detach()),
                          torch::ones({}, latent.options()));
}

Parameter initial_parameter(double fallback) {
  return {.name = "initial",
          .fallback = fallback,
          .help =
              "latent weights start at +-initial, with the signs of the "
              "layer's own; 0: at the layer's own",
          .min = 0,
          .max = 1e12};
}

void start_at_initial(Tensor& latent, const Arguments& arguments) {
  const double initial = arguments.number("initial");
  if (initial > 0) latent.copy_(step(latent, -initial, initial));
}

}  // namespace signet
