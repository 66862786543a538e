#include "signet/core/estimator.h"

#include "signet/core/checked_objective.h"
#include "signet/core/checks.h"
#include "signet/core/normalized_logits.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

constexpr const char* kWrapped = "estimator";

/// The rule that the wrapper `name` wraps.
std::shared_ptr<const BoundEstimator> wrapped(const std::string& name,
                                              const std::string& spelling) {
  const auto who = name + ": " + kWrapped;
  std::shared_ptr<const BoundEstimator> rule;
  try {
    rule = std::make_shared<BoundEstimator>(spelling);
  } catch (const UsageError& error) {
    throw UsageError(who + ": " + error.what());
  }
  check(std::holds_alternative<LayerRule>(rule->record().rule), who,
        "must be a layer rule, but " + rule->record().name +
            " runs the whole objective");
  return rule;
}

}  // namespace

BoundEstimator::BoundEstimator(std::string_view spelling) {
  const auto call = parse_call(spelling);
  record_ = &find_record<Estimator>("estimator", call.name);
  arguments_ = Arguments(record_->parameters, call);
  if (arguments_.has(kWrapped))
    inner_ = wrapped(call.name, arguments_.text(kWrapped));
}

Estimate BoundEstimator::operator()(const Objective& objective,
                                    const Random& random) const {
  EstimatorState none;
  none.learning = false;
  return (*this)(objective, random, none);
}

Estimate BoundEstimator::operator()(const Objective& objective,
                                    const Random& random,
                                    EstimatorState& state) const {
  const auto* rule = std::get_if<ObjectiveRule>(&record_->rule);
  const bool layer_by_layer = !rule || inner_;
  const auto checked =
      checked_objective(objective, {.estimator = record_->name,
                                    .uses_each_loss = !layer_by_layer,
                                    .keeps_units = !layer_by_layer});
  if (rule)
    return rule->estimate(checked, {random, arguments_, state, inner_.get()});
  RuleSampler sampler(*this, random);
  const auto loss = checked(sampler);
  return {loss.detach(), loss};
}

Tensor RuleSampler::draw(const Tensor& logits, const UnitOptions& units) {
  check_floating(logits, "RuleSampler", "logits");
  const LayerNoise noise(random_, site_++, renewal_);
  return std::get<LayerRule>(estimator_.record().rule)
      .draw(logits, {units, noise, estimator_.arguments()});
}

Tensor RuleSampler::draw_normalized(const NormalizedLogits& logits,
                                    const UnitOptions& units) {
  const auto& rule = std::get<LayerRule>(estimator_.record().rule);
  if (!rule.draw_normalized) return draw(logits.value(), units);
  const LayerNoise noise(random_, site_++, renewal_);
  return rule.draw_normalized(logits, {units, noise, estimator_.arguments()});
}

Parameter wrapped_parameter(std::string fallback) {
  return {.name = kWrapped,
          .fallback = std::move(fallback),
          .help = "the layer rule that draws the units"};
}

Parameter tail_parameter() {
  return {.name = "tail",
          .fallback = std::string("shared"),
          .help =
              "noise of the layers above the one that is tried: that of "
              "the main path, or fresh",
          .choices = {"shared", "fresh"}};
}

Random tail_random(const RuleContext& context, uint64_t k) {
  return context.arguments.text("tail") == "shared" ? context.random
                                                    : context.random.branch(k);
}

Parameter noise_parameter() {
  std::vector<std::string> choices{"network"};
  for (const auto& family : noise_families()) choices.push_back(family.name);
  return {.name = "noise",
          .fallback = std::string("network"),
          .help = "family of the noise, which derives the proxy 2F - 1",
          .choices = choices};
}

UnitOptions with_noise_argument(const DrawContext& context) {
  auto units = context.units;
  const auto& name = context.arguments.text("noise");
  if (name != "network") units.noise = &find_noise(name);
  return units;
}

std::string bias_text(const Traits& traits) {
  if (traits.unbiased) return traits.bound ? "none, of its bound" : "none";
  if (traits.exact_for_one_layer) return "none for one layer";
  if (traits.order == 0) return "even for linear losses";
  return "none to degree " + std::to_string(traits.order);
}

std::string estimators_markdown() {
  std::string text =
      "# Estimators\n\n"
      "Printed by `signet estimators --markdown`; a test compares.\n\n"
      "Bias: \"none to degree d\" is the largest degree of a polynomial "
      "loss of one unit\nfor which there is none. Evaluations: K samples, "
      "L layers of units, n units,\nn_l of them in layer l.\n";
  for (const auto& e : table<Estimator>()) {
    const auto& t = e.traits;
    text += "\n## " + e.name + "\n\n" + e.summary + ".\n" + e.help +
            "\n* Bias: " + bias_text(t) +
            "\n* Evaluations of the objective: " + t.evaluations.text() +
            "\n* Derivative of the objective: " +
            (t.differentiates_objective ? "needed" : "not needed") + "\n";
    if (t.learns) text += "* Learns from the samples it has seen\n";
    if (!e.papers.empty()) text += "* Source: " + short_text(e.papers) + "\n";
    for (const auto& p : e.parameters) text += "* `" + describe(p) + "`\n";
  }
  return text;
}

}  // namespace signet
