#include "cli/run_inputs.h"

#include <algorithm>
#include <filesystem>

#include "signet/base/error.h"
#include "signet/base/names.h"
#include "signet/base/number.h"
#include "signet/base/printable.h"
#include "signet/data/agreement.h"
#include "signet/data/idx.h"

namespace signet {
namespace {

std::string metadata(const runtime::ModelInfo& info, const std::string& key) {
  for (const auto& [name, value] : info.metadata)
    if (name == key) return value;
  return "";
}

/// The images' shape as the model file notes it down, "1x28x28", if it goes
/// with the rows that the model reads; else those rows.
std::vector<int64_t> noted_shape(const runtime::ModelInfo& info) {
  const auto text = metadata(info, "images");
  std::vector<int64_t> sizes;
  int64_t product = 1;
  for (size_t from = 0; from <= text.size() && sizes.size() < 4;) {
    const size_t end = std::min(text.find('x', from), text.size());
    const auto size = read_number<int64_t>(text.substr(from, end - from));
    if (!size || *size < 1 || *size > info.inputs) return {info.inputs};
    sizes.push_back(*size);
    product *= *size;
    from = end + 1;
  }
  if (sizes.size() == 3 && product == info.inputs) return sizes;
  return {info.inputs};
}

DataTraits traits_of(const runtime::ModelInfo& info) {
  const auto& in = info.in;
  return model_traits(metadata(info, "data"),
                      in.pixels() == 1
                          ? noted_shape(info)
                          : std::vector{in.channels, in.height, in.width},
                      info.outputs, info.classes);
}

/// What lies in one file: images, [n, height, width] or with an axis for
/// channels before the height, or rows of pixels.
Dataset load_images(const std::string& path) {
  auto array = read_idx(path);
  check(!array.shape.empty() && array.shape[0] > 0, path,
        "must hold at least one image");
  const auto pixels =
      static_cast<int64_t>(array.values.size()) / array.shape[0];
  Dataset data{.name = "idx", .image_shape = {pixels}, .counted = false};
  data.images = std::move(array.values);
  if (array.shape.size() == 3 || array.shape.size() == 4)
    data.image_shape.assign(array.shape.begin() + 1, array.shape.end());
  if (array.shape.size() == 3)
    data.image_shape.insert(data.image_shape.begin(), 1);
  return data;
}

/// Throws unless there is something of that name to read.
bool is_one_file(const std::string& data) {
  std::vector<std::string> names;
  for (const auto& set : known_datasets()) {
    if (set.name == data) return false;
    names.push_back(set.name);
  }
  if (data == "-") return true;
  if (is_folder(data)) return false;
  std::error_code none;
  check(std::filesystem::exists(data, none), "--data",
        "must be a data set (" + join(names) +
            "), a folder of IDX files or of CIFAR-10's, or an IDX file of "
            "images, but there is no '" +
            printable(data) + "'");
  return true;
}

}  // namespace

Inputs load_inputs(const std::string& data, const runtime::ModelInfo& info) {
  auto set = is_one_file(data)
                 ? load_images(data)
                 : load_dataset(find_dataset(data, metadata(info, "data")),
                                Part::test);
  const auto why = disagreement(traits_of(info), signet::traits_of(set));
  check(why.empty(), data, why);
  Inputs inputs{.features = set.features()};
  inputs.count = static_cast<int64_t>(set.images.size()) / inputs.features;
  inputs.images = std::move(set.images);
  inputs.labels = std::move(set.labels);
  return inputs;
}

std::string class_name(const runtime::ModelInfo& info, int64_t label) {
  return info.classes.empty() ? std::to_string(label)
                              : info.classes.at(static_cast<size_t>(label));
}

}  // namespace signet
