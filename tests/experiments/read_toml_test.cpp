#include "signet/experiments/read_toml.h"

#include <gtest/gtest.h>

#include "signet/base/error.h"
#include "signet/experiments/recipe.h"
#include "tests/experiments/tiny_run.h"

namespace signet {
namespace {

std::string repeated(const std::string& text, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

std::string refusal(const std::string& toml,
                    const std::vector<std::string>& overrides = {}) {
  return error_of([&] { parse_recipe(toml, "r.toml", overrides); });
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// At b61dd99 the first of these ended the program with a segmentation fault.
TEST(ReadToml, DeepTextsAreRefused) {
  const size_t n = 20000;
  const auto dotted = "a" + repeated(".a", n);
  for (const auto& text :
       {dotted + " = 1\n", "[" + dotted + "]\n", "[[" + dotted + "]]\n",
        "x = {" + dotted + " = 1}\n", "\n\na" + repeated(" . \"a\"", n) + "=1",
        "\"#=\"" + repeated(".'['", n) + " = 1\n"}) {
    EXPECT_PRED2(contains, refusal(text), "at most 16 parts, but got more");
  }
  for (const auto& text : {"x = " + repeated("[", n) + repeated("]", n),
                           "x = " + repeated("{a=", n) + "1" + repeated("}", n),
                           repeated("[", n)}) {
    EXPECT_PRED2(contains, refusal(text), "brackets must lie within at most");
  }
  EXPECT_PRED2(contains, refusal("", {dotted + "=1"}), "unknown key");
  EXPECT_LT(refusal("", {dotted + "=1"}).size(), 2000u);
  EXPECT_PRED2(contains, refusal("seed = 1\n" + repeated("# fill\n", 200000)),
               "at most 1 MB");
}

TEST(ReadToml, OrdinaryTextsAreNotTakenForDeepOnes) {
  const auto table = read_toml(
      "# a comment ............................ [[[[[[[[[[[[[[[[[[[[\n"
      "text = \"....................[[[[[[[[[[[[[[[[[[[[[[\"\n"
      "raw = '.....................{{{{{{{{{{{{{{{{{{{{'\n"
      "lines = \"\"\"\n....................\n[[[[[[[[[[[[[[[[[[[ \\\" "
      "'\n\"\"\"\n"
      "numbers = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2,"
      "1.3, 1.4, 1.5, 1.6, 1.7]\n"
      "a.b.c.d = 1\n",
      "t");
  EXPECT_EQ(table.size(), 5u);
}

TEST(ReadToml, ErrorsShowTheLineInOurWords) {
  EXPECT_EQ(refusal("seed = 1\nname = \n"),
            "r.toml:2: must be TOML, such as key = 0.5 or key = \"text\", but "
            "got 'name = '");
  EXPECT_PRED2(contains, refusal("[optimizer]\nrate = .5\n"),
               "r.toml:2: must be TOML");
  EXPECT_PRED2(contains, refusal("\x1b[31m = 1"), "\\x1b[31m");
  EXPECT_LT(refusal("x = " + repeated("y", 100000)).size(), 300u);
}

TEST(ReadToml, ValuesOfTheCommandLineNeedNoQuotes) {
  const auto set = [](const std::string& text) {
    return parse_recipe("network.layers = ['units']", "r.toml", {text});
  };
  EXPECT_EQ(set("name=123").name, "123");
  EXPECT_EQ(set("name=1979-05-27").name, "1979-05-27");
  EXPECT_EQ(set("name=true").name, "true");
  EXPECT_EQ(set("name='a b'").name, "a b");
  EXPECT_EQ(set("name=a \"b\"").name, "a \"b\"");
  EXPECT_EQ(set("optimizer.rate=.5").optimizer.rate, 0.5);
  EXPECT_EQ(set("optimizer.rate=5.").optimizer.rate, 5);
  EXPECT_EQ(set("optimizer.rate=+1e-3").optimizer.rate, 1e-3);
  EXPECT_EQ(set("optimizer.rate=1").optimizer.rate, 1);
  EXPECT_EQ(set("train.switch=['after 2 steps: st']").train.switches.size(),
            1u);
  EXPECT_PRED2(contains, refusal("", {"optimizer.rate=fast"}),
               "optimizer.rate must be a number such as 0.5, but got 'fast'");
  EXPECT_PRED2(
      contains, refusal("", {"train.epochs=1e3"}),
      "train.epochs must be a whole number such as 100, but got '1e3'");
  EXPECT_PRED2(contains, refusal("", {"train.switch=after 2 steps: st"}),
               "must be a list of texts such as ['a', 'b']");
  EXPECT_PRED2(contains, refusal("", {"seed=1\ntrain.epochs=2"}),
               "seed must be a whole number");
}

TEST(ReadToml, BoundsOfWorkAreSaid) {
  for (const std::string set :
       {"train.batch=1000000000", "train.epochs=1000000000",
        "train.init_batch=1000000000", "data.crop=100000",
        "train.estimator=rloo(samples=1000000000)",
        "train.estimator=vimco(samples=1000000000)",
        "train.estimator=arms(samples=1000000000)",
        "train.estimator=averaged(samples=1000000000)"}) {
    const auto error = refusal("network.layers = ['units']", {set});
    EXPECT_TRUE(contains(error, "at most") ||
                contains(error, "must be a whole"))
        << set << ": " << error;
  }
}

// The regular expression that read it ran out of stack.
TEST(ReadToml, ALongSwitchIsRefusedInALine) {
  const auto error =
      refusal("network.layers = ['units']\ntrain.switch = ['after " +
              repeated("x", 900000) + " steps: st']");
  EXPECT_PRED2(contains, error, "must read 'after N steps");
  EXPECT_LT(error.size(), 400u);
}

}  // namespace
}  // namespace signet
