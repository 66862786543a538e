#include "signet/experiments/measured_points.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "signet/base/number.h"
#include "signet/base/printable.h"
#include "signet/core/checks.h"
#include "signet/core/torch.h"
#include "signet/data/csv.h"
#include "signet/experiments/image_shape.h"

namespace signet {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kImages = 100;  // unless asked for more

/// Labels as the loss wants them.
Tensor labels_for(const LossKind& loss, const CsvMatrix& points, size_t rows,
                  int64_t outputs, const fs::path& path) {
  const size_t column = points.columns.size() - 1;
  bool has_zero = false, has_minus = false;
  auto labels = torch::empty({static_cast<int64_t>(rows)}, torch::kDouble);
  for (size_t i = 0; i < rows; ++i) {
    const double label = points.at(i, column);
    const auto fail = [&](const std::string& must) {
      throw UsageError(path.string() + ": row " + std::to_string(i + 1) +
                       ", column \"" + printable(points.columns[column]) +
                       "\": a label must be " + must + ", but got " +
                       number_text(label));
    };
    if (loss.classes) {
      if (label != std::floor(label) || label < 0 || label >= outputs)
        fail("a class from 0 to " + std::to_string(outputs - 1));
    } else if (loss.name == "logistic") {
      has_zero |= label == 0;
      has_minus |= label == -1;
      if (label != 1 && label != 0 && label != -1) fail("-1 or +1, or 0 or 1");
      if (has_zero && has_minus) fail("-1 or +1, or 0 or 1, not of both");
    }
    labels[static_cast<int64_t>(i)] = has_zero && label == 0 ? -1.0 : label;
  }
  return labels;
}

/// How many of `all` examples are measured.
int64_t limited(int64_t asked, int64_t all, const std::string& who) {
  check(asked <= all, who,
        "has " + std::to_string(all) + " examples, but --examples is " +
            std::to_string(asked));
  return asked > 0 ? asked : all;
}

MeasuredPoints read_points(const MeasuredPointsOptions& options,
                           const LossKind& loss, const NetworkSpec& spec,
                           int64_t outputs) {
  const auto points = read_matrix(options.data);
  const auto columns = static_cast<int64_t>(points.columns.size());
  const int64_t inputs = spec.input.values();
  check(columns == inputs + 1, options.data,
        "must have " + std::to_string(inputs + 1) + " columns, the network's " +
            std::to_string(inputs) + " inputs and a label, but got " +
            std::to_string(columns));
  const auto all = static_cast<int64_t>(points.rows);
  const int64_t rows = limited(options.examples, all, options.data);
  const auto values = torch::tensor(points.values, torch::kDouble)
                          .view({all, columns})
                          .narrow(0, 0, rows);
  return {values.narrow(1, 0, inputs).contiguous(),
          labels_for(loss, points, static_cast<size_t>(rows), outputs,
                     options.data),
          options.data};
}

MeasuredPoints points_of(const Dataset& data,
                         const MeasuredPointsOptions& options,
                         const NetworkSpec& spec, int64_t outputs,
                         const LossKind& loss) {
  const auto who = options.data;
  check(loss.classes, "loss " + loss.name,
        "images have classes: cross_entropy is their loss");
  check(data.features() == spec.input.values(), who,
        "has images of " + std::to_string(data.features()) +
            " pixels, but the network has " +
            std::to_string(spec.input.values()) + " inputs");
  check(static_cast<int64_t>(data.classes.size()) == outputs, who,
        "has " + std::to_string(data.classes.size()) +
            " classes, but the network has " + std::to_string(outputs) +
            " outputs");
  const int64_t count = limited(
      options.examples > 0 ? options.examples : std::min(kImages, data.size()),
      data.size(), who);
  auto images = torch::empty({count, data.features()}, torch::kUInt8);
  std::copy_n(data.images.begin(), images.numel(), images.data_ptr<uint8_t>());
  auto labels = torch::empty({count}, torch::kDouble);
  std::copy_n(data.labels.begin(), count, labels.data_ptr<double>());
  if (options.divide_pixels != 1)
    images = images.to(torch::kDouble) / options.divide_pixels;
  return {images, labels, std::to_string(count) + " training images of " + who};
}

}  // namespace

std::optional<Dataset> measured_images(const MeasuredPointsOptions& options) {
  const auto& data = options.data;
  if (fs::is_directory(data))
    return load_dataset(identify_dataset(data), Part::train);
  const auto& known = known_datasets();
  const bool is_name =
      std::any_of(known.begin(), known.end(),
                  [&](const auto& set) { return set.name == data; });
  if (!is_name || fs::exists(data)) return std::nullopt;
  return load_dataset({.name = data}, Part::train);
}

MeasuredPoints measured_points(const MeasuredPointsOptions& options,
                               const std::optional<Dataset>& images,
                               const LossKind& loss, const NetworkSpec& spec) {
  const int64_t outputs = summarize(spec).back().output.values();
  check(loss.classes ? outputs >= 2 : outputs == 1, "loss " + loss.name,
        "the network must have " +
            std::string(loss.classes ? "an output for each class, 2 at least"
                                     : "one output") +
            ", but has " + std::to_string(outputs));
  if (images) return points_of(*images, options, spec, outputs, loss);
  check(options.divide_pixels == 1, options.data,
        "--divide-pixels is for images, these are points");
  return read_points(options, loss, spec, outputs);
}

}  // namespace signet
