#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace signet {

/// Images of 8-bit pixels with one class each, example after example.
struct Dataset {
  std::string name;
  std::vector<int64_t> image_shape;  ///< channels, height, width
  std::vector<uint8_t> images;       ///< [size, features], row-major
  std::vector<uint8_t> labels;       ///< [size], each < classes.size()
  std::vector<std::string> classes;  ///< the name of each class

  int64_t size() const { return static_cast<int64_t>(labels.size()); }
  int64_t features() const;  ///< pixels of one image, all channels
};

enum class Part { train, test };

struct DatasetOptions {
  std::string name = "fashion-mnist";  ///< one of known_datasets()
  std::string folder = "";  ///< of its files; empty: the set's own default
};

/// One data set that signet can load by name.
struct KnownDataset {
  std::string name;
  std::string summary;
  std::string default_folder;  ///< empty: the user must name one
  std::string package;  ///< Debian's, that fills default_folder, or empty
  /// What the files must hold; empty: whatever they do hold.
  std::vector<int64_t> image_shape;
  std::vector<std::string> classes;
  Dataset (*load)(const KnownDataset&, const std::filesystem::path& folder,
                  Part);
};

/// The table of them.
const std::vector<KnownDataset>& known_datasets();

/// Loads one part of a data set.
/// Errors: throws if the name is unknown (lists the known ones), the folder or
/// a file is absent (says what to install or set), a file is damaged, images
/// and labels differ in number, a label is no class, an image has another
/// shape.
Dataset load_dataset(const DatasetOptions& options, Part part);

/// What the files of a folder are, by their names: "cifar-10", or four IDX
/// files, which are "mnist" or "fashion-mnist" if the training labels begin as
/// theirs do, 5 0 4 1 9 and 9 0 0 3 0, and else "idx".
/// Errors: throws if it holds no such files.
DatasetOptions identify_dataset(const std::filesystem::path& folder);

}  // namespace signet
