#include "signet/experiments/recipe.h"

#include <gtest/gtest.h>

#include "signet/base/error.h"

namespace signet {
namespace {

const std::string kLayers = "network.layers = ['linear(outputs=3)']\n";

std::string error_of(const std::string& toml,
                     const std::vector<std::string>& overrides = {}) {
  try {
    parse_recipe(toml, "r.toml", overrides);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Recipe, ReadsBackWhatItPrints) {
  Recipe recipe;
  recipe.name = "a \"quoted\" name\\";
  recipe.network.layers = {"linear(outputs=7)", "units"};
  recipe.optimizer.rate = 0.1 + 0.2;
  recipe.data.validation = 5000;
  const auto again = parse_recipe(recipe_text(recipe), "text");
  EXPECT_TRUE(differences(recipe, again).empty());
  EXPECT_EQ(again.optimizer.rate, 0.1 + 0.2);
  EXPECT_EQ(recipe_text(again), recipe_text(recipe));
}

TEST(Recipe, DefaultsAreThoseOfTheStruct) {
  Recipe defaults;
  defaults.network.layers = {"linear(outputs=3)"};
  EXPECT_TRUE(differences(defaults, parse_recipe(kLayers, "r")).empty());
}

TEST(Recipe, ThoseOfTheRepositoryParse) {
  int count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(SIGNET_SOURCE_DIR "/recipes")) {
    if (entry.path().extension() != ".toml") continue;
    EXPECT_FALSE(load_recipe(entry.path()).network.layers.empty());
    ++count;
  }
  EXPECT_GE(count, 1);
}

TEST(Recipe, OverridesTakeTomlOrBareText) {
  const auto recipe =
      parse_recipe(kLayers, "r",
                   {"optimizer.rate=1e-2", "train.epochs=3", "name=my run",
                    "train.estimator=gumbel(temperature=0.25)",
                    "network.layers=['linear(outputs=2)', 'batch-norm']",
                    "optimizer.schedule=constant"});
  EXPECT_EQ(recipe.optimizer.rate, 0.01);
  EXPECT_EQ(recipe.train.epochs, 3);
  EXPECT_EQ(recipe.name, "my run");
  EXPECT_EQ(recipe.train.estimator, "gumbel(temperature=0.25)");
  EXPECT_EQ(recipe.network.layers.size(), 2U);
  EXPECT_EQ(recipe.optimizer.schedule, "constant");
}

TEST(Recipe, SaysWhatIsWrongAndWhere) {
  EXPECT_TRUE(contains(error_of(kLayers + "[train]\nepoch = 3\n"),
                       "r.toml:3: unknown key 'train.epoch': did you mean "
                       "'train.epochs'?"));
  EXPECT_EQ(error_of(kLayers + "seed = 'one'\n"),
            "r.toml:2: seed must be a whole number such as 100");
  EXPECT_EQ(error_of(kLayers + "train.epochs = 1.5\n"),
            "r.toml:2: train.epochs must be a whole number such as 100");
  EXPECT_TRUE(contains(error_of(kLayers + "train.epochs = 1000000000000\n"),
                       "r.toml:2: train.epochs must be at most 1e+06"));
  EXPECT_TRUE(contains(error_of(kLayers + "train.epochs = 0\n"),
                       "r.toml:2: train.epochs must be at least 1"));
  EXPECT_TRUE(contains(error_of(kLayers + "optimizer.schedule = 'linea'\n"),
                       "optimizer.schedule: unknown schedule 'linea': did you "
                       "mean 'linear'?"));
  EXPECT_TRUE(contains(error_of(kLayers + "train.precision = 'fp16'\n"),
                       "must be one of auto, fp32, bf16, but got 'fp16'"));
  EXPECT_TRUE(contains(error_of(kLayers + "data.flip = 1.5\n"),
                       "r.toml:2: data.flip must be at most 1, but got 1.5"));
  EXPECT_TRUE(contains(error_of(kLayers + "train.switch = ['st']\n"),
                       "r.toml: train.switch: 'st': must read"));
  EXPECT_TRUE(contains(error_of(kLayers + "train = 3\n"), "r.toml:2: "));
  EXPECT_TRUE(contains(error_of("network.layers = 'x'\n"), "a list of texts"));
  EXPECT_TRUE(contains(error_of("network.layers = [1]\n"), "a list of texts"));
  EXPECT_TRUE(contains(error_of("network.layers = ['x']\n"),
                       "network.layers[0]: unknown layer 'x'"));
  EXPECT_TRUE(contains(error_of("a = = 1\n"), "r.toml:1: "));
  EXPECT_TRUE(contains(error_of(kLayers + "train.estimator = 'gumble'\n"),
                       "did you mean 'gumbel'"));
  EXPECT_TRUE(
      contains(error_of(kLayers + "optimizer.others = 'binaryconect'\n"),
               "did you mean 'binaryconnect'"));
  EXPECT_TRUE(
      contains(error_of(kLayers, {"optimizer.rate=fast"}),
               "--set optimizer.rate: optimizer.rate must be a number"));
  EXPECT_TRUE(contains(error_of(kLayers, {"optimizer.rate=-1"}), "at least 0"));
  EXPECT_TRUE(contains(error_of(kLayers, {"rate"}), "must read key=value"));
  EXPECT_TRUE(contains(error_of(kLayers, {"optimizer.rte=1"}),
                       "did you mean 'optimizer.rate'"));
  EXPECT_TRUE(contains(error_of(""), "network.layers"));
  for (const auto& toml :
       {kLayers + "train.epochs = 0\n", std::string("a = =")})
    EXPECT_FALSE(contains(error_of(toml), "\n"));
}

TEST(Recipe, AnnealsNumbersOfTheEstimator) {
  const std::string anneal =
      "[train]\nestimator = 'gumbel'\nepochs = 20\n"
      "anneal = ['temperature = exponential(factor=0.5, limit=0.1)']\n";
  const auto recipe = parse_recipe(kLayers + anneal, "r");
  EXPECT_EQ(recipe.train.anneal.size(), 1U);
  EXPECT_TRUE(
      differences(recipe, parse_recipe(recipe_text(recipe), "text")).empty());
  // Without its limit the temperature is 2^-7 < 0.01 in epoch 7.
  const std::string unlimited =
      "train.anneal=['temperature = exponential(factor=0.5)']";
  EXPECT_TRUE(contains(error_of(kLayers + anneal, {unlimited}),
                       "r.toml: train.anneal: 'temperature = "
                       "exponential(factor=0.5)' in epoch 7: gumbel: "
                       "temperature must be in [0.01, 100], but got "
                       "'0.0078125'"));
  EXPECT_EQ(parse_recipe(kLayers + anneal, "r", {unlimited, "train.epochs=7"})
                .train.epochs,
            7);
  EXPECT_TRUE(contains(error_of(kLayers + anneal, {"train.estimator=st"}),
                       "r.toml: train.anneal: st: "));
  // What 'signet help recipe' prints explains every schedule.
  for (const auto* line :
       {"\n# exponential(start=1, factor=1, limit=inf): ",
        "\n# linear(start=1, step=0, limit=inf): ", "\nanneal = []\n"})
    EXPECT_TRUE(contains(recipe_text({}), line)) << line;
}

TEST(Recipe, DifferencesNameTheKeys) {
  const auto a = parse_recipe(kLayers, "r");
  auto b = a;
  b.train.epochs = 20;
  const std::vector<std::string> expected{"train.epochs: 15 -> 20"};
  EXPECT_EQ(differences(a, b), expected);
}

}  // namespace
}  // namespace signet
