#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "signet/base/arguments.h"
#include "signet/base/paper.h"
#include "signet/base/table.h"
#include "signet/core/estimator_state.h"
#include "signet/core/evaluations.h"
#include "signet/core/layer_noise.h"
#include "signet/core/objective.h"
#include "signet/core/random.h"

namespace signet {

/// What a LayerRule sees of the layer that it draws.
struct DrawContext {
  UnitOptions units;
  const LayerNoise& noise;
  const Arguments& arguments;
};

/// An estimator that is a way to draw one layer: units forward, a rule of its
/// own backward. One forward, one backward, any depth.
struct LayerRule {
  Tensor (*draw)(const Tensor& logits, const DrawContext& context);
  /// The same for logits that are not written down, if the rule fuses their
  /// normalisation with the draw.
  Tensor (*draw_normalized)(const NormalizedLogits& logits,
                            const DrawContext& context) = nullptr;
};

class BoundEstimator;

/// What an ObjectiveRule sees besides the objective.
struct RuleContext {
  Random random;
  const Arguments& arguments;
  EstimatorState& state;
  /// The rule that a wrapper wraps; null in others.
  const BoundEstimator* inner;
};

/// An estimator that runs the objective, as often as it needs, with samplers
/// of its own.
struct ObjectiveRule {
  Estimate (*estimate)(const Objective& objective, const RuleContext& context);
};

/// What a record claims; the shared test checks every claim.
struct Traits {
  /// E[estimate] is the exact gradient of the expected loss.
  bool unbiased = false;
  /// Biased in chains only: exact for one layer of units, so it has no order.
  bool exact_for_one_layer = false;
  /// One unit, loss f(e x): the bias falls like e^(order + 1) as e -> 0, so
  /// the estimate is exact for polynomials f of degree <= order.
  int order = 0;
  Evaluations evaluations = {};
  /// Needs the derivative of the loss with respect to the units.
  bool differentiates_objective = true;
  /// The units that the objective sees lie between low and high.
  bool relaxed = false;
  /// The units do not depend on the random numbers.
  bool deterministic = false;
  /// Keeps a state that it learns from the samples it has seen, perhaps only
  /// with some values of its parameters.
  bool learns = false;
  /// Estimates the gradient of the bound -log mean_k exp(-L_k) of its
  /// `samples`, not of the expected loss; what the other traits say is said
  /// of that.
  bool bound = false;
};

/// One row of the table of gradient estimators for Bernoulli units.
struct Estimator {
  std::string name;
  std::string summary;  ///< one line
  std::string help;     ///< Markdown: the rule, when to use it, its cost
  std::vector<Paper> papers = {};  ///< none: it needs no source
  Traits traits;
  std::vector<Parameter> parameters;
  std::variant<LayerRule, ObjectiveRule> rule;
};

/// An estimator with values for its parameters: what a recipe names.
class BoundEstimator {
 public:
  /// From a spelling such as "st" or "gumbel(temperature=0.5)".
  /// Errors: UsageError for an unknown name, parameter or value.
  explicit BoundEstimator(std::string_view spelling);

  /// Runs the rule once. Both kinds of rule give the same form.
  /// Cost: `traits.evaluations` runs of the objective.
  Estimate operator()(const Objective& objective, const Random& random) const;
  /// The same with what the estimator has learned, which it learns on.
  Estimate operator()(const Objective& objective, const Random& random,
                      EstimatorState& state) const;

  const Estimator& record() const { return *record_; }
  const Arguments& arguments() const { return arguments_; }
  std::string spell() const { return arguments_.spell(record_->name); }

 private:
  const Estimator* record_;
  Arguments arguments_;
  std::shared_ptr<const BoundEstimator> inner_;
};

/// Draws every layer by one LayerRule; layer l takes site l of its noise.
class RuleSampler : public Sampler {
 public:
  RuleSampler(const BoundEstimator& estimator, const Random& random,
              const NoiseRenewal& renewal = {})
      : estimator_(estimator), random_(random), renewal_(renewal) {}

  Tensor draw(const Tensor& logits, const UnitOptions& units) override;
  Tensor draw_normalized(const NormalizedLogits& logits,
                         const UnitOptions& units) override;

 private:
  const BoundEstimator& estimator_;
  Random random_;
  NoiseRenewal renewal_;
  uint32_t site_ = 0;
};

/// The parameter `estimator` of a wrapper: the spelling of a LayerRule, which
/// RuleContext::inner then is.
Parameter wrapped_parameter(std::string fallback);

/// The parameter `tail` of rules that try other states of one layer: whether
/// the layers above see the noise of the main path or fresh noise, and the
/// random source that follows from it for branch `k`.
Parameter tail_parameter();
Random tail_random(const RuleContext& context, uint64_t k);

/// The parameter `noise` that straight-through rules share: the family that
/// draws the units and so derives the proxy; "network" keeps the network's.
Parameter noise_parameter();
UnitOptions with_noise_argument(const DrawContext& context);

/// What a record says of its bias: "none", "exact to degree 2".
std::string bias_text(const Traits& traits);

/// Markdown of all records: `signet estimators --markdown`,
/// docs/estimators.md.
std::string estimators_markdown();

}  // namespace signet
