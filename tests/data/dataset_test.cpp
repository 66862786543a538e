#include "signet/data/dataset.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <string>
#include <vector>

#include "signet/data/atomic_file.h"
#include "signet/data/idx.h"
#include "tests/data/error_of.h"
#include "tests/data/temp_folder.h"

namespace signet {
namespace {

// The four files of a small set in MNIST's layout: 4 images to train, 2 to
// test.
void write_set(const TempFolder& folder, int64_t height, int64_t width,
               const std::vector<uint8_t>& train_labels,
               const std::vector<uint8_t>& test_labels) {
  const auto images = [&](int64_t n) {
    return IdxArray{{n, height, width},
                    std::vector<uint8_t>(n * height * width, 9)};
  };
  const auto labels = [](const std::vector<uint8_t>& values) {
    return IdxArray{{static_cast<int64_t>(values.size())}, values};
  };
  write_idx(folder / "train-images-idx3-ubyte.gz", images(4));
  write_idx(folder / "train-labels-idx1-ubyte", labels(train_labels));
  write_idx(folder / "t10k-images-idx3-ubyte", images(2));
  write_idx(folder / "t10k-labels-idx1-ubyte.gz", labels(test_labels));
}

std::string error_loading(const std::string& name, const std::string& folder,
                          Part part = Part::train) {
  return error_of(
      [&] { load_dataset({.name = name, .folder = folder}, part); });
}

// Debian's files: 10 classes of 6,000 and of 1,000 images.
TEST(Dataset, FashionMnist) {
  const Dataset train = load_dataset({}, Part::train);
  const Dataset test = load_dataset({}, Part::test);
  EXPECT_EQ(train.size(), 60'000);
  EXPECT_EQ(test.size(), 10'000);
  EXPECT_EQ(train.image_shape, (std::vector<int64_t>{1, 28, 28}));
  EXPECT_EQ(train.features(), 784);
  EXPECT_EQ(train.images.size(), 60'000u * 784);
  EXPECT_EQ(test.classes.at(9), "Ankle boot");
  std::array<int, 10> count{};
  for (const uint8_t label : test.labels) ++count.at(label);
  for (const int n : count) EXPECT_EQ(n, 1'000);
  // The first ten test labels, as the data set's own page lists them.
  EXPECT_EQ(std::vector(test.labels.begin(), test.labels.begin() + 10),
            (std::vector<uint8_t>{9, 2, 1, 1, 6, 1, 4, 6, 5, 7}));
}

TEST(Dataset, AnyIdxFolderPlainOrGzip) {
  TempFolder folder;
  write_set(folder, 3, 5, {0, 2, 1, 2}, {1, 0});
  const DatasetOptions options{.name = "idx", .folder = folder.path()};
  const Dataset train = load_dataset(options, Part::train);
  EXPECT_EQ(train.image_shape, (std::vector<int64_t>{1, 3, 5}));
  EXPECT_EQ(train.labels, (std::vector<uint8_t>{0, 2, 1, 2}));
  // The test part has no example of class 2, but the set has three classes.
  const Dataset test = load_dataset(options, Part::test);
  EXPECT_EQ(test.classes, (std::vector<std::string>{"0", "1", "2"}));
  EXPECT_EQ(test.size(), 2);
}

// What a model is evaluated on may be test files alone.
TEST(Dataset, TestPartNeedsNoTrainingFiles) {
  TempFolder folder;
  write_set(folder, 3, 5, {0, 2, 1, 2}, {1, 0});
  const DatasetOptions options{.name = "idx", .folder = folder.path()};
  EXPECT_TRUE(load_dataset(options, Part::test).counted);
  std::filesystem::remove(folder / "train-images-idx3-ubyte.gz");
  EXPECT_EQ(load_dataset(options, Part::test).classes.size(), 3U);
  std::filesystem::remove(folder / "train-labels-idx1-ubyte");
  const Dataset test = load_dataset(options, Part::test);
  EXPECT_FALSE(test.counted);
  EXPECT_EQ(test.classes, (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(identify_dataset(folder.path()).name, "idx");
  EXPECT_EQ(find_dataset(folder.path(), "fashion-mnist").name, "fashion-mnist");
  EXPECT_EQ(find_dataset(folder.path(), "cifar-10").name, "idx");
  TempFolder cifar;
  write_atomically(cifar / "test_batch.bin", std::vector<uint8_t>(3073));
  EXPECT_EQ(find_dataset(cifar.path(), "idx").name, "cifar-10");
}

TEST(Dataset, AKnownSetIsNoOther) {
  TempFolder folder;
  const auto write = [&](const std::vector<uint8_t>& labels) {
    const auto n = static_cast<int64_t>(labels.size());
    write_idx(folder / "t10k-images-idx3-ubyte",
              {{n, 28, 28}, std::vector<uint8_t>(labels.size() * 784)});
    write_idx(folder / "t10k-labels-idx1-ubyte", {{n}, labels});
  };
  write({7, 2, 1, 0, 4, 1});
  EXPECT_EQ(error_loading("mnist", folder.path(), Part::test), "no error");
  EXPECT_PRED2(contains,
               error_loading("fashion-mnist", folder.path(), Part::test),
               "must hold the data set fashion-mnist, but got mnist, as its "
               "labels say");
  EXPECT_EQ(load_dataset({.name = "idx", .folder = folder.path()}, Part::test)
                .recognised,
            "mnist");
  write({9, 2, 1, 1, 6});
  EXPECT_PRED2(contains, error_loading("mnist", folder.path(), Part::test),
               "but got fashion-mnist");
  write({3, 2, 1, 1, 6});
  EXPECT_EQ(error_loading("mnist", folder.path(), Part::test), "no error");
}

TEST(Dataset, ColourIdxImages) {
  TempFolder folder;
  write_set(folder, 3, 5, {0, 2, 1, 2}, {1, 0});
  write_idx(folder / "t10k-images-idx3-ubyte",
            {{2, 3, 4, 4}, std::vector<uint8_t>(96)});
  EXPECT_EQ(load_dataset({.name = "idx", .folder = folder.path()}, Part::test)
                .image_shape,
            (std::vector<int64_t>{3, 4, 4}));
}

TEST(Dataset, Cifar10) {
  TempFolder folder;
  for (const std::string name :
       {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
        "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"}) {
    std::vector<uint8_t> records(2 * 3073);
    records[0] = name == "test_batch.bin" ? 3 : name[11] - '0';
    records[1] = 11;            // first pixel of the first record, red
    records[3073] = 9;          // label of the second
    records[3073 + 3072] = 22;  // its last pixel, blue
    write_atomically(folder / name, records);
  }
  const DatasetOptions options{.name = "cifar-10", .folder = folder.path()};
  const Dataset train = load_dataset(options, Part::train);
  EXPECT_EQ(train.image_shape, (std::vector<int64_t>{3, 32, 32}));
  EXPECT_EQ(train.labels, (std::vector<uint8_t>{1, 9, 2, 9, 3, 9, 4, 9, 5, 9}));
  EXPECT_EQ(train.images.size(), 10u * 3072);
  EXPECT_EQ(train.images[0], 11);
  EXPECT_EQ(train.images[3072], 0);
  EXPECT_EQ(train.images.back(), 22);
  const Dataset test = load_dataset(options, Part::test);
  EXPECT_EQ(test.classes.at(test.labels.at(0)), "cat");

  write_atomically(folder / "test_batch.bin", std::vector<uint8_t>(3072));
  EXPECT_PRED2(contains, error_loading("cifar-10", folder.path(), Part::test),
               "test_batch.bin: must hold whole records of 3073 bytes, a label "
               "and 3x32x32 pixels, but is 3072 bytes long: the record at byte "
               "0 has 3072");
  write_atomically(folder / "test_batch.bin", std::vector<uint8_t>(3074));
  EXPECT_PRED2(contains, error_loading("cifar-10", folder.path(), Part::test),
               "the record at byte 3073 has 1");
  write_atomically(folder / "test_batch.bin", std::vector<uint8_t>(3073, 10));
  EXPECT_PRED2(contains, error_loading("cifar-10", folder.path(), Part::test),
               "test_batch.bin: byte 0, the label of example 0, must be below "
               "the 10 classes, but is 10");
  auto records = std::vector<uint8_t>(2 * 3073);
  records[3073] = 200;
  write_atomically(folder / "data_batch_3.bin", records);
  EXPECT_PRED2(contains, error_loading("cifar-10", folder.path()),
               "data_batch_3.bin: byte 3073, the label of example 1, must be "
               "below the 10 classes, but is 200");
  records[3073] = 2;
  write_atomically(folder / "data_batch_3.bin", records);
  std::filesystem::remove(folder / "data_batch_4.bin");
  EXPECT_PRED2(contains, error_loading("cifar-10", folder.path()),
               "must hold data_batch_4.bin");
}

TEST(Dataset, SaysWhatIsAbsentAndWhatToDo) {
  TempFolder folder;
  EXPECT_PRED2(contains, error_loading("fashion-mnst", ""),
               "data.name: must be one of fashion-mnist, mnist, cifar-10, idx, "
               "but got \"fashion-mnst\"");
  EXPECT_PRED2(contains, error_loading("mnist", ""),
               "data.folder: must name a folder, but got none: set "
               "data.folder=...");
  EXPECT_PRED2(contains, error_loading("fashion-mnist", folder / "none"),
               "none: must be a folder, but got none: apt-get install "
               "dataset-fashion-mnist, or set data.folder=...");
  EXPECT_PRED2(contains, error_loading("idx", folder.path()),
               "must hold train-images-idx3-ubyte or "
               "train-images-idx3-ubyte.gz, but got neither");
}

TEST(Dataset, SaysWhatDoesNotFit) {
  TempFolder folder;
  write_set(folder, 28, 28, {0, 1, 2}, {1, 10});
  EXPECT_PRED2(contains, error_loading("mnist", folder.path()),
               "train-labels-idx1-ubyte: must hold one label an image, at "
               "least one, but got 3 labels for the 4 images of "
               "train-images-idx3-ubyte.gz");
  EXPECT_PRED2(contains, error_loading("mnist", folder.path(), Part::test),
               "t10k-labels-idx1-ubyte.gz: byte 9, the label of example 1, "
               "must be below the 10 classes, but is 10");
  write_set(folder, 28, 27, {0, 1, 2, 3}, {1, 2});
  EXPECT_PRED2(contains, error_loading("fashion-mnist", folder.path()),
               "images must have shape 1x28x28, but got 1x28x27");
  write_set(folder, 0, 28, {0, 1, 2, 3}, {1, 2});
  EXPECT_PRED2(contains, error_loading("idx", folder.path()),
               "images must have shape of at least one pixel");
  write_idx(folder / "train-images-idx3-ubyte", {{4}, {1, 2, 3, 4}});
  EXPECT_PRED2(contains, error_loading("idx", folder.path()),
               "byte 3 must be 03, the dimensions of images (or 04 with "
               "channels), but is 1");
  write_set(folder, 2, 2, {0, 1, 2, 3}, {1, 2});
  write_idx(folder / "train-labels-idx1-ubyte",
            {{4, 2, 2}, std::vector<uint8_t>(16)});
  EXPECT_PRED2(contains, error_loading("idx", folder.path()),
               "byte 3 must be 01, the one dimension of labels, but the file "
               "holds 4x2x2 values");
}

TEST(Dataset, FoldersAreKnownByTheirFiles) {
  const auto name_of = [](const std::vector<uint8_t>& labels) {
    TempFolder folder;
    write_idx(folder / "train-labels-idx1-ubyte",
              {{static_cast<int64_t>(labels.size())}, labels});
    const auto options = identify_dataset(folder.path());
    EXPECT_EQ(options.folder, folder.path());
    return options.name;
  };
  EXPECT_EQ(name_of({5, 0, 4, 1, 9, 2}), "mnist");
  EXPECT_EQ(name_of({9, 0, 0, 3, 0, 2}), "fashion-mnist");
  EXPECT_EQ(name_of({9, 0, 0, 3}), "idx");
  TempFolder cifar;
  std::ofstream(cifar / "data_batch_1.bin") << "x";
  EXPECT_EQ(identify_dataset(cifar.path()).name, "cifar-10");
  TempFolder empty;
  EXPECT_PRED2(contains, error_of([&] { identify_dataset(empty.path()); }),
               "must hold train-labels-idx1-ubyte");
}

}  // namespace
}  // namespace signet
