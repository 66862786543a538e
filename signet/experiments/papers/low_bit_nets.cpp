#include "signet/experiments/papers/low_bit_nets.h"

namespace signet {
namespace {

using Layers = std::vector<std::string>;

void add(Layers& layers, const Layers& more) {
  layers.insert(layers.end(), more.begin(), more.end());
}

std::string conv(int channels, const std::string& rest) {
  return "conv(channels=" + std::to_string(channels) + ", " + rest +
         ", weights=real)";
}

std::string linear(int outputs) {
  return "linear(outputs=" + std::to_string(outputs) + ", weights=real)";
}

/// Without scale and shift: levels of fixed resolution are those for inputs of
/// deviation 1.
const std::string kNorm = "batch-norm(affine=false)";
const std::string kOutput = "linear(outputs=10, weights=real, bias=true)";

Layers lenet5_layers(const std::string& activation) {
  return {conv(6, "kernel=5, padding=2"),
          "max-pool",
          kNorm,
          activation,
          conv(16, "kernel=5"),
          "max-pool",
          kNorm,
          activation,
          "flatten",
          linear(120),
          kNorm,
          activation,
          linear(84),
          kNorm,
          activation,
          kOutput};
}

Layers vgg11_layers(const std::string& activation) {
  Layers layers;
  const auto block = [&](int channels, bool pool) {
    add(layers, {conv(channels, "padding=1"), kNorm, activation});
    if (pool) layers.push_back("max-pool");
  };
  block(64, true);
  block(128, true);
  for (const int channels : {256, 512, 512}) {
    block(channels, false);
    block(channels, true);
  }
  add(layers, {"flatten", kOutput});
  return layers;
}

Layers resnet20_layers(const std::string& activation) {
  Layers layers{conv(16, "padding=1"), kNorm, activation};
  for (const int channels : {16, 32, 64})
    for (int block = 0; block < 3; ++block) {
      const bool smaller = channels > 16 && block == 0;
      add(layers,
          {"shortcut",
           conv(channels, smaller ? "padding=1, stride=2" : "padding=1"), kNorm,
           activation, conv(channels, "padding=1"), kNorm, "add", activation});
    }
  add(layers, {"average-pool", "flatten", kOutput});
  return layers;
}

}  // namespace

const LowBitNet& lenet5() {
  static const LowBitNet net{"LeNet-5", lenet5_layers};
  return net;
}
const LowBitNet& vgg11() {
  static const LowBitNet net{"VGG-11", vgg11_layers};
  return net;
}
const LowBitNet& resnet20() {
  static const LowBitNet net{"ResNet-20", resnet20_layers};
  return net;
}

std::string quantized(int64_t bits, const std::string& backward) {
  return "quantize(bits=" + std::to_string(bits) +
         ", resolution=half-gaussian, backward=" + backward + ")";
}

}  // namespace signet
