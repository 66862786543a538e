#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "signet/data/dataset.h"

namespace signet {

/// What is known of images and of their classes: of those in a data set, or of
/// those that a model was made for.
struct DataTraits {
  /// Channels, height, width; or {n} where only the pixels are known: rows.
  std::vector<int64_t> image_shape;
  int64_t classes = 0;                  ///< 0: not known
  int64_t greatest_label = -1;          ///< of the data; -1: none
  std::vector<std::string> names = {};  ///< of the classes; empty: not known
};

/// Those of a data set. The numbers that stand for the names of an IDX folder's
/// classes are no names; a folder of test files alone does not tell how many
/// classes there are, only the greatest label.
DataTraits traits_of(const Dataset& data);

/// Those that a model was made for: `set` is the data set that it was trained
/// on, "" if that is not known; `names` those of its classes, or empty.
DataTraits model_traits(const std::string& set,
                        std::vector<int64_t> image_shape, int64_t classes,
                        std::vector<std::string> names = {});

/// What keeps a model from use with data, "the data must have 3 classes, as the
/// model, but got 5", or "": another shape of image or number of
/// classes, a label that is no class of the model. Rows go with any shape of as
/// many pixels.
std::string different_shapes(const DataTraits& model, const DataTraits& data);

/// The same of the classes' names; "" where one side has none.
std::string different_names(const DataTraits& model, const DataTraits& data);

/// The one check that every command makes before it works with a model and
/// data: the first of both that is not "".
std::string disagreement(const DataTraits& model, const DataTraits& data);

}  // namespace signet
