#include "signet/optim/weight_rule.h"

#include <algorithm>

namespace signet {

BoundRule::BoundRule(std::string_view spelling) {
  const auto call = parse_call(spelling);
  record = &find_record<WeightRule>("optimizer", call.name);
  arguments = Arguments(record->parameters, call);
  if (record->check) record->check(arguments);
}

Tensor BoundRule::latent_of_mean(const Tensor& mean) const {
  return record->latent_of_mean ? record->latent_of_mean(mean, arguments)
                                : mean;
}

int64_t BoundRule::passes() const {
  return arguments.has("samples")
             ? std::max(int64_t{1}, arguments.integer("samples"))
             : 1;
}

}  // namespace signet
