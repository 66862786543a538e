// A network's description: the shapes and costs that follow from it.

#include "signet/models/network_spec.h"

#include <gtest/gtest.h>

#include "signet/base/error.h"

namespace signet {
namespace {

std::string error_of(const Shape& input,
                     const std::vector<std::string>& layers) {
  try {
    parse_network(input, layers);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(NetworkSpec, NamesBothLayersWhoseShapesDoNotMeet) {
  const auto map = Shape::map(1, 28, 28);
  EXPECT_EQ(error_of(map, {"conv(channels=8)", "linear(outputs=3)"}),
            "network.layers[1]: 1.linear after 0.conv (8x26x26) wants a "
            "vector, but gets 8x26x26: put \"flatten\" between them");
  EXPECT_EQ(error_of(map, {"linear(outputs=8)", "conv(channels=3)"}),
            "network.layers[1]: 1.conv after 0.linear (8) wants a map, but "
            "gets a vector of 8");
  EXPECT_EQ(error_of(map, {"max-pool(size=20)", "conv(channels=3)"}),
            "network.layers[1]: 1.conv after 0.max-pool (1x1x1) has a kernel "
            "of 3x3, which does not fit into 1x1x1 with padding 0");
  EXPECT_EQ(error_of(map, {"flatten", "max-pool"}),
            "network.layers[1]: 1.max-pool after 0.flatten (784) wants a map, "
            "but gets a vector of 784");
  EXPECT_EQ(error_of(map, {"conv(channels=2)", "shortcut",
                           "conv(channels=1, padding=1)", "add"}),
            "network.layers[3]: 3.add after 2.conv (1x26x26) adds 2x26x26 of "
            "layer 1.shortcut to 1x26x26: the shortcut must be as large or "
            "larger by a whole stride, with no more channels");
  EXPECT_EQ(error_of(map, {"relu", "add"}),
            "network.layers[1]: 1.add after 0.relu (1x28x28) has no open "
            "shortcut before it");
  EXPECT_EQ(error_of(map, {"relu", "shortcut"}),
            "network.layers: 1.shortcut has no 'add' after it");
  EXPECT_EQ(error_of(map, {"dropout", "linear(outputs=3)"}), "no error");
}

TEST(NetworkSpec, CountsTheWeightsAndProductsOfVgg28) {
  const std::vector<std::string> layers = {"conv(channels=64, padding=1)",
                                           "batch-norm",
                                           "units",
                                           "conv(channels=64, padding=1)",
                                           "max-pool",
                                           "batch-norm",
                                           "units",
                                           "conv(channels=128, padding=1)",
                                           "batch-norm",
                                           "units",
                                           "conv(channels=128, padding=1)",
                                           "max-pool",
                                           "batch-norm",
                                           "units",
                                           "flatten",
                                           "linear(outputs=512)",
                                           "batch-norm",
                                           "units",
                                           "linear(outputs=10)",
                                           "batch-norm"};
  LayerCost total;
  for (const auto& row :
       summarize(parse_network(Shape::map(1, 28, 28), layers))) {
    total.binary_weights += row.cost.binary_weights;
    total.binary_macs += row.cost.binary_macs;
  }
  EXPECT_EQ(total.binary_weights,
            9 * (64 + 64 * 64 + 64 * 128 + 128 * 128) + 6272 * 512 + 5120);
  EXPECT_EQ(total.binary_macs, 784 * 9 * (64 + 64 * 64) +
                                   196 * 9 * (64 * 128 + 128 * 128) +
                                   6272 * 512 + 5120);
}

TEST(Shape, ReadsWhatItWrites) {
  for (const auto& shape : {Shape::vector(784), Shape::map(3, 32, 31)})
    EXPECT_EQ(Shape::parse(shape.text()), shape);
  for (const auto* wrong : {"", "x", "3x4", "1x2x3x4", "0", "3x-1x2", "7 "})
    EXPECT_THROW(Shape::parse(wrong), UsageError) << wrong;
}

}  // namespace
}  // namespace signet
