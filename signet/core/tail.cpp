#include "signet/core/tail.h"

#include "signet/core/torch.h"

namespace signet {

Tensor tail_loss(const Objective& objective, const RuleContext& context,
                 const Path& path, size_t l, const Tensor& x, uint64_t branch) {
  auto given = prefix(path, l);
  given.push_back(x);
  // Small branches are the rules' own (LayerNoise::extra, runs of samples).
  const auto random = tail_random(context, (l + 1) << 32 | branch);
  const bool shared = context.arguments.text("tail") == "shared";
  return branch_loss(objective, random, {given, shared ? &path : nullptr});
}

}  // namespace signet
