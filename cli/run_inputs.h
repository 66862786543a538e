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
  std::vector<int64_t> shape = {};  ///< of an image; channels first if three
};

/// A data set's name (its test part), a folder of the four IDX files, or one
/// IDX file of images; "-" is one on standard input.
Inputs load_inputs(const std::string& data);

/// A model that reads rows takes images of any shape, one that reads images
/// those of its own, with or without an axis for a single channel.
void check_shape(const runtime::ModelInfo& info, const Inputs& inputs,
                 const std::string& data);

/// The name of a class, or its number.
std::string class_name(const runtime::ModelInfo& info, int64_t label);

}  // namespace signet
