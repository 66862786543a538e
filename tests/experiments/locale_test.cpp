// What a host program sets as its locale changes no byte of a file.

#include <gtest/gtest.h>

#include <clocale>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <locale>
#include <sstream>

#include "signet/base/number.h"
#include "signet/core/checks.h"
#include "signet/data/csv.h"
#include "signet/experiments/checkpoint.h"
#include "signet/experiments/measurement_json.h"
#include "signet/experiments/measurement_text.h"
#include "signet/experiments/progress.h"
#include "signet/experiments/rate.h"
#include "signet/experiments/run_folder.h"
#include "signet/experiments/training.h"
#include "signet/measure/problem.h"
#include "signet/report/html.h"
#include "signet/report/results.h"
#include "tests/experiments/tiny_run.h"

namespace signet {
namespace {

/// 1234567.5 is 1.234.567,5 and true is ja.
struct German : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
  std::string do_truename() const override { return "ja"; }
};

/// Makes the C library's German locale where its sources are; whether it did.
bool make_c_locale() {
  static TempFolder folder;
  const auto to = (folder / "de_DE.UTF-8").string();
  const auto make = "localedef -i de_DE -f UTF-8 " + to + " >/dev/null 2>&1";
  setenv("LOCPATH", folder.path().c_str(), 1);
  return std::system(make.c_str()) == 0;
}

/// Sets the locale of streams, and if there is one that of C, for a scope.
class GermanScope {
 public:
  GermanScope()
      : before_(std::locale::global(std::locale(std::locale(), new German))) {
    static const bool has_c_locale = make_c_locale();
    if (has_c_locale) std::setlocale(LC_ALL, "de_DE.UTF-8");
  }
  ~GermanScope() {
    std::locale::global(before_);
    std::setlocale(LC_ALL, "C");
  }
  GermanScope(const GermanScope&) = delete;
  GermanScope& operator=(const GermanScope&) = delete;

 private:
  std::locale before_;
};

/// The same text in both locales.
template <class Function>
void expect_same(const Function& text) {
  const auto expected = text();
  const GermanScope german;
  EXPECT_EQ(text(), expected);
}

Recipe recipe_of_large_numbers(const TempFolder& folder) {
  auto recipe = tiny_recipe(folder);
  recipe.seed = 1234567;
  recipe.train.epochs = 1;
  recipe.train.anneal = {"slope = linear(start=1.5, step=0.25)"};
  recipe.train.switches = {"after 1000000 steps: rloo(samples=1000)"};
  recipe.optimizer.rate = 0.0125;
  recipe.optimizer.schedule = "steps(at=1.5 1000, factor=0.5)";
  return recipe;
}

TEST(Locale, TheScopeChangesStreams) {
  const GermanScope german;
  std::ostringstream text;
  text << 1234567 << " " << 0.5;
  EXPECT_EQ(text.str(), "1.234.567 0,5");
  char printed[8];
  std::snprintf(printed, sizeof printed, "%.1f", 0.5);
  if (printed != std::string("0,5"))
    std::printf("no German locale of the C library here: streams alone\n");
}

TEST(Locale, RecipesReadBack) {
  TempFolder folder;
  const auto recipe = recipe_of_large_numbers(folder);
  expect_same([&] { return recipe_text(recipe); });
  const GermanScope german;
  const auto text = recipe_text(recipe);
  EXPECT_NE(text.find("seed = 1234567\n"), std::string::npos);
  EXPECT_TRUE(differences(parse_recipe(text, "text"), recipe).empty());
  const auto set = parse_recipe(
      text, "text", {"seed=7654321", "optimizer.rate=1234.5", "data.flip=.25"});
  EXPECT_EQ(set.seed, 7654321);
  EXPECT_EQ(set.optimizer.rate, 1234.5);
  EXPECT_EQ(set.data.flip, 0.25);
}

TEST(Locale, RunFoldersAreTheSame) {
  TempFolder folder;
  auto recipe = recipe_of_large_numbers(folder);
  recipe.train.switches.clear();
  const auto run = [&](const std::string& name) {
    train(recipe, {.out = folder / name, .command = "test 1234567"});
  };
  run("plain");
  {
    const GermanScope german;
    run("german");
    // And go on reading.
    const RunFolder files{folder / "german"};
    EXPECT_EQ(load_checkpoint(files.checkpoint()).steps, 12);
    EXPECT_TRUE(differences(load_recipe(files.recipe()), recipe).size() <= 1);
    EXPECT_EQ(read_csv(files.metrics()).numbers("step").back(), 12);
    EXPECT_EQ(report::read_results(files.results()).at(0).seed, 1234567);
  }
  for (const std::string name : {"recipe.toml", "checkpoint.safetensors",
                                 "confusion.csv", "results.json"}) {
    EXPECT_TRUE(read_text(folder / "plain" / name) ==
                read_text(folder / "german" / name))
        << name;
  }
  EXPECT_EQ(lasting_metrics(folder / "plain"),
            lasting_metrics(folder / "german"));
}

TEST(Locale, MeasurementsAndPages) {
  expect_same([] {
    auto m = measure(
        make_problem("cosine"),
        reference_gradient(make_problem("cosine"), {.random = Random(1)}),
        {"st"}, {.samples = 2000, .random = Random(1234567)});
    for (auto& e : m.estimators) e.seconds = 0.0012345;
    return measurement_json(m, nullptr, "test") + measurement_text(m);
  });
  expect_same([] {
    const report::Matrix matrix{
        .title = "m", .names = {"a", "b"}, .values = {{12345, 1}, {0.5, 1e20}}};
    const report::LineChart chart{
        .title = "c", .series = {{.label = "s", .x = {1}, .y = {1234.5}}}};
    return report::render_html({.title = "p", .blocks = {matrix, chart}});
  });
}

TEST(Locale, TextsForErrorsAndProgress) {
  expect_same([] {
    return shape_text({1234567, 2}) + duration_text(1.5) +
           duration_text(1234567) + number_text(1234567.5) +
           fixed_text(1234567.5, 2) + general_text(0.123456, 3) +
           estimators_markdown();
  });
  const GermanScope german;
  EXPECT_EQ(read_number<double>("1234.5"), 1234.5);
  EXPECT_EQ(read_number<int64_t>("1.234"), std::nullopt);
}

}  // namespace
}  // namespace signet
