#pragma once

#include <string>
#include <vector>

namespace signet {

/// A network with real weights and low-bit activations, as the recipes of its
/// name have it.
struct LowBitNet {
  std::string name;  ///< "ResNet-20"
  /// Its layers with this one as every activation.
  std::vector<std::string> (*layers)(const std::string& activation);
};

const LowBitNet& lenet5();
const LowBitNet& vgg11();
const LowBitNet& resnet20();

/// Activations of so many bits, ceil, the resolution fixed at that of a
/// half-normal input; backward: "identity", "relu", "clipped-relu".
std::string quantized(int64_t bits, const std::string& backward);

}  // namespace signet
