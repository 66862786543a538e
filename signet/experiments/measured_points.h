#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>

#include "signet/data/dataset.h"
#include "signet/measure/losses.h"
#include "signet/models/network_spec.h"

namespace signet {

/// What a network is measured on.
struct MeasuredPoints {
  Tensor inputs;     ///< [B, inputs], double or uint8
  Tensor labels;     ///< [B], double, as the loss wants them
  std::string name;  ///< "points.csv", "100 training images of fashion-mnist"
};

struct MeasuredPointsOptions {
  /// A CSV file with a line of names, inputs and the label in the last column;
  /// the name of a data set; or the folder of one.
  std::string data;
  int64_t examples = 0;      ///< the first so many; 0: all, of images 100
  double divide_pixels = 1;  ///< PyTorch's ToTensor divides by 255
};

/// The training images that `options.data` names; none if it is a file.
/// Errors: as load_dataset.
std::optional<Dataset> measured_images(const MeasuredPointsOptions& options);

/// Errors: UsageError, one line with the file, and the row and column if it is
/// there: another number of inputs or classes than the network's, or a label
/// that the loss does not take.
MeasuredPoints measured_points(const MeasuredPointsOptions& options,
                               const std::optional<Dataset>& images,
                               const LossKind& loss, const NetworkSpec& spec);

}  // namespace signet
