#include "signet/data/dataset.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <stdexcept>

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

std::string text(const std::vector<int64_t>& shape) {
  std::string result;
  for (const int64_t size : shape) {
    if (!result.empty()) result += 'x';
    result += std::to_string(size);
  }
  return result;
}

// "apt-get install PACKAGE, or set data.folder=..."
std::string remedy(const KnownDataset& known) {
  return (known.package.empty()
              ? ""
              : "apt-get install " + known.package + ", or ") +
         "set data.folder=... to the folder that holds the data set " +
         known.name;
}

path find_file(const KnownDataset& known, const path& folder,
               const std::string& name) {
  for (const std::string suffix : {"", ".gz"}) {
    if (exists(folder / (name + suffix))) return folder / (name + suffix);
  }
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
                 text(labels.shape) + " values");
  }
  return std::move(labels.values);
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
                                            : text(known.image_shape)) +
                 ", but got " + text(data.image_shape));
  }
  if (images.shape[0] != data.size() || data.size() == 0) {
    bad_file(label_file,
             "must hold one label an image, at least one, but got " +
                 std::to_string(data.size()) + " labels for the " +
                 std::to_string(images.shape[0]) + " images of " +
                 image_file.filename().string());
  }
  if (data.classes.empty()) {
    data.classes = count_classes(
        part == Part::train
            ? data.labels
            : read_labels(find_file(known, folder, "train-labels-idx1-ubyte")));
  }
  check_labels(data, 0, label_file, 8, 1);  // behind the header of IDX
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
    if (!exists(file)) {
      bad_file(folder, "must hold " + name + " (the binary version), but got " +
                           "no such file: " + remedy(known));
    }
    const std::vector<uint8_t> bytes = read_file(file);
    const size_t over = bytes.size() % (1 + pixels);
    if (bytes.empty() || over != 0) {
      bad_file(file, "must hold whole records of " +
                         std::to_string(1 + pixels) + " bytes, a label and " +
                         text(data.image_shape) + " pixels, but is " +
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
    if (!is_directory(folder)) {
      bad_file(folder, "must be a folder, but got none: " + remedy(known));
    }
    return known.load(known, folder, part);
  }
  throw std::runtime_error("data.name: must be one of " + names +
                           ", but got \"" + options.name + "\"");
}

DatasetOptions identify_dataset(const path& folder) {
  const auto begins = [](const std::vector<uint8_t>& labels,
                         std::initializer_list<uint8_t> first) {
    return labels.size() >= first.size() &&
           std::equal(first.begin(), first.end(), labels.begin());
  };
  if (exists(folder / "data_batch_1.bin")) return {"cifar-10", folder.string()};
  const KnownDataset& idx = known_datasets().back();
  const auto labels =
      read_labels(find_file(idx, folder, "train-labels-idx1-ubyte"));
  const bool mnist = begins(labels, {5, 0, 4, 1, 9});
  const bool fashion = begins(labels, {9, 0, 0, 3, 0});
  return {mnist     ? "mnist"
          : fashion ? "fashion-mnist"
                    : idx.name,
          folder.string()};
}

}  // namespace signet
