#include "signet/data/dataset.h"

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <stdexcept>

#include "signet/base/error.h"
#include "signet/base/names.h"
#include "signet/data/atomic_file.h"
#include "signet/data/bad_file.h"
#include "signet/data/idx.h"

namespace signet {
namespace {

using std::filesystem::path;

int64_t product(const std::vector<int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1},
                         std::multiplies<>());
}

// "apt-get install PACKAGE, or set data.folder=..., or --data, to ..."
std::string remedy(const KnownDataset& known) {
  return (known.package.empty()
              ? ""
              : "apt-get install " + known.package + ", or ") +
         "set data.folder=..., or --data, to the folder that holds the data "
         "set " +
         known.name;
}

bool is_there(const path& file) {
  std::error_code none;
  return exists(file, none);
}

/// The file of that name, plain or compressed; an empty path if there is none.
path file_named(const path& folder, const std::string& name) {
  for (const std::string suffix : {"", ".gz"}) {
    if (is_there(folder / (name + suffix))) return folder / (name + suffix);
  }
  return {};
}

path find_file(const KnownDataset& known, const path& folder,
               const std::string& name) {
  const path file = file_named(folder, name);
  if (!file.empty()) return file;
  bad_file(folder, "must hold " + name + " or " + name +
                       ".gz, but got neither: " + remedy(known));
}

// Labels from example `first` on, which lie in the file at byte `header` and
// then every `record` bytes.
void check_labels(const Dataset& data, size_t first, const path& file,
                  size_t header, size_t record) {
  for (size_t i = first; i < data.labels.size(); ++i) {
    if (data.labels[i] < data.classes.size()) continue;
    bad_file(file, "byte " + std::to_string(header + (i - first) * record) +
                       ", the label of example " + std::to_string(i - first) +
                       ", must be below the " +
                       std::to_string(data.classes.size()) +
                       " classes, but is " + std::to_string(data.labels[i]));
  }
}

std::vector<uint8_t> read_labels(const path& file) {
  IdxArray labels = read_idx(file);
  if (labels.shape.size() != 1) {
    bad_file(file,
             "byte 3 must be 01, the one dimension of labels, but the "
             "file holds " +
                 size_text(labels.shape) + " values");
  }
  return std::move(labels.values);
}

constexpr auto kTrainLabels = "train-labels-idx1-ubyte";
constexpr auto kTestLabels = "t10k-labels-idx1-ubyte";

// The set whose labels begin like these, or "".
// Source: the files themselves; five labels of ten classes are alike by chance
// once in 10^5.
std::string recognise(const std::vector<uint8_t>& labels, Part part) {
  struct Beginning {
    const char* name;
    std::array<uint8_t, 5> train, test;
  };
  constexpr Beginning kBeginnings[] = {
      {"mnist", {5, 0, 4, 1, 9}, {7, 2, 1, 0, 4}},
      {"fashion-mnist", {9, 0, 0, 3, 0}, {9, 2, 1, 1, 6}}};
  for (const auto& set : kBeginnings) {
    const auto& first = part == Part::train ? set.train : set.test;
    if (labels.size() >= first.size() &&
        std::equal(first.begin(), first.end(), labels.begin()))
      return set.name;
  }
  return "";
}

// "0", "1", ...: as many as the training labels need, so that both parts of a
// data set agree.
std::vector<std::string> count_classes(const std::vector<uint8_t>& labels) {
  std::vector<std::string> classes;
  const int last =
      labels.empty() ? -1 : *std::max_element(labels.begin(), labels.end());
  for (int i = 0; i <= last; ++i) classes.push_back(std::to_string(i));
  return classes;
}

Dataset load_idx(const KnownDataset& known, const path& folder, Part part) {
  const std::string prefix = part == Part::train ? "train" : "t10k";
  const path image_file =
      find_file(known, folder, prefix + "-images-idx3-ubyte");
  const path label_file =
      find_file(known, folder, prefix + "-labels-idx1-ubyte");

  Dataset data;
  data.name = known.name;
  data.classes = known.classes;
  IdxArray images = read_idx(image_file);
  data.labels = read_labels(label_file);
  if (images.shape.size() == 3) {  // a grey image has one channel
    images.shape.insert(images.shape.begin() + 1, 1);
  }
  if (images.shape.size() != 4) {
    bad_file(image_file,
             "byte 3 must be 03, the dimensions of images (or 04 with "
             "channels), but is " +
                 std::to_string(images.shape.size()));
  }
  data.image_shape.assign(images.shape.begin() + 1, images.shape.end());
  data.images = std::move(images.values);
  if (data.features() == 0 ||
      (!known.image_shape.empty() && data.image_shape != known.image_shape)) {
    bad_file(image_file,
             "images must have shape " +
                 (known.image_shape.empty() ? "of at least one pixel"
                                            : size_text(known.image_shape)) +
                 ", but got " + size_text(data.image_shape));
  }
  if (images.shape[0] != data.size() || data.size() == 0) {
    bad_file(label_file,
             "must hold one label an image, at least one, but got " +
                 std::to_string(data.size()) + " labels for the " +
                 std::to_string(images.shape[0]) + " images of " +
                 image_file.filename().string());
  }
  if (data.classes.empty()) {
    const path counted = file_named(folder, kTrainLabels);
    data.counted = !counted.empty();
    data.classes = count_classes(part == Part::train || !data.counted
                                     ? data.labels
                                     : read_labels(counted));
  }
  check_labels(data, 0, label_file, 8, 1);  // behind the header of IDX
  const auto set = recognise(data.labels, part);
  if (data.image_shape == std::vector<int64_t>{1, 28, 28}) {
    data.recognised = set;
    if (!set.empty() && known.name != "idx" && known.name != set) {
      bad_file(folder, "must hold the data set " + known.name + ", but got " +
                           set + ", as its labels say");
    }
  }
  return data;
}

// The binary version: records of one label and 3 x 32 x 32 pixels.
// Source: Krizhevsky 2009, the CIFAR-10 page.
Dataset load_cifar(const KnownDataset& known, const path& folder, Part part) {
  std::vector<std::string> names = {"test_batch.bin"};
  if (part == Part::train) {
    names = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
             "data_batch_4.bin", "data_batch_5.bin"};
  }
  Dataset data;
  data.name = known.name;
  data.image_shape = known.image_shape;
  data.classes = known.classes;
  const auto pixels = static_cast<size_t>(data.features());
  for (const std::string& name : names) {
    const path file = folder / name;
    if (!is_there(file)) {
      bad_file(folder, "must hold " + name + " (the binary version), but got " +
                           "no such file: " + remedy(known));
    }
    const std::vector<uint8_t> bytes = read_file(file);
    const size_t over = bytes.size() % (1 + pixels);
    if (bytes.empty() || over != 0) {
      bad_file(file, "must hold whole records of " +
                         std::to_string(1 + pixels) + " bytes, a label and " +
                         size_text(data.image_shape) + " pixels, but is " +
                         std::to_string(bytes.size()) +
                         " bytes long: the record at byte " +
                         std::to_string(bytes.size() - over) + " has " +
                         std::to_string(over));
    }
    const size_t first = data.labels.size();
    for (size_t at = 0; at < bytes.size(); at += 1 + pixels) {
      const auto record = bytes.begin() + static_cast<ptrdiff_t>(at);
      data.labels.push_back(*record);
      data.images.insert(data.images.end(), record + 1,
                         record + 1 + static_cast<ptrdiff_t>(pixels));
    }
    check_labels(data, first, file, 0, 1 + pixels);
  }
  return data;
}

}  // namespace

int64_t Dataset::features() const { return product(image_shape); }

std::string size_text(const std::vector<int64_t>& shape) {
  std::string result;
  for (const int64_t size : shape) {
    if (!result.empty()) result += 'x';
    result += std::to_string(size);
  }
  return result;
}

bool is_folder(const path& folder) {
  std::error_code none;
  return is_directory(folder, none);
}

const std::vector<KnownDataset>& known_datasets() {
  static const std::vector<KnownDataset> table = {
      {.name = "fashion-mnist",
       .summary = "70,000 grey 28x28 images of clothing, 10 classes",
       .default_folder = "/usr/share/datasets/fashion-mnist",
       .package = "dataset-fashion-mnist",
       .image_shape = {1, 28, 28},
       .classes = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                   "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"},
       .load = load_idx},
      {.name = "mnist",
       .summary = "70,000 grey 28x28 images of handwritten digits, 10 classes",
       .default_folder = "",
       .package = "",
       .image_shape = {1, 28, 28},
       .classes = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
       .load = load_idx},
      {.name = "cifar-10",
       .summary = "60,000 colour 32x32 images, 10 classes; the binary version",
       .default_folder = "",
       .package = "",
       .image_shape = {3, 32, 32},
       .classes = {"airplane", "automobile", "bird", "cat", "deer", "dog",
                   "frog", "horse", "ship", "truck"},
       .load = load_cifar},
      {.name = "idx",
       .summary = "any images and labels in MNIST's four file names",
       .default_folder = "",
       .package = "",
       .image_shape = {},
       .classes = {},
       .load = load_idx},
  };
  return table;
}

Dataset load_dataset(const DatasetOptions& options, Part part) {
  std::string names;
  for (const KnownDataset& known : known_datasets()) {
    names += (names.empty() ? "" : ", ") + known.name;
    if (known.name != options.name) continue;
    const path folder =
        options.folder.empty() ? known.default_folder : options.folder;
    if (folder.empty()) {
      throw std::runtime_error(
          "data.folder: must name a folder, but got none: " + remedy(known));
    }
    if (!is_folder(folder)) {
      bad_file(folder, "must be a folder, but got none: " + remedy(known));
    }
    return known.load(known, folder, part);
  }
  throw std::runtime_error("data.name: must be one of " + names +
                           ", but got \"" + options.name + "\"");
}

DatasetOptions identify_dataset(const path& folder) {
  for (const char* name : {"data_batch_1.bin", "test_batch.bin"})
    if (is_there(folder / name)) return {"cifar-10", folder.string()};
  for (const Part part : {Part::train, Part::test}) {
    const path file =
        file_named(folder, part == Part::train ? kTrainLabels : kTestLabels);
    if (file.empty()) continue;
    const auto set = recognise(read_labels(file), part);
    return {set.empty() ? "idx" : set, folder.string()};
  }
  bad_file(folder, std::string("must hold ") + kTrainLabels + " or " +
                       kTestLabels +
                       " (or .gz of them) and the images, or "
                       "CIFAR-10's test_batch.bin, but got none of these");
}

DatasetOptions find_dataset(const std::string& data, const std::string& set) {
  std::vector<std::string> installed;
  for (const auto& known : known_datasets()) {
    if (known.default_folder.empty()) {
      check(known.name != data || is_folder(data), "--data",
            "must name the folder of the data set " + data +
                ", which no package installs");
      continue;
    }
    if (known.name == data) return {data, ""};
    installed.push_back(known.name);
  }
  check(is_folder(data), "--data",
        "must be a data set that a package installs (" + join(installed) +
            "), or a folder of IDX files or of CIFAR-10's, but there is no "
            "folder '" +
            data + "'");
  const auto files = identify_dataset(data);
  if (files.name == "cifar-10") return files;
  return {set == "mnist" || set == "fashion-mnist" ? set : "idx", data};
}

}  // namespace signet
