#include "signet/experiments/checkpoint.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "signet/base/error.h"
#include "signet/base/number.h"
#include "signet/base/printable.h"
#include "signet/core/checks.h"
#include "signet/core/torch.h"
#include "signet/data/safetensors.h"
#include "signet/experiments/tensor_data.h"

namespace signet {
namespace {

constexpr auto kFormat = "signet-checkpoint-1";

using State = std::map<std::string, Tensor>;

/// Who has tensors in the file, "<owner>.<name>".
const std::pair<std::string, State Checkpoint::*> kOwners[] = {
    {"network", &Checkpoint::network},
    {"optimizer", &Checkpoint::optimizer},
    {"estimator", &Checkpoint::estimator}};

nlohmann::json layers_json(const NetworkSpec& spec) {
  auto all = nlohmann::json::array();
  for (const auto& row : summarize(spec)) {
    all.push_back({{"name", row.name},
                   {"output", row.output.text()},
                   {"binary_weights", row.cost.binary_weights},
                   {"real_weights", row.cost.real_weights},
                   {"binary_macs", row.cost.binary_macs},
                   {"real_macs", row.cost.real_macs},
                   {"bytes", row.bytes()}});
  }
  return all;
}

/// What no training leaves: it stops first.
void check_values(const std::string& owner, const std::string& name,
                  const Tensor& tensor, const std::string& who) {
  if (!tensor.is_floating_point() || tensor.numel() == 0) return;
  // An optimizer's mean square may overflow, and the step is then 0.
  const bool of_network = owner == "network";
  const auto good =
      of_network ? torch::isfinite(tensor) : ~torch::isnan(tensor);
  check(good.all().item<bool>(), who,
        "'" + owner + "." + name + "' must hold " +
            (of_network ? "finite numbers" : "numbers") + ", but got " +
            (torch::isnan(tensor).any().item<bool>() ? "NaN" : "infinity"));
  check(!name.ends_with("_var") || tensor.min().item<double>() >= 0, who,
        "'" + owner + "." + name + "' must hold variances, but got " +
            std::to_string(tensor.min().item<double>()));
}

}  // namespace

size_t layer_index(const std::string& tensor) {
  const auto digits = std::string_view(tensor).substr(0, tensor.find('.'));
  return read_number<size_t>(digits).value();
}

bool is_optional(const std::string& name) {
  return name.ends_with(".mode_mean") || name.ends_with(".mode_var") ||
         name.ends_with(".mode_batches");
}

std::map<std::string, Tensor> network_state(const Network& network) {
  std::map<std::string, Tensor> state;
  for (const auto& item : network.named_parameters())
    state[item.key()] = item.value();
  for (const auto& item : network.named_buffers())
    state[item.key()] = item.value();
  return state;
}

void load_network_state(Network& network,
                        const std::map<std::string, Tensor>& state,
                        const std::string& who) {
  torch::NoGradGuard no_gradient;
  auto own = network_state(network);
  for (const auto& [name, tensor] : state) {
    check(own.count(name) > 0, who,
          "holds '" + printable(name) +
              "', which the network of the recipe has not");
    check(own[name].sizes() == tensor.sizes(), who,
          "'" + name + "' must be " + shape_text(own[name].sizes()) +
              ", but got " + shape_text(tensor.sizes()));
    check(own[name].scalar_type() == tensor.scalar_type(), who,
          "'" + name + "' must be of type " +
              std::string(own[name].dtype().name()) + ", but got " +
              std::string(tensor.dtype().name()));
    own[name].copy_(tensor);
    own.erase(name);
  }
  std::erase_if(own, [](const auto& item) { return is_optional(item.first); });
  check(own.empty(), who,
        "lacks '" + (own.empty() ? "" : own.begin()->first) + "'");
}

void save_checkpoint(const std::filesystem::path& path,
                     const Checkpoint& checkpoint, const NetworkSpec& spec) {
  Safetensors file;
  for (const auto& [owner, state] : kOwners) {
    for (const auto& [name, tensor] : checkpoint.*state)
      file.tensors[owner + "." + name] = to_data(tensor);
  }
  file.metadata = {{"format", kFormat},
                   {"epoch", std::to_string(checkpoint.epoch)},
                   {"steps", std::to_string(checkpoint.steps)},
                   {"threads", std::to_string(checkpoint.threads)},
                   {"recipe", checkpoint.recipe},
                   {"inputs", spec.input.text()},
                   {"layers", layers_json(spec).dump()},
                   {"train_data", checkpoint.train_data},
                   {"test_data", checkpoint.test_data}};
  save_safetensors(path, file);
}

Checkpoint load_checkpoint(const std::filesystem::path& path) {
  const auto file = load_safetensors(path);
  const auto text = [&](const std::string& key) {
    const auto found = file.metadata.find(key);
    check(found != file.metadata.end(), path.string(),
          "is not a checkpoint of signet: it has no metadata '" + key + "'");
    return found->second;
  };
  check(file.is_checkpoint(), path.string(),
        "is not a checkpoint of signet: its metadata has " +
            (file.format().empty()
                 ? "no format"
                 : "the format '" + printable(file.format()) + "'"));
  check(text("format") == kFormat, path.string(),
        "must be of format " + std::string(kFormat) + ", but got '" +
            printable(text("format")) +
            "', written by another version of signet");
  const auto number = [&](const std::string& key) -> int64_t {
    const auto value = read_number<int64_t>(text(key));
    check(value && *value >= 0, path.string(),
          "metadata '" + key + "' must be a whole number from 0 on, but got '" +
              printable(text(key), 40) + "'");
    return *value;
  };
  Checkpoint checkpoint{.epoch = number("epoch"),
                        .steps = number("steps"),
                        .recipe = text("recipe"),
                        .input = Shape::parse(text("inputs")),
                        .threads = number("threads"),
                        .network = {},
                        .optimizer = {},
                        .estimator = {},
                        .source = path.string()};
  for (const auto& [key, member] :
       {std::pair{"train_data", &Checkpoint::train_data},
        std::pair{"test_data", &Checkpoint::test_data}}) {
    const auto found = file.metadata.find(key);
    if (found != file.metadata.end()) checkpoint.*member = found->second;
  }
  for (const auto& [name, data] : file.tensors) {
    const auto dot = name.find('.');
    const auto owner = std::find_if(std::begin(kOwners), std::end(kOwners),
                                    [&, &name = name](const auto& o) {
                                      return o.first == name.substr(0, dot);
                                    });
    check(owner != std::end(kOwners), path.string(),
          "holds an unknown tensor '" + printable(name) + "'");
    const auto own = name.substr(dot + 1);
    auto tensor =
        to_tensor(data, path.string() + ": '" + printable(name) + "'");
    check_values(owner->first, own, tensor, path.string());
    (checkpoint.*owner->second)[own] = std::move(tensor);
  }
  return checkpoint;
}

void check_progress(const Checkpoint& c, const Recipe& recipe) {
  check(c.epoch <= recipe.train.epochs, c.source,
        "must be of epoch 0 to " + std::to_string(recipe.train.epochs) +
            ", as its recipe says, but is of epoch " + std::to_string(c.epoch));
  const bool fits = c.epoch == 0 ? c.steps == 0
                                 : c.steps >= c.epoch && c.steps % c.epoch == 0;
  check(fits, c.source,
        "must have as many steps in each of its " + std::to_string(c.epoch) +
            " epochs, but has " + std::to_string(c.steps) + " in all");
}

}  // namespace signet
