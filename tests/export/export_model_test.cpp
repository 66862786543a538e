#include "signet/export/export_model.h"

#include <gtest/gtest.h>

#include "signet/base/error.h"
#include "signet/data/atomic_file.h"
#include "signet/runtime/model.h"
#include "tests/data/temp_folder.h"
#include "tests/export/random_network.h"

namespace signet {
namespace {

const auto kInput = Shape::vector(50);
const std::vector<std::string> kLayers = {"linear(outputs=67)", "batch-norm",
                                          "units", "linear(outputs=4)",
                                          "batch-norm"};

std::string text_of(const std::filesystem::path& path) {
  const auto bytes = read_file(path);
  return {bytes.begin(), bytes.end()};
}

TEST(ExportModel, WritesTheModelThatItProved) {
  const TempFolder folder;
  const auto network = random_network(kInput, kLayers, 3);
  const auto data = random_data(kInput, 300, 4);
  int64_t done = 0;
  const auto exported =
      export_model(*network, "net", data, {{"seed", "3"}}, folder / "x.signet",
                   {}, [&](int64_t examples) { done = examples; });
  EXPECT_TRUE(exported.proof.holds()) << exported.proof.first_difference;
  EXPECT_EQ(done, 300);
  EXPECT_EQ(
      exported.bytes,
      static_cast<int64_t>(std::filesystem::file_size(folder / "x.signet")));
  EXPECT_EQ(exported.float_bytes, 4 * (50 * 67 + 67 * 4));
  const auto model = runtime::Model::load(folder / "x.signet");
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_EQ(model->isa(), exported.isa);
  EXPECT_EQ(model->info().name, "net");
  EXPECT_EQ(model->info().classes, data.classes);
  const std::vector<std::pair<std::string, std::string>> metadata{
      {"seed", "3"}};
  EXPECT_EQ(model->info().metadata, metadata);
}

TEST(ExportModel, CountsRealWeightsOnBothSides) {
  const TempFolder folder;
  const auto network =
      random_network(kInput,
                     {"linear(outputs=67)", "batch-norm", "units",
                      "linear(outputs=4, weights=real, bias=true)"},
                     3);
  const auto exported = export_model(*network, "net", random_data(kInput, 9, 4),
                                     {}, folder / "x.signet");
  EXPECT_TRUE(exported.proof.holds());
  EXPECT_EQ(exported.float_bytes, 4 * (50 * 67 + 67 * 4));
  EXPECT_GT(exported.bytes, 67 * 8 + 4 * 67 * 4);
}

// Without an example nothing is proved.
TEST(ExportModel, WritesNothingWithoutAProof) {
  const TempFolder folder;
  write_atomically(folder / "x.signet", "old");
  const auto network = random_network(kInput, kLayers, 3);
  const auto exported = export_model(*network, "net", random_data(kInput, 0, 4),
                                     {}, folder / "x.signet");
  EXPECT_FALSE(exported.proof.holds());
  EXPECT_THROW(
      export_model(*network, "net", random_data(Shape::vector(49), 9, 4), {},
                   folder / "x.signet"),
      UsageError);
  EXPECT_EQ(text_of(folder / "x.signet"), "old");
  EXPECT_EQ(folder.count(), 1);
}

}  // namespace
}  // namespace signet
