#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "signet/base/arguments.h"
#include "signet/base/paper.h"
#include "signet/base/table.h"

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

/// One row of the table of optimizers. A rule is a pure function of its
/// context; what it remembers is in `state`.
struct WeightRule {
  std::string name;
  std::string summary;  ///< one line
  std::string help;     ///< Markdown: the step, when to use it
  std::vector<Paper> papers = {};
  std::vector<Parameter> parameters;
  void (*step)(const StepContext& context);
};

/// A rule with values for its parameters: what a recipe names.
struct BoundRule {
  /// Errors: UsageError for an unknown name, parameter or value.
  explicit BoundRule(std::string_view spelling);

  const WeightRule* record;
  Arguments arguments;

  std::string spell() const { return arguments.spell(record->name); }
};

}  // namespace signet
