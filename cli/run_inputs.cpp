#include "cli/run_inputs.h"

#include <filesystem>

#include "signet/base/error.h"
#include "signet/base/names.h"
#include "signet/data/dataset.h"
#include "signet/data/idx.h"

namespace signet {
namespace {

Inputs from_dataset(Dataset data) {
  Inputs inputs{.count = data.size(),
                .features = data.features(),
                .shape = data.image_shape};
  inputs.images = std::move(data.images);
  inputs.labels = std::move(data.labels);
  return inputs;
}

std::string join_sizes(const std::vector<int64_t>& shape) {
  std::vector<std::string> sizes;
  for (const auto size : shape) sizes.push_back(std::to_string(size));
  return join(sizes, " x ");
}

}  // namespace

Inputs load_inputs(const std::string& data) {
  for (const auto& set : known_datasets()) {
    if (set.name != data) continue;
    check(!set.default_folder.empty(), "--data",
          "must name the folder of the data set " + data +
              ", which no package installs");
    return from_dataset(load_dataset({.name = data, .folder = {}}, Part::test));
  }
  if (std::filesystem::is_directory(data)) {
    const bool cifar =
        std::filesystem::exists(std::filesystem::path(data) / "test_batch.bin");
    return from_dataset(load_dataset(
        {.name = cifar ? "cifar-10" : "idx", .folder = data}, Part::test));
  }
  if (data != "-" && !std::filesystem::exists(data)) {
    std::vector<std::string> names;
    for (const auto& set : known_datasets()) names.push_back(set.name);
    throw UsageError(
        "--data: must be a data set (" + join(names) +
        "), a folder of IDX files or of CIFAR-10's, or an IDX file of "
        "images, but "
        "there is no '" +
        data + "'");
  }
  auto array = read_idx(data);
  check(!array.shape.empty() && array.shape[0] > 0, data,
        "must hold at least one image");
  Inputs inputs;
  inputs.count = array.shape[0];
  inputs.features = static_cast<int64_t>(array.values.size()) / array.shape[0];
  inputs.images = std::move(array.values);
  inputs.shape.assign(array.shape.begin() + 1, array.shape.end());
  return inputs;
}

void check_shape(const runtime::ModelInfo& info, const Inputs& inputs,
                 const std::string& data) {
  check(inputs.features == info.inputs, data,
        "the images must have " + std::to_string(info.inputs) +
            " pixels, as the model reads, but they have " +
            std::to_string(inputs.features));
  const auto& [height, width, channels] = info.in;
  if (info.in.pixels() == 1) return;
  auto shape = inputs.shape;
  if (shape.size() == 2) shape.insert(shape.begin(), 1);
  const std::vector<int64_t> expected = {channels, height, width};
  check(shape == expected, data,
        "the images must be " + join_sizes(expected) +
            " (channels, height, width), as the model reads, but they are " +
            join_sizes(shape));
}

std::string class_name(const runtime::ModelInfo& info, int64_t label) {
  return info.classes.empty() ? std::to_string(label)
                              : info.classes.at(static_cast<size_t>(label));
}

}  // namespace signet
