#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "signet/base/arguments.h"
#include "signet/core/encoding.h"

namespace signet {

/// y = W x (+ b). Binary weights are the signs of latent real ones.
struct LinearSpec {
  int64_t outputs = 0;
  bool binary = true;
  bool bias = false;
  double init = 0.1;  ///< latent weights start uniform in [-init, init]
};

/// (x - mean) / sqrt(variance + epsilon) scale + shift, for each channel.
struct BatchNormSpec {
  double momentum = 0.1;  ///< of the running mean and variance, in (0, 1]
  double epsilon = 1e-5;
  bool affine = true;  ///< learn scale and shift
};

/// Bernoulli units, drawn by the Sampler: P(x = high) = F(a).
struct UnitsSpec {
  Encoding encoding = Encoding::signs;
  std::string noise = "logistic";
};

/// Sets activations to 0 with probability `rate` while training.
struct DropoutSpec {
  double rate = 0.5;
};

using LayerSpec =
    std::variant<LinearSpec, BatchNormSpec, UnitsSpec, DropoutSpec>;

/// A feed-forward network, described once: the module, the summary and the
/// exporter are derived from this.
struct NetworkSpec {
  int64_t inputs = 0;  ///< values of one example, pixels 0 .. 255
  std::vector<LayerSpec> layers;
};

/// One layer kind that a recipe can spell, for parsing and for help.
struct LayerKind {
  std::string name;
  std::string help;
  std::vector<Parameter> parameters;
  LayerSpec (*make)(const Arguments& arguments);
};

/// linear, batch-norm, units, dropout.
const std::vector<LayerKind>& layer_kinds();

/// Reads spellings such as "linear(outputs=1024)", "batch-norm", "units".
/// Errors: UsageError that names the layer and what is wrong with it.
NetworkSpec parse_network(int64_t inputs,
                          const std::vector<std::string>& layers);

/// What a layer is and costs for one example.
struct LayerSummary {
  std::string name;     ///< "0.linear"
  std::string kind;     ///< "linear"
  int64_t outputs = 0;  ///< values of one example after the layer
  int64_t binary_weights = 0;
  int64_t real_weights = 0;
  int64_t binary_macs = 0;  ///< multiply-accumulates with binary weights
  int64_t real_macs = 0;

  /// Of the weights as shipped: 1 bit a binary one, 32 a real one.
  int64_t bytes() const { return (binary_weights + 7) / 8 + 4 * real_weights; }
};

std::vector<LayerSummary> summarize(const NetworkSpec& spec);

/// The name of layer i in tables, traces and model files: "0.linear".
std::string layer_name(const NetworkSpec& spec, size_t i);

}  // namespace signet
