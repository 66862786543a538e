// Model files of earlier versions are still read, and still mean the same.
#include <gtest/gtest.h>

#include <filesystem>

#include "signet/runtime/format/model_file.h"
#include "signet/runtime/model.h"

namespace signet::runtime {
namespace {

/// golden/NAME.signet, NAME a version or a version and what it shows, and its
/// scores of three classes for four examples whose byte i is 7 i i + 13 i mod
/// 256.
struct Golden {
  const char* name;
  std::vector<float> scores;
};

const std::vector<Golden> kGolden = {
    {"1.0",
     {-0.9375F, 1.125F, -0.5F, -0.9375F, 1.125F, -0.25F, -1.1875F, 0.625F,
      -0.375F, -1.1875F, -0.375F, -0.375F}},
    {"1.1",
     {-5.375F, 0.1875F, -21.25F, -5.375F, 1.1875F, -14.25F, -5.375F, 1.6875F,
      -10.75F, -7.375F, 2.9375F, -12.5F}},
    {"1.2-real",
     {-2.42773438F, 1.03710938F, -1.15917969F, -1.14257812F, 4.4609375F,
      -0.620605469F, -1.56835938F, 3.23535156F, -0.995117188F, -3.0078125F,
      3.95117188F, -1.16601562F}},
    // The network of 1.1 with noise.
    {"1.2",
     {-5.375F, 0.1875F, -21.25F, -5.375F, 1.1875F, -14.25F, -5.375F, 1.6875F,
      -10.75F, -7.375F, 2.9375F, -12.5F}},
};

TEST(Golden, FilesOfEarlierVersionsMeanTheSame) {
  const std::filesystem::path folder = SIGNET_GOLDEN_FOLDER;
  for (const auto& [name, expected] : kGolden) {
    for (const Isa isa : available_isas()) {
      const auto model =
          Model::load(folder / (std::string(name) + ".signet"), {.isa = isa});
      ASSERT_TRUE(model.ok()) << model.error().message;
      EXPECT_EQ(model->info().name, "golden " + std::string(name));
      EXPECT_EQ(model->info().classes,
                (std::vector<std::string>{"one", "two", "three"}));
      std::vector<std::uint8_t> inputs(4 * model->info().inputs);
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        inputs[i] = static_cast<std::uint8_t>(7 * i * i + 13 * i);
      }
      auto workspace = Workspace::create(*model);
      std::vector<float> scores(expected.size());
      ASSERT_TRUE(model->forward(inputs, 4, *workspace, scores).ok());
      EXPECT_EQ(scores, expected) << name;
    }
  }
}

TEST(Golden, EveryVersionHasAFile) {
  std::size_t files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(SIGNET_GOLDEN_FOLDER)) {
    files += entry.path().extension() == ".signet";
  }
  EXPECT_EQ(files, kGolden.size());
  EXPECT_EQ(kGolden.back().name,
            std::to_string(kFormatMajor) + "." + std::to_string(kFormatMinor));
}

}  // namespace
}  // namespace signet::runtime
