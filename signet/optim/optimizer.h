#pragma once

#include <functional>
#include <string>
#include <vector>

#include "signet/optim/weight_rule.h"

namespace signet {

/// What a parameter is to the network.
enum class ParameterKind {
  real,
  latent,  ///< the real weights behind binary ones
};

/// Steps named parameters, each by its rule. One training step is
///   zero_grad(); passes() times: weights_of_pass, forward, backward of
///   loss / passes(); step(rate)
class Optimizer {
 public:
  /// Errors: UsageError for a real parameter under a rule of binary weights.
  void add(std::string name, Tensor parameter, const BoundRule& rule,
           ParameterKind kind = ParameterKind::real);

  /// Puts latent weights where their rules have them start. Once, in a new
  /// run; not after load_state.
  void start();

  /// Forward and backward passes whose mean gradient a step wants: the most
  /// that a rule's `samples` asks for.
  int64_t passes() const;

  /// Makes the weights of one forward pass from latent ones that were added,
  /// with their backward. Empty if no rule makes weights of its own: all are
  /// signs. The same `random` gives the same weights, so all evaluations of an
  /// estimator have those of their pass. Valid until the optimizer is moved.
  /// Errors: the function throws UsageError for another tensor.
  std::function<Tensor(const Tensor& latent)> weights_of_pass(
      const Random& random) const;

  /// Steps every parameter that has a gradient.
  void step(double rate);
  void zero_grad();

  int64_t steps() const { return steps_; }

  /// The share of all binary weights that changed their sign in a step, mean
  /// over the steps since the last call; 0 if there were none. Known to users
  /// of Larq as flip_ratio.
  double take_flip_ratio();

  /// All memory, "<parameter>.<name>", for checkpoints.
  std::map<std::string, Tensor> state() const;
  /// Takes back what state() gave, after `steps` steps. Errors: UsageError
  /// that begins with `who`, before anything is changed, unless after the first
  /// step every parameter has what its rule remembers, of its own shape and in
  /// the type that the rule keeps it in, and nothing else is there.
  void load_state(const std::map<std::string, Tensor>& state, int64_t steps,
                  const std::string& who = "optimizer");

 private:
  struct Entry {
    std::string name;
    Tensor parameter;
    BoundRule rule;
    ParameterKind kind;
    std::map<std::string, Tensor> state;
  };
  std::vector<Entry> entries_;
  int64_t steps_ = 0;
  int64_t flips_ = 0;          ///< since they were last taken
  int64_t counted_steps_ = 0;  ///< likewise
};

}  // namespace signet
