#pragma once

#include "signet/optim/weight_rule.h"

// What the records of BayesBiNN share. Binary weights are Bernoulli with
// natural parameter lambda, mean mu = tanh(lambda), P(w = +1) = sigma(2
// lambda). Source: Meng, Bachmann, Khan 2020, arXiv:2002.10778.

namespace signet {

inline const Paper kMeng2020{
    .key = "meng2020training",
    .authors = "Xiangming Meng and Roman Bachmann and Mohammad Emtiyaz Khan",
    .title = "Training Binary Neural Networks using the Bayesian Learning Rule",
    .year = 2020,
    .venue = "International Conference on Machine Learning",
    .arxiv = "2002.10778"};

/// `momentum`, `prior`, `prior_weight`.
std::vector<Parameter> natural_parameters();

/// lambda = atanh(mean), of the rule's mean tanh(lambda).
Tensor latent_of_tanh(const Tensor& mean, const Arguments& arguments);

/// The step of the natural parameter, for g the gradient in the mean:
///   m <- beta m + (1 - beta) (scale g + kappa (lambda - prior))
///   lambda <- lambda - rate m / (1 - beta^t)
/// beta = `momentum`, kappa = `prior_weight`. State: "m", if beta > 0.
/// Returns how many elements changed their sign.
int64_t natural_step(const StepContext& context, double scale);

/// `examples`, `temperature`, `samples`, of the records that draw weights.
std::vector<Parameter> relaxation_parameters(double temperature);

/// (lambda + delta) / temperature, whose tanh is a relaxed weight; delta =
/// logit(u)/2 is logistic noise. No derivative.
Tensor relaxed_logits(const WeightsContext& context);

/// tanh(lambda), for `samples` = 0: dL/dmu itself reaches the step.
Tensor mean_weights(const Tensor& latent);

/// `initial`, and lambda <- +-initial with the signs of the layer's own latent
/// weights, which are random; 0: the layer's own.
Parameter initial_parameter(double fallback);
void start_at_initial(Tensor& latent, const Arguments& arguments);

}  // namespace signet
