#include "signet/models/network_spec.h"

#include "signet/base/names.h"
#include "signet/core/checks.h"
#include "signet/core/noise.h"

namespace signet {
namespace {

std::vector<LayerKind> make_layer_kinds() {
  std::vector<std::string> families;
  for (const auto& family : noise_families()) families.push_back(family.name);
  // The order is that of the variant's alternatives.
  return {
      {"linear",
       "y = W x (+ b)",
       {{.name = "outputs",
         .fallback = int64_t{0},
         .help = "values out",
         .min = 1,
         .max = 1 << 20},
        {.name = "weights",
         .fallback = std::string("binary"),
         .help = "binary: signs of latent weights",
         .choices = {"binary", "real"}},
        {.name = "bias", .fallback = false, .help = "add a bias"},
        {.name = "init",
         .fallback = 0.1,
         .help = "latent weights start uniform in [-init, init]",
         .min = 1e-6,
         .max = 1e6}},
       [](const Arguments& a) -> LayerSpec {
         return LinearSpec{.outputs = a.integer("outputs"),
                           .binary = a.text("weights") == "binary",
                           .bias = a.flag("bias"),
                           .init = a.number("init")};
       }},
      {"batch-norm",
       "(x - mean) / sqrt(variance + epsilon) scale + shift, each channel",
       {{.name = "momentum",
         .fallback = 0.1,
         .help = "of the running mean and variance",
         .min = 1e-6,
         .max = 1},
        {.name = "epsilon",
         .fallback = 1e-5,
         .help = "added to the variance",
         .min = 1e-12,
         .max = 1},
        {.name = "affine", .fallback = true, .help = "learn scale and shift"}},
       [](const Arguments& a) -> LayerSpec {
         return BatchNormSpec{.momentum = a.number("momentum"),
                              .epsilon = a.number("epsilon"),
                              .affine = a.flag("affine")};
       }},
      {"units",
       "Bernoulli units: x = high if noise <= a, else low",
       {{.name = "encoding",
         .fallback = std::string("signs"),
         .help = "signs {-1,+1} or bits {0,1}",
         .choices = {"signs", "bits"}},
        {.name = "noise",
         .fallback = std::string("logistic"),
         .help = "family of the noise",
         .choices = families}},
       [](const Arguments& a) -> LayerSpec {
         return UnitsSpec{.encoding = parse_encoding(a.text("encoding")),
                          .noise = a.text("noise")};
       }},
      {"dropout",
       "sets activations to 0 while training",
       {{.name = "rate",
         .fallback = 0.5,
         .help = "share set to 0",
         .min = 0,
         .max = 0.999}},
       [](const Arguments& a) -> LayerSpec {
         return DropoutSpec{.rate = a.number("rate")};
       }},
  };
}

LayerSpec parse_layer(const std::string& spelling) {
  const auto call = parse_call(spelling);
  std::vector<std::string> names;
  for (const auto& kind : layer_kinds()) {
    if (kind.name == call.name)
      return kind.make(Arguments(kind.parameters, call));
    names.push_back(kind.name);
  }
  throw UsageError(unknown_name("layer", call.name, names));
}

}  // namespace

const std::vector<LayerKind>& layer_kinds() {
  static const auto kinds = make_layer_kinds();
  return kinds;
}

NetworkSpec parse_network(int64_t inputs,
                          const std::vector<std::string>& layers) {
  check(inputs > 0, "network.inputs",
        "must be at least 1, but got " + std::to_string(inputs));
  check(!layers.empty(), "network.layers", "must name at least one layer");
  NetworkSpec spec{.inputs = inputs, .layers = {}};
  for (size_t i = 0; i < layers.size(); ++i) {
    try {
      spec.layers.push_back(parse_layer(layers[i]));
      if (const auto* linear = std::get_if<LinearSpec>(&spec.layers.back()))
        check(linear->outputs > 0, "linear", "outputs must be given");
    } catch (const UsageError& error) {
      throw UsageError("network.layers[" + std::to_string(i) +
                       "]: " + error.what());
    }
  }
  return spec;
}

std::string layer_name(const NetworkSpec& spec, size_t i) {
  return std::to_string(i) + "." + layer_kinds()[spec.layers[i].index()].name;
}

std::vector<LayerSummary> summarize(const NetworkSpec& spec) {
  std::vector<LayerSummary> all;
  int64_t values = spec.inputs;
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const auto& layer = spec.layers[i];
    LayerSummary row{.name = layer_name(spec, i),
                     .kind = layer_kinds()[layer.index()].name};
    if (const auto* linear = std::get_if<LinearSpec>(&layer)) {
      const int64_t weights = values * linear->outputs;
      (linear->binary ? row.binary_weights : row.real_weights) = weights;
      (linear->binary ? row.binary_macs : row.real_macs) = weights;
      if (linear->bias) row.real_weights += linear->outputs;
      values = linear->outputs;
    } else if (const auto* norm = std::get_if<BatchNormSpec>(&layer)) {
      row.real_weights = (norm->affine ? 4 : 2) * values;
    }
    row.outputs = values;
    all.push_back(row);
  }
  return all;
}

}  // namespace signet
