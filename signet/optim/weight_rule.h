#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "signet/base/arguments.h"
#include "signet/base/paper.h"
#include "signet/base/table.h"
#include "signet/core/random.h"

namespace signet {

using at::Tensor;

/// Everything that one step of one parameter reads and writes.
struct StepContext {
  Tensor& parameter;  ///< latent weights, or plain real ones; changed in place
  const Tensor& gradient;
  /// The rule's memory of this parameter, saved in checkpoints. Empty at step
  /// 1; the rule puts in what it wants.
  std::map<std::string, Tensor>& state;
  double rate;   ///< learning rate of this step
  int64_t step;  ///< 1, 2, ...
  const Arguments& arguments;
};

/// Everything of which the weights of one forward pass are made.
struct WeightsContext {
  const Tensor& latent;
  const std::map<std::string, Tensor>& state;  ///< as the last step left it
  const RandomStream& random;  ///< of this parameter and this pass
  const Arguments& arguments;
};

/// One row of the table of optimizers. A rule is a set of pure functions of
/// their contexts; what it remembers is in `state`.
struct WeightRule {
  std::string name;
  std::string summary;  ///< one line
  std::string help;     ///< Markdown: the step, when to use it
  std::vector<Paper> papers = {};
  /// One named `samples`, if there is one, is the number of forward and
  /// backward passes whose gradients a step averages; 0: one, without noise.
  std::vector<Parameter> parameters;
  /// Whether it also steps real-valued parameters: biases, batch norm.
  bool real = false;
  /// Throws UsageError for values that do not go together.
  void (*check)(const Arguments& arguments) = nullptr;
  /// Where the latent weights of a new run start, made from those of the
  /// layer, in place. nullptr: as the layer has them.
  void (*start)(Tensor& latent, const Arguments& arguments) = nullptr;
  /// The latent weight of a Bernoulli weight with this mean, F^-1((1+mean)/2)
  /// for the F that the rule sees behind it. nullptr: the mean itself.
  Tensor (*latent_of_mean)(const Tensor& mean,
                           const Arguments& arguments) = nullptr;
  /// The weights of a forward pass in training, with the backward that makes
  /// of dL/dw the gradient that `step` is given. nullptr, or an undefined
  /// result: the signs, +1 where latent >= 0, with the identity as backward.
  /// Testing uses the signs always.
  Tensor (*weights)(const WeightsContext& context) = nullptr;
  /// Takes a step; returns how many elements changed their sign.
  int64_t (*step)(const StepContext& context);
};

/// A rule with values for its parameters: what a recipe names.
struct BoundRule {
  /// Errors: UsageError for an unknown name, parameter or value, or values
  /// that do not go together.
  explicit BoundRule(std::string_view spelling);

  const WeightRule* record;
  Arguments arguments;

  /// Forward and backward passes a step.
  int64_t passes() const;
  /// WeightRule::latent_of_mean.
  Tensor latent_of_mean(const Tensor& mean) const;
  std::string spell() const { return arguments.spell(record->name); }
};

}  // namespace signet
