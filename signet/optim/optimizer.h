#pragma once

#include <string>
#include <vector>

#include "signet/optim/weight_rule.h"

namespace signet {

/// Steps named parameters, each by its rule.
class Optimizer {
 public:
  void add(std::string name, Tensor parameter, const BoundRule& rule);

  /// Steps every parameter that has a gradient.
  void step(double rate);
  void zero_grad();

  int64_t steps() const { return steps_; }

  /// All memory, "<parameter>.<name>", for checkpoints.
  std::map<std::string, Tensor> state() const;
  /// Takes back what state() gave, after `steps` steps. Errors: UsageError
  /// for a name or shape that does not fit.
  void load_state(const std::map<std::string, Tensor>& state, int64_t steps);

 private:
  struct Entry {
    std::string name;
    Tensor parameter;
    BoundRule rule;
    std::map<std::string, Tensor> state;
  };
  std::vector<Entry> entries_;
  int64_t steps_ = 0;
};

}  // namespace signet
