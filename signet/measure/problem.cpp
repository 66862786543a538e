#include "signet/measure/problem.h"

#include "signet/core/checks.h"
#include "signet/core/torch.h"

namespace signet {

std::vector<ParameterRange> parameter_ranges(const Problem& problem) {
  std::vector<ParameterRange> ranges{{"all", 0, 0}};
  for (const auto& group : problem.groups) {
    int64_t count = 0;
    for (const auto& p : group.parameters) count += p.numel();
    ranges.push_back({group.name, ranges[0].count, count});
    ranges[0].count += count;
  }
  return ranges;
}

std::vector<Tensor> all_parameters(const Problem& problem) {
  std::vector<Tensor> all;
  for (const auto& group : problem.groups)
    all.insert(all.end(), group.parameters.begin(), group.parameters.end());
  return all;
}

Problem at_values(Problem problem, const Tensor& row) {
  int64_t first = 0;
  for (auto& group : problem.groups) {
    for (auto& p : group.parameters) {
      const auto part = row.narrow(0, first, p.numel());
      first += p.numel();
      p = part.view(p.sizes()).to(p.scalar_type());
    }
  }
  return problem;
}

Problem in_double(Problem problem) {
  for (auto& group : problem.groups) {
    for (auto& p : group.parameters) p = p.to(torch::kDouble);
  }
  return problem;
}

Problem make_problem(std::string_view spelling) {
  const auto call = parse_call(spelling);
  const auto& record = find_record<ProblemRecord>("problem", call.name);
  const Arguments arguments(record.parameters, call);
  auto problem = record.make(arguments);
  problem.name = arguments.spell(record.name);
  return problem;
}

}  // namespace signet
