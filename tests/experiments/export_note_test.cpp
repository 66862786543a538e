#include <gtest/gtest.h>

#include "signet/experiments/training.h"
#include "tests/experiments/tiny_run.h"

namespace signet {
namespace {

/// The notes that a training prints.
std::string notes_of(const Recipe& recipe, const TrainingOptions& options) {
  testing::internal::CaptureStderr();
  train(recipe, options);
  std::istringstream printed(testing::internal::GetCapturedStderr());
  std::string notes;
  for (std::string line; std::getline(printed, line);)
    if (line.starts_with("note: ")) notes += line + "\n";
  return notes;
}

// What cannot be exported is trained; a line says so, also when it goes on.
TEST(ExportNote, IsToldBeforeTraining) {
  const TempFolder folder;
  auto recipe = tiny_recipe(folder);
  recipe.train.epochs = 1;
  EXPECT_EQ(notes_of(recipe, {.out = folder / "a"}), "");
  recipe.network.layers[0] = "linear(outputs=16, bias=true)";
  EXPECT_EQ(notes_of(recipe, {.out = folder / "bias"}), "");
  recipe.network.layers[2] = "units(noise=gaussian)";
  EXPECT_EQ(notes_of(recipe, {.out = folder / "noise"}),
            "note: 'signet export --noise' will refuse this network: layer "
            "2.units has gaussian noise, which the runtime cannot draw; export "
            "without it\n");
  recipe.network.layers[0] = "linear(outputs=16, weights=real)";
  const std::string note =
      "note: 'signet export' will refuse this network: layer 0.linear must "
      "have binary weights to be packed, but they are real\n";
  EXPECT_EQ(notes_of(recipe, {.out = folder / "b"}), note);
  EXPECT_EQ(notes_of(recipe, {.out = folder / "b", .resume = true}), note);
}

}  // namespace
}  // namespace signet
