#include "signet/data/agreement.h"

#include <gtest/gtest.h>

namespace signet {
namespace {

DataTraits data_of(const std::string& set, const std::vector<int64_t>& shape,
                   int classes, bool counted = true) {
  Dataset data{.name = set, .image_shape = shape, .counted = counted};
  for (int i = 0; i < classes; ++i) {
    data.labels.push_back(static_cast<uint8_t>(i));
    data.classes.push_back(std::to_string(i));
  }
  return traits_of(data);
}

TEST(Agreement, OfShapes) {
  const auto model = model_traits("idx", {1, 6, 6}, 3);
  EXPECT_EQ(disagreement(model, data_of("idx", {1, 6, 6}, 3)), "");
  EXPECT_EQ(disagreement(model, data_of("idx", {1, 4, 9}, 3)),
            "the images must be 1x6x6 (channels, height, width: 36 pixels), as "
            "the model reads, but got 1x4x9 (channels, height, width: 36 "
            "pixels)");
  // Grey or colour, 28 or 32 pixels wide.
  EXPECT_NE(disagreement(model, data_of("idx", {4, 3, 3}, 3)), "");
  EXPECT_NE(disagreement(model, data_of("idx", {1, 7, 7}, 3)), "");
  // Of rows only the number of pixels is known, on either side.
  EXPECT_EQ(disagreement(model, data_of("idx", {36}, 3)), "");
  EXPECT_EQ(disagreement(model_traits("", {36}, 3), model), "");
  EXPECT_EQ(disagreement(model_traits("", {36}, 3), data_of("idx", {35}, 3)),
            "the images must be rows of 36 pixels, as the model reads, but got "
            "rows of 35 pixels");
  // A known set tells the shape of a model's rows.
  EXPECT_NE(disagreement(model_traits("fashion-mnist", {784}, 10),
                         data_of("idx", {1, 16, 49}, 10)),
            "");
}

TEST(Agreement, OfClasses) {
  const auto model = model_traits("idx", {1, 6, 6}, 3);
  EXPECT_EQ(disagreement(model, data_of("idx", {1, 6, 6}, 5)),
            "the data must have 3 classes, as the model, but got 5");
  EXPECT_EQ(disagreement(model, data_of("idx", {1, 6, 6}, 2)),
            "the data must have 3 classes, as the model, but got 2");
  // Test files alone show which classes there are at least.
  EXPECT_EQ(disagreement(model, data_of("idx", {1, 6, 6}, 2, false)), "");
  EXPECT_EQ(disagreement(model, data_of("idx", {1, 6, 6}, 4, false)),
            "the labels must be below the 3 classes of the model, but got 3");
  EXPECT_EQ(disagreement(model, data_of("idx", {1, 6, 6}, 0, false)), "");
}

TEST(Agreement, OfNames) {
  const std::vector<int64_t> shape{1, 28, 28};
  const auto fashion = model_traits("fashion-mnist", {784}, 10);
  ASSERT_EQ(fashion.names.size(), 10U);
  const auto digits = data_of("mnist", shape, 10);
  EXPECT_EQ(disagreement(fashion, digits),
            "class 0 must be 'T-shirt/top', as for the model, but got '0': is "
            "this another data set?");
  EXPECT_EQ(different_shapes(fashion, digits), "");
  EXPECT_EQ(disagreement(model_traits("mnist", shape, 10), digits), "");
  // The numbers of a folder of IDX files are no names.
  EXPECT_EQ(disagreement(fashion, data_of("idx", shape, 10)), "");
  EXPECT_EQ(disagreement(model_traits("idx", shape, 10), digits), "");
  // A folder whose labels tell which set it is.
  Dataset known{.name = "idx", .image_shape = shape};
  known.recognised = "mnist";
  known.counted = false;
  known.labels = {7, 2, 1, 0, 4};
  EXPECT_NE(disagreement(fashion, traits_of(known)), "");
  // Names in a file of a model that signet did not train on a known set.
  EXPECT_EQ(disagreement(model_traits("", {2}, 2, {"cat", "dog"}),
                         data_of("idx", {2}, 2)),
            "");
  // Whatever a file calls a class, the error is one line.
  EXPECT_EQ(disagreement(model_traits("", {784}, 10, {"\x1b[31m\n"}), digits)
                .find_first_of("\x1b\n"),
            std::string::npos);
  EXPECT_NE(disagreement(model_traits("", {784}, 10,
                                      {"a", "b", "c", "d", "e", "f", "g", "h",
                                       "i", "j"}),
                         digits),
            "");
}

}  // namespace
}  // namespace signet
