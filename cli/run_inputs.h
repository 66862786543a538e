#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "signet/runtime/model.h"

namespace signet {

/// What to classify: images, and labels if the data has them.
struct Inputs {
  std::vector<uint8_t> images = {};
  std::vector<uint8_t> labels = {};
  int64_t count = 0;
  int64_t features = 0;
};

/// A data set's name (its test part), a folder of IDX files or of CIFAR-10's,
/// of which it needs the test part alone, or one IDX file of images; "-" is
/// one on standard input.
/// Errors: UsageError if there is no such data, or it disagrees with the model:
/// see data/agreement.h.
Inputs load_inputs(const std::string& data, const runtime::ModelInfo& info);

/// The name of a class, or its number.
std::string class_name(const runtime::ModelInfo& info, int64_t label);

}  // namespace signet
