#pragma once

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "signet/core/torch.h"
#include "signet/data/dataset.h"
#include "signet/models/network.h"

namespace signet {

/// A network whose batch norms have scales of both signs and of zero.
inline std::shared_ptr<Network> random_network(
    const Shape& input, const std::vector<std::string>& layers, uint64_t seed) {
  const Random random(seed);
  auto network =
      std::make_shared<Network>(parse_network(input, layers), random);
  torch::NoGradGuard no_gradient;
  uint32_t index = 0;
  for (auto& item : network->named_parameters()) {
    const auto u =
        random.site(RandomUse::user, index++).uniform(item.value().sizes());
    if (item.key().ends_with("bias")) item.value().copy_(u * 8 - 4);
    if (!item.key().ends_with(".weight")) continue;
    item.value().copy_(u * 4 - 2);
    item.value()[0] = 0;
    if (item.value().size(0) > 1) item.value()[1] = -0.0F;
  }
  for (auto& item : network->named_buffers()) {
    const auto u =
        random.site(RandomUse::user, index++).uniform(item.value().sizes());
    const bool mean = item.key().ends_with("mean");
    item.value().copy_(mean ? u * 40 - 20 : u * 100 + 0.01);
  }
  network->eval();
  return network;
}

/// Images of random bytes with random labels.
inline Dataset random_data(const Shape& shape, int64_t size, int classes) {
  std::mt19937 engine(77);
  Dataset data;
  data.image_shape = {shape.channels, shape.height, shape.width};
  for (int64_t i = 0; i < size * shape.values(); ++i)
    data.images.push_back(static_cast<uint8_t>(engine()));
  for (int64_t i = 0; i < size; ++i)
    data.labels.push_back(static_cast<uint8_t>(engine() % classes));
  for (int i = 0; i < classes; ++i) data.classes.push_back(std::to_string(i));
  return data;
}

}  // namespace signet
