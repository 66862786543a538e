#include "signet/core/estimator.h"

#include <sstream>

#include "signet/core/checks.h"
#include "signet/core/torch.h"

namespace signet {

BoundEstimator::BoundEstimator(std::string_view spelling) {
  const auto call = parse_call(spelling);
  record_ = &find_record<Estimator>("estimator", call.name);
  arguments_ = Arguments(record_->parameters, call);
}

Estimate BoundEstimator::operator()(const Objective& objective,
                                    const Random& random) const {
  if (const auto* rule = std::get_if<ObjectiveRule>(&record_->rule)) {
    return rule->estimate(objective, {random, arguments_});
  }
  RuleSampler sampler(std::get<LayerRule>(record_->rule), arguments_, random);
  const auto loss = objective(sampler);
  check_floating(loss, record_->name, "loss");
  return {loss.detach(), loss};
}

Tensor RuleSampler::draw(const Tensor& logits, const UnitOptions& units) {
  check_floating(logits, "RuleSampler", "logits");
  return rule_.draw(logits, {units, random_.site(site_++), arguments_});
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

std::string estimators_markdown() {
  std::ostringstream text;
  text << "# Estimators\n\n"
          "Printed by `signet estimators --markdown`; a test compares.\n";
  for (const auto& e : table<Estimator>()) {
    text << "\n## " << e.name << "\n\n" << e.summary << ".\n" << e.help << "\n";
    const auto& t = e.traits;
    text << "* Bias: "
         << (t.unbiased ? std::string("none")
                        : "order " + std::to_string(t.order + 1) +
                              " in the scale of the units")
         << "\n* Evaluations of the objective: "
         << (t.evaluations ? std::to_string(t.evaluations) : "depends on it")
         << "\n* Derivative of the objective: "
         << (t.differentiates_objective ? "needed" : "not needed")
         << "\n* Source: " << e.paper << "\n";
    for (const auto& p : e.parameters) text << "* `" << describe(p) << "`\n";
  }
  return text.str();
}

}  // namespace signet
