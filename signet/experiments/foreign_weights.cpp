#include "signet/experiments/foreign_weights.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "signet/base/printable.h"
#include "signet/core/checks.h"
#include "signet/core/torch.h"
#include "signet/data/safetensors.h"
#include "signet/experiments/checkpoint.h"
#include "signet/experiments/tensor_data.h"

namespace signet {
namespace {

using Given = std::map<std::string, TensorData>;

/// Tensors by the layers' places, in a layout.
struct Weights {
  Given tensors;
  WeightLayout layout;
};

WeightLayout layout_of(const Safetensors& file, const std::string& given,
                       const std::string& who) {
  if (const auto layout = parse_layout(given, "--layout")) return *layout;
  const auto format = file.format();
  if (format == "pt") return WeightLayout::pytorch;
  if (format == "signet") return WeightLayout::signet;
  throw UsageError(
      who + ": must say how its weights are laid out, but its metadata has " +
      (format.empty() ? "no format" : "the unknown format '" + format + "'") +
      ": give --layout pytorch (kernels [out, in, height, width], channels "
      "first after flatten) or --layout signet ([out, height, width, in], "
      "channels last), in a recipe the key train.layout");
}

/// What a name has before the place of a layer: "features." of
/// "features.0.weight"; "" if it has no place.
std::string before_place(const std::string& name) {
  for (size_t at = 0; at < name.size();) {
    const auto dot = std::min(name.find('.', at), name.size());
    const auto word = name.substr(at, dot - at);
    if (!word.empty() &&
        word.find_first_not_of("0123456789") == std::string::npos) {
      return name.substr(0, at);
    }
    at = dot + 1;
  }
  return "";
}

/// What all names have before the place; "" if they differ.
std::string common_prefix(const Given& tensors) {
  if (tensors.empty()) return "";
  const auto prefix = before_place(tensors.begin()->first);
  const bool common = std::all_of(
      tensors.begin(), tensors.end(),
      [&](const auto& t) { return before_place(t.first) == prefix; });
  return common ? prefix : "";
}

Safetensors load(const std::filesystem::path& path) {
  try {
    return load_safetensors(path);
  } catch (const std::runtime_error& error) {
    throw UsageError(error.what());  // of a file that the user can mend
  }
}

Weights read(const std::filesystem::path& path, const std::string& option) {
  const auto who = path.string();
  auto file = load(path);
  auto prefix = common_prefix(file.tensors);
  const bool checkpoint = file.is_checkpoint();
  if (checkpoint) {
    check(parse_layout(option, "--layout") != WeightLayout::pytorch, who,
          "is a checkpoint of signet, whose layout is signet, not pytorch");
    load_checkpoint(path);  // tells what is wrong with it
    prefix = "network.";
    std::erase_if(file.tensors,
                  [&](const auto& t) { return !t.first.starts_with(prefix); });
  }
  Weights weights{
      {}, checkpoint ? WeightLayout::signet : layout_of(file, option, who)};
  for (auto& [name, data] : file.tensors)
    weights.tensors[name.substr(prefix.size())] = std::move(data);
  return weights;
}

/// Throws unless a float holds every value.
Tensor value_of(const TensorData& data, const std::string& who) {
  const auto exact = to_tensor(data, who);
  const auto value = exact.to(torch::kFloat);
  check(torch::isfinite(value).all().item<bool>(), who,
        "must be finite, but holds infinity, NaN or what no float holds");
  check(exact.is_floating_point() || value.to(exact.scalar_type()).equal(exact),
        who, "must have integers that a float holds, up to 2^24");
  return value;
}

/// "0.weight [8, 1, 3, 3], 0.bias [8]", not too many of them.
std::string listed(const std::vector<std::string>& texts) {
  constexpr size_t kMost = 8;
  std::string list;
  for (size_t i = 0; i < std::min(texts.size(), kMost); ++i)
    list += (i == 0 ? "" : ", ") + printable(texts[i], 200);
  if (texts.size() > kMost)
    list += " and " + std::to_string(texts.size() - kMost) + " more";
  return list;
}

/// The names that a file may have for a tensor of the network.
std::vector<std::string> names_for(const std::string& own,
                                   const NetworkSpec& spec, WeightLayout layout,
                                   RealForBinary real) {
  std::vector<std::string> names = {own};
  if (!own.ends_with(".latent")) return names;
  const auto* weights = weights_of(spec.layers[*layer_of(spec, own)]);
  const bool binary = weights && weights->kind == WeightSpec::Kind::binary;
  const auto real_name = own.substr(0, own.rfind('.')) + ".weight";
  if (real == RealForBinary::means) {
    names.push_back(real_name);
  } else if (binary && layout == WeightLayout::pytorch) {
    names.insert(names.begin(), real_name);
  }
  return names;
}

bool is_batch_count(const std::string& name, const NetworkSpec& spec) {
  const auto layer = layer_of(spec, name);
  return layer && name == std::to_string(*layer) + ".num_batches_tracked" &&
         std::holds_alternative<BatchNormSpec>(spec.layers[*layer]);
}

[[noreturn]] void fail(const std::string& who,
                       const std::vector<std::string>& unfit,
                       const std::vector<std::string>& missing,
                       WeightLayout layout) {
  const auto expected = "the network expects, in the layout " +
                        layout_name(layout) + ": " + listed(missing);
  if (unfit.empty()) {
    throw UsageError(who + ": lacks tensors that " + expected);
  }
  if (!missing.empty()) {
    throw UsageError(who + ": tensors do not fit: " + listed(unfit) +
                     "; in their place " + expected);
  }
  const bool bias = std::any_of(unfit.begin(), unfit.end(), [](const auto& t) {
    return t.find(".bias ") != std::string::npos;
  });
  throw UsageError(who + ": the network has no place for " + listed(unfit) +
                   (bias ? "; a linear layer or convolution has a bias with "
                           "bias=true"
                         : ""));
}

}  // namespace

std::map<std::string, Tensor> read_foreign_weights(
    const std::filesystem::path& path, const Network& network,
    const std::string& layout, RealForBinary real) {
  torch::NoGradGuard no_gradient;
  const auto& spec = network.spec();
  auto weights = read(path, layout);
  auto& given = weights.tensors;
  const auto file_layout = weights.layout;
  std::erase_if(given,
                [&](const auto& t) { return is_batch_count(t.first, spec); });
  const LayoutOfNetwork in_file(spec, file_layout);
  std::map<std::string, Tensor> state;
  std::vector<std::string> missing, unfit;
  for (const auto& item : network_state(network)) {
    const auto& own = item.first;
    const auto& tensor = item.second;
    const auto names = names_for(own, spec, file_layout, real);
    const auto shape = in_file.shape(own, tensor.sizes());
    const auto found =
        std::find_if(names.begin(), names.end(), [&](const auto& name) {
          const auto t = given.find(name);
          return t != given.end() &&
                 // One number has an axis or none.
                 (t->second.shape == shape ||
                  (t->second.shape.empty() && tensor.numel() == 1));
        });
    if (found != names.end()) {
      const auto value = value_of(given.at(*found),
                                  path.string() + ": tensor '" + *found + "'");
      state[real == RealForBinary::signs ? own : *found] =
          in_file.to_network(own, value.view(shape));
      given.erase(*found);
    } else if (!is_optional(own)) {
      missing.push_back(names[0] + " " + shape_text(shape));
    }
  }
  for (const auto& [name, data] : given)
    unfit.push_back(name + " " + shape_text(data.shape));
  if (!missing.empty() || !unfit.empty())
    fail(path.string(), unfit, missing, file_layout);
  return state;
}

void load_foreign_weights(const std::filesystem::path& path, Network& network,
                          const std::string& layout) {
  torch::NoGradGuard no_gradient;
  auto own = network_state(network);
  for (const auto& [name, tensor] :
       read_foreign_weights(path, network, layout, RealForBinary::signs)) {
    own.at(name).copy_(tensor);
  }
}

}  // namespace signet
