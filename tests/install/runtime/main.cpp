// Writes a model that tells on which side more pixels are bright, loads it
// from its bytes and runs it.

#include <array>
#include <cstdio>

#include "signet/runtime/format/model_file.h"
#include "signet/runtime/model.h"

namespace rt = signet::runtime;

int main() {
  // Two classes: +1 for the pixels of one half, -1 for those of the other.
  rt::BinaryLinear layer{
      .name = "sides",
      .inputs = 4,
      .outputs = 2,
      .input = rt::InputEncoding::pixels,
      .weights = {0b0011, 0b1100},
      .output = rt::Scores{.scale = {1, 1}, .offset = {0, 0}}};
  const auto bytes = rt::serialize({.name = "sides",
                                    .inputs = 4,
                                    .layers = {layer},
                                    .classes = {"left", "right"}});
  if (!bytes) return std::puts(bytes.error().message.c_str()), 1;
  const auto model = rt::Model::from_bytes(*bytes);
  if (!model) return std::puts(model.error().message.c_str()), 1;
  auto workspace = rt::Workspace::create(*model);
  if (!workspace) return std::puts(workspace.error().message.c_str()), 1;

  const std::array<std::uint8_t, 8> images{9, 200, 3, 0, 1, 2, 255, 0};
  std::array<std::int32_t, 2> labels{};
  std::array<float, 4> scores{};
  if (!model->classify(images, 2, *workspace, labels)) return 1;
  if (!model->forward(images, 2, *workspace, scores)) return 1;
  const std::array<std::int32_t, 2> expected_labels{0, 1};
  const std::array<float, 4> expected_scores{206, -206, -252, 252};
  std::printf("classes %d %d, scores %g %g %g %g\n", labels[0], labels[1],
              scores[0], scores[1], scores[2], scores[3]);
  return labels == expected_labels && scores == expected_scores ? 0 : 1;
}
