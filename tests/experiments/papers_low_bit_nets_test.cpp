#include "signet/experiments/papers/low_bit_nets.h"

#include <gtest/gtest.h>

#include "signet/experiments/recipe.h"

namespace signet {
namespace {

// The recipes are what users train; these must be the same networks.
TEST(LowBitNets, AreThoseOfTheRecipes) {
  const std::vector<std::pair<const LowBitNet*, std::pair<std::string, int>>>
      nets{{&lenet5(), {"lenet5", 2}},
           {&vgg11(), {"vgg11", 4}},
           {&resnet20(), {"resnet20", 4}}};
  for (const auto& [net, named] : nets) {
    const auto recipe = load_recipe(std::string(SIGNET_SOURCE_DIR) +
                                    "/recipes/" + named.first + ".toml");
    EXPECT_EQ(net->layers(quantized(named.second, "clipped-relu")),
              recipe.network.layers)
        << net->name;
  }
}

}  // namespace
}  // namespace signet
