#include "benchmarks/peers/random_networks.h"

#include "tests/runtime/random_model.h"

namespace signet::peers {

using namespace runtime;

ModelDescription random_network(const std::string& kind) {
  Engine engine(1);
  constexpr auto kSigns = InputEncoding::signs;
  ModelDescription network{.name = kind, .inputs = 784};
  if (kind == "vgg28") {
    const Window three{.height = 3, .width = 3, .stride = 1, .pad = 1};
    const Window two{.height = 2, .width = 2, .stride = 2};
    network.layers = {
        random_conv(engine, InputEncoding::pixels, {28, 28, 1}, 64, three),
        random_conv(engine, kSigns, {28, 28, 64}, 64, three),
        MaxPool{.in = {28, 28, 64}, .window = two},
        random_conv(engine, kSigns, {14, 14, 64}, 128, three),
        random_conv(engine, kSigns, {14, 14, 128}, 128, three),
        MaxPool{.in = {14, 14, 128}, .window = two},
        random_layer(engine, kSigns, 6272, 512),
        random_layer(engine, kSigns, 512, 10, true)};
    return network;
  }
  network.layers = {
      random_layer(engine, kind == "mlp" ? InputEncoding::pixels : kSigns, 784,
                   1024),
      random_layer(engine, kSigns, 1024, 1024),
      random_layer(engine, kSigns, 1024, 10, true)};
  return network;
}

}  // namespace signet::peers
