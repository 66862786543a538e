#include "benchmarks/peers/random_networks.h"

#include "tests/runtime/random_model.h"

namespace signet::peers {

using namespace runtime;

namespace {

void add_noise(ModelDescription& network, NoiseFamily noise) {
  for (const Layer& each : network.layers) {
    const auto& layer = std::get<BinaryLinear>(each);
    const bool last = network.sampled.size() + 1 == network.layers.size();
    const float scale = layer.input == InputEncoding::pixels ? 2e-4F : 3e-2F;
    network.sampled.push_back(
        {.noise = last ? NoiseFamily::none : noise,
         .scale = std::vector<float>(layer.outputs, scale),
         .offset = std::vector<float>(layer.outputs, 0)});
  }
}

}  // namespace

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
  const bool binary = kind == "mlp-binary";
  network.layers = {
      random_layer(engine, binary ? kSigns : InputEncoding::pixels, 784, 1024),
      random_layer(engine, kSigns, 1024, 1024),
      random_layer(engine, kSigns, 1024, 10, true)};
  if (kind == "mlp-uniform") add_noise(network, NoiseFamily::uniform);
  if (kind == "mlp-logistic") add_noise(network, NoiseFamily::logistic);
  return network;
}

}  // namespace signet::peers
