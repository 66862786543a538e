#include "signet/experiments/conversion.h"

#include "signet/core/checks.h"
#include "signet/core/latent_of_mean.h"
#include "signet/core/torch.h"
#include "signet/experiments/checkpoint.h"
#include "signet/models/weights.h"

namespace signet {
namespace {

using State = std::map<std::string, Tensor>;

/// The name in the source of a tensor of the network: real weights stand for
/// latent ones, unless the source has latent ones too.
std::string source_name(const std::string& name, const State& source) {
  const auto dot = name.find('.');
  if (name.substr(dot) != ".latent" || source.count(name) > 0) return name;
  return name.substr(0, dot) + ".weight";
}

/// Every tensor of one has its partner in the other.
void check_match(const Network& network, const State& own,
                 const State& source) {
  std::map<std::string, bool> used;
  const auto layer = [&](const std::string& name) {
    return "layer " + layer_name(network.spec(), layer_index(name)) + ": ";
  };
  for (const auto& [name, tensor] : own) {
    const auto from = source_name(name, source);
    const auto found = source.find(from);
    if (found == source.end() && is_optional(name)) continue;
    check(found != source.end(), "train.from",
          layer(name) + "the run has no " + from + " for its " + name);
    check(found->second.sizes() == tensor.sizes(), "train.from",
          layer(name) + name + " must be " + shape_text(tensor.sizes()) +
              ", but the run's " + from + " is " +
              shape_text(found->second.sizes()));
    used[from] = true;
  }
  for (const auto& [name, tensor] : source) {
    check(used.count(name) > 0, "train.from",
          "the run has " + name + ", for which the network has no place");
  }
}

}  // namespace

void start_from(Network& network, const State& source, const BoundRule& rule) {
  torch::NoGradGuard no_gradient;
  auto own = network_state(network);
  check_match(network, own, source);
  for (auto& [name, tensor] : own) {
    const auto found = source.find(name);
    // The mode's statistics are those of other weights.
    if (found != source.end() && !is_optional(name))
      tensor.copy_(found->second);
  }
  const auto divide = [&](const std::string& name, double by) {
    if (const auto found = own.find(name); found != own.end())
      found->second.div_(by);
  };
  const auto& layers = network.spec().layers;
  for (size_t i = 0; i < layers.size(); ++i) {
    const auto prefix = std::to_string(i) + ".";
    const auto latent = own.find(prefix + "latent");
    if (latent == own.end() || source.count(latent->first) > 0) continue;
    const auto& w = source.at(prefix + "weight");
    const double largest = w.abs().max().item<double>();
    const double s = largest > 0 ? largest : 1;
    const auto* weights = weights_of(layers[i]);
    latent->second.copy_(weights &&
                                 weights->kind == WeightSpec::Kind::stochastic
                             ? latent_of_mean(w / s, find_noise(weights->noise))
                             : rule.latent_of_mean(w / s));
    divide(prefix + "bias", s);
    if (i + 1 < layers.size() &&
        std::holds_alternative<BatchNormSpec>(layers[i + 1])) {
      const auto norm = std::to_string(i + 1) + ".";
      divide(norm + "running_mean", s);
      divide(norm + "running_var", s * s);
    }
  }
}

}  // namespace signet
