#include "signet/optim/weight_rule.h"

namespace signet {

BoundRule::BoundRule(std::string_view spelling) {
  const auto call = parse_call(spelling);
  record = &find_record<WeightRule>("optimizer", call.name);
  arguments = Arguments(record->parameters, call);
}

}  // namespace signet
