#include "signet/experiments/precision.h"

#include <gtest/gtest.h>

#include <fstream>

#include "signet/experiments/training.h"
#include "tests/experiments/tiny_run.h"

namespace signet {
namespace {

TEST(Precision, AutoIsWhatTheProcessorDoes) {
  EXPECT_EQ(resolved_precision("auto"),
            multiplies_bfloat16() ? "bf16" : "fp32");
  for (const auto* given : {"bf16", "fp32"})
    EXPECT_EQ(resolved_precision(given), given);
  // The kernel's list of flags, where there is one.
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("flags")) continue;
    line += ' ';
    EXPECT_EQ(multiplies_bfloat16(),
              line.find(" avx512_bf16 ") != std::string::npos ||
                  line.find(" amx_bf16 ") != std::string::npos);
    break;
  }
}

TEST(Precision, ARunRecordsAndKeepsIt) {
  const TempFolder folder;
  auto recipe = tiny_recipe(folder);
  recipe.train.epochs = 4;
  for (const std::string precision : {"bf16", "fp32", "auto"}) {
    recipe.train.precision = precision;
    const auto result = train(recipe, {.out = folder / precision});
    EXPECT_GT(result.test.accuracy(), 0.7) << precision;
    EXPECT_EQ(load_recipe(folder / precision / "recipe.toml").train.precision,
              resolved_precision(precision));
  }
  EXPECT_EQ(train(recipe, {.out = folder / "auto", .resume = true}).epochs, 4);
  recipe.train.precision =
      resolved_precision("auto") == "bf16" ? "fp32" : "bf16";
  EXPECT_NE(error_of([&] {
              train(recipe, {.out = folder / "auto", .resume = true});
            }).find("train.precision: "),
            std::string::npos);
}

}  // namespace
}  // namespace signet
