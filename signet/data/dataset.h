#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace signet {

/// Images of 8-bit pixels with one class each, example after example.
struct Dataset {
  std::string name = "";
  std::vector<int64_t> image_shape = {};  ///< channels, height, width
  std::vector<uint8_t> images = {};       ///< [size, features], row-major
  std::vector<uint8_t> labels = {};       ///< [size], each < classes.size()
  std::vector<std::string> classes = {};  ///< the name of each class
  /// Whether these are all classes. A folder of test files alone has no
  /// training labels to count them by, so there they are as many as the test
  /// labels need.
  bool counted = true;
  /// The known data set of IDX files that this is by its first labels; or "".
  std::string recognised = "";

  int64_t size() const { return static_cast<int64_t>(labels.size()); }
  int64_t features() const;  ///< pixels of one image, all channels
};

/// "1x28x28"
std::string size_text(const std::vector<int64_t>& shape);

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

/// Loads one part of a data set. The test part needs no training files.
/// Errors: throws if the name is unknown (lists the known ones), the folder or
/// a file is absent (says what to install or set), a file is damaged, images
/// and labels differ in number, a label is no class, an image has another
/// shape, the folder holds another known set.
Dataset load_dataset(const DatasetOptions& options, Part part);

/// Whether there is such a folder; one that may not be looked at is none.
bool is_folder(const std::filesystem::path& folder);

/// What the files of a folder are, by their names: "cifar-10", or IDX files,
/// which are "mnist" or "fashion-mnist" if the training labels, or where there
/// are none the test labels, begin as theirs do, and else "idx".
/// Errors: throws if it holds no such files.
DatasetOptions identify_dataset(const std::filesystem::path& folder);

/// Test data as a user names it to a command: a data set that a package
/// installs, or a folder, which is that of `set`, the data set that the model
/// was made for, unless its files are others.
/// Errors: UsageError if DATA is neither; throws if it holds no such files.
DatasetOptions find_dataset(const std::string& data, const std::string& set);

}  // namespace signet
