#include "signet/base/arguments.h"

#include <gtest/gtest.h>

#include "signet/base/error.h"
#include "signet/base/names.h"
#include "signet/base/table.h"

namespace signet {
namespace {

const std::vector<Parameter> kParameters = {
    {.name = "rate", .fallback = 0.5, .help = "a rate", .min = 0, .max = 1},
    {.name = "steps", .fallback = int64_t{3}, .help = "how many", .min = 1},
    {.name = "fast", .fallback = false, .help = "a flag"},
    {.name = "kind",
     .fallback = std::string("a"),
     .help = "a choice",
     .choices = {"a", "b"}}};

Arguments read(const std::string& text) {
  return Arguments(kParameters, parse_call(text));
}

template <class Function>
std::string error_of(const Function& function) {
  try {
    function();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ParseCall, ReadsNamesAndArgumentsInAnySpacing) {
  EXPECT_EQ(parse_call(" st ").name, "st");
  EXPECT_TRUE(parse_call("st()").arguments.empty());
  const auto call = parse_call(" batch-norm ( a = 1 ,b_2=x-y) ");
  EXPECT_EQ(call.name, "batch-norm");
  const std::vector<std::pair<std::string, std::string>> expected{
      {"a", "1"}, {"b_2", "x-y"}};
  EXPECT_EQ(call.arguments, expected);
}

TEST(ParseCall, ValuesMayBeCallsThemselves) {
  const auto call = parse_call("w(e=v(x=st(a=1, b=2), k=3), s=4)");
  const std::vector<std::pair<std::string, std::string>> expected{
      {"e", "v(x=st(a=1, b=2), k=3)"}, {"s", "4"}};
  EXPECT_EQ(call.arguments, expected);
}

TEST(ParseCall, RefusesWhatIsNoCall) {
  for (const auto* text :
       {"", " ", "a b", "st(", "st)", "st(a)", "st(a=)", "st(=1)", "st(a=1,)",
        "st(a=1)x", "st(,)", "st(a=1=2)", "(a=1)", "st(a=1,a=2)", "st(a=b(c=1)",
        "st(a=b)c=1)", "st(a=b(c=1))d"}) {
    EXPECT_THROW(parse_call(text), UsageError) << "'" << text << "'";
  }
}

TEST(Arguments, TakesDefaultsAndOverrides) {
  const auto defaults = read("x");
  EXPECT_EQ(defaults.number("rate"), 0.5);
  EXPECT_EQ(defaults.integer("steps"), 3);
  EXPECT_FALSE(defaults.flag("fast"));
  EXPECT_EQ(defaults.text("kind"), "a");
  const auto given = read("x(rate=1e-3, steps=7, fast=true, kind=b)");
  EXPECT_EQ(given.spell("x"), "x(rate=0.001, steps=7, fast=true, kind=b)");
  EXPECT_EQ(read(given.spell("x")).spell("x"), given.spell("x"));
}

TEST(Arguments, SaysWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"x(rate=2)", "x: rate must be in [0, 1], but got '2'"},
      {"x(rate=fast)", "x: rate must be in [0, 1], but got 'fast'"},
      {"x(rate=nan)", "x: rate must be in [0, 1], but got 'nan'"},
      {"x(steps=0)", "x: steps must be a whole number at least 1, but got '0'"},
      {"x(steps=1.5)",
       "x: steps must be a whole number at least 1, but got '1.5'"},
      {"x(fast=yes)", "x: fast must be true or false, but got 'yes'"},
      {"x(kind=c)", "x: kind must be one of a, b, but got 'c'"},
      {"x(step=1)",
       "x: unknown parameter 'step': did you mean 'steps'? Known: rate, "
       "steps, fast, kind"}};
  for (const auto& [text, message] : cases)
    EXPECT_EQ(error_of([&] { read(text); }), message);
  EXPECT_EQ(error_of([] { Arguments({}, parse_call("x(a=1)")); }),
            "x takes no parameters, but got a");
}

TEST(Names, FindsTheNearestOfAFewSlips) {
  const std::vector<std::string> known{"gumbel", "reinforce", "st"};
  EXPECT_EQ(nearest_name("gumble", known), "gumbel");
  EXPECT_EQ(nearest_name("renforce", known), "reinforce");
  EXPECT_EQ(nearest_name("something-else", known), "");
  EXPECT_EQ(unknown_name("thing", "zzzz", known),
            "unknown thing 'zzzz'. Known: gumbel, reinforce, st");
}

TEST(Numbers, AreTheShortestTextThatReadsBack) {
  EXPECT_EQ(number_text(0.1), "0.1");
  EXPECT_EQ(number_text(1e-5), "1e-05");
  EXPECT_EQ(number_text(3), "3");
}

struct Fruit {
  std::string name;
};
const Registered<Fruit> pear{{"pear"}};
const Registered<Fruit> apple{{"apple"}};

TEST(Table, IsSortedAndSearchedByName) {
  ASSERT_EQ(table<Fruit>().size(), 2U);
  EXPECT_EQ(table<Fruit>()[0].name, "apple");
  EXPECT_EQ(find_record<Fruit>("fruit", "pear").name, "pear");
  EXPECT_EQ(error_of([] { find_record<Fruit>("fruit", "peer"); }),
            "unknown fruit 'peer': did you mean 'pear'? Known: apple, pear");
}

}  // namespace
}  // namespace signet
