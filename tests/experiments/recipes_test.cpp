// Every recipe of the folder, on a few examples of its data set's format.

#include <gtest/gtest.h>

#include "signet/base/error.h"
#include "signet/core/torch.h"
#include "signet/data/safetensors.h"
#include "signet/experiments/training_run.h"
#include "signet/export/export_model.h"
#include "tests/data/temp_folder.h"
#include "tests/experiments/tiny_run.h"

namespace signet {
namespace {

std::vector<std::string> recipe_names() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(SIGNET_SOURCE_DIR "/recipes")) {
    if (entry.path().extension() == ".toml")
      names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Recipes : public testing::TestWithParam<std::string> {
 protected:
  /// The recipe with a tiny data set in place of its own.
  Recipe small_recipe() const {
    auto recipe = load_recipe(std::string(SIGNET_SOURCE_DIR "/recipes/") +
                              GetParam() + ".toml");
    recipe.data.folder = folder_ / "data";
    if (recipe.data.set == "cifar-10") {
      write_tiny_cifar(folder_ / "data", 2);
    } else {
      write_tiny_data(folder_ / "data", 10, 6, 10, 28);
    }
    recipe.train.epochs = 2;
    recipe.train.batch = 5;
    recipe.train.precision = "fp32";
    return recipe;
  }

  TempFolder folder_;
};

// A run that is loaded after its first epoch ends with the bytes of one that
// went on, and its checkpoint describes the network.
TEST_P(Recipes, TrainAndResumeBitExactly) {
  const auto recipe = small_recipe();
  const auto data =
      load_dataset({recipe.data.set, recipe.data.folder}, Part::train);
  {
    TrainingRun whole(recipe, data);
    whole.start();
    whole.train_epoch(1);
    whole.save(folder_ / "first", 1);
    whole.train_epoch(2);
    whole.save(folder_ / "whole", 2);
  }
  TrainingRun resumed(recipe, data);
  resumed.load(load_checkpoint(folder_ / "first"));
  resumed.train_epoch(2);
  resumed.save(folder_ / "resumed", 2);
  EXPECT_TRUE(read_file(folder_ / "resumed") == read_file(folder_ / "whole"));
  EXPECT_FALSE(read_file(folder_ / "resumed") == read_file(folder_ / "first"));
  const auto layers = load_safetensors(folder_ / "whole").metadata.at("layers");
  const auto spec = parse_network(
      Shape::map(data.image_shape[0], data.image_shape[1], data.image_shape[2]),
      recipe.network.layers);
  for (const auto& row : summarize(spec))
    EXPECT_NE(layers.find("\"" + row.name + "\""), std::string::npos);
}

// A network of bits alone becomes a model file that is proved equal; another
// is refused by the name of the layer.
TEST_P(Recipes, ExportWhatIsBinary) {
  const auto recipe = small_recipe();
  const auto train =
      load_dataset({recipe.data.set, recipe.data.folder}, Part::train);
  const auto test =
      load_dataset({recipe.data.set, recipe.data.folder}, Part::test);
  Network network(
      parse_network(Shape::map(train.image_shape[0], train.image_shape[1],
                               train.image_shape[2]),
                    recipe.network.layers),
      Random(1));
  const auto export_it = [&] {
    return export_model(network, recipe.name, test, {}, folder_ / "model");
  };
  const bool real =
      std::any_of(recipe.network.layers.begin(), recipe.network.layers.end(),
                  [](const auto& l) {
                    return l.find("weights=real") != std::string::npos;
                  });
  if (real) {
    EXPECT_EQ(error_of(export_it).substr(0, 20), "export: layer 0.conv");
    return;
  }
  const auto exported = export_it();
  EXPECT_TRUE(exported.proof.holds()) << exported.proof.first_difference;
  EXPECT_EQ(exported.proof.examples, test.size());
  EXPECT_GT(exported.proof.bits, 0);
}

INSTANTIATE_TEST_SUITE_P(All, Recipes, testing::ValuesIn(recipe_names()),
                         [](const auto& info) {
                           auto name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace signet
