#include "signet/data/agreement.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "signet/base/printable.h"

namespace signet {
namespace {

int64_t pixels(const std::vector<int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1},
                         std::multiplies<>());
}

std::string image_text(const std::vector<int64_t>& shape) {
  const auto count = std::to_string(pixels(shape)) + " pixels";
  return shape.size() == 1
             ? "rows of " + count
             : size_text(shape) + " (channels, height, width: " + count + ")";
}

const KnownDataset* known(const std::string& set) {
  for (const auto& record : known_datasets())
    if (record.name == set) return &record;
  return nullptr;
}

/// Whether names tell classes apart: numbers in order do so only where a known
/// data set calls its classes by them.
std::vector<std::string> real_names(const std::string& set,
                                    std::vector<std::string> names) {
  const auto* record = known(set);
  if (record && !record->classes.empty() && names == record->classes)
    return names;
  for (size_t i = 0; i < names.size(); ++i)
    if (names[i] != std::to_string(i)) return names;
  return {};
}

}  // namespace

DataTraits traits_of(const Dataset& data) {
  DataTraits traits{
      .image_shape = data.image_shape,
      .classes =
          data.counted ? static_cast<int64_t>(data.classes.size()) : int64_t{0},
      .greatest_label =
          data.labels.empty()
              ? -1
              : *std::max_element(data.labels.begin(), data.labels.end()),
      .names = real_names(data.name, data.classes)};
  const auto* record = known(data.recognised);
  if (traits.names.empty() && record) traits.names = record->classes;
  return traits;
}

DataTraits model_traits(const std::string& set,
                        std::vector<int64_t> image_shape, int64_t classes,
                        std::vector<std::string> names) {
  const auto* record = known(set);
  if (record && names.empty() &&
      static_cast<int64_t>(record->classes.size()) == classes)
    names = record->classes;
  if (record && image_shape.size() == 1 && !record->image_shape.empty() &&
      pixels(record->image_shape) == image_shape[0])
    image_shape = record->image_shape;
  return {.image_shape = std::move(image_shape),
          .classes = classes,
          .names = real_names(set, std::move(names))};
}

std::string different_shapes(const DataTraits& model, const DataTraits& data) {
  const bool rows =
      model.image_shape.size() == 1 || data.image_shape.size() == 1;
  if (rows ? pixels(model.image_shape) != pixels(data.image_shape)
           : model.image_shape != data.image_shape) {
    return "the images must be " + image_text(model.image_shape) +
           ", as the model reads, but got " + image_text(data.image_shape);
  }
  const auto count = std::to_string(model.classes);
  if (model.classes > 0 && data.classes > 0 && model.classes != data.classes) {
    return "the data must have " + count + " classes, as the model, but got " +
           std::to_string(data.classes);
  }
  if (model.classes > 0 && data.greatest_label >= model.classes) {
    return "the labels must be below the " + count +
           " classes of the model, but got " +
           std::to_string(data.greatest_label);
  }
  return "";
}

std::string different_names(const DataTraits& model, const DataTraits& data) {
  const auto count = std::min(model.names.size(), data.names.size());
  for (size_t i = 0; i < count; ++i) {
    if (model.names[i] == data.names[i]) continue;
    return "class " + std::to_string(i) + " must be '" +
           printable(model.names[i]) + "', as for the model, but got '" +
           printable(data.names[i]) + "': is this another data set?";
  }
  return "";
}

std::string disagreement(const DataTraits& model, const DataTraits& data) {
  const auto shapes = different_shapes(model, data);
  return shapes.empty() ? different_names(model, data) : shapes;
}

}  // namespace signet
