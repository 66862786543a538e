#include "signet/base/printable.h"

#include <gtest/gtest.h>

#include "signet/base/arguments.h"
#include "signet/base/error.h"
#include "signet/base/names.h"
#include "signet/base/nesting.h"
#include "signet/base/number.h"

namespace signet {
namespace {

TEST(Printable, TextStaysAsItIs) {
  for (const std::string text :
       {"", "plain", "a 'b' \"c\" \\d", "Größe 名前 🙂"})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, WhatATerminalObeysIsEscaped) {
  EXPECT_EQ(printable("a\nb\tc\r"), "a\\nb\\tc\\r");
  EXPECT_EQ(printable("\x1b[2J\x7f"), "\\x1b[2J\\x7f");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");           // C1: CSI
  EXPECT_EQ(printable("\xe2\x80\xae"), "\\xe2\\x80\\xae");  // right to left
}

TEST(Printable, BytesThatAreNoUtf8AreEscaped) {
  EXPECT_EQ(printable("\xff"), "\\xff");
  EXPECT_EQ(printable("a\xc3"), "a\\xc3");                  // cut short
  EXPECT_EQ(printable("\xc0\x80"), "\\xc0\\x80");           // overlong
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
}

TEST(Printable, LongTextsAreCutBetweenCharacters) {
  EXPECT_EQ(printable(std::string(100, 'x')),
            std::string(80, 'x') + "... (100 bytes)");
  EXPECT_EQ(printable("ab\xc3\xa9", 3), "ab... (4 bytes)");
  EXPECT_EQ(printable("abc", 3), "abc");
}

TEST(Printable, ErrorsOfLongArgumentsAreShort) {
  const std::string longer(1000000, 'x');
  const std::vector<std::string> names = {"st", "rloo"};
  EXPECT_LT(unknown_name("estimator", longer, names).size(), 300u);
  const std::vector<Parameter> parameters = {
      {.name = "slope", .fallback = 1.0, .help = ""}};
  for (const std::string& text :
       std::vector<std::string>{longer + "(", "st(" + longer + "=1)",
                                "st(slope=" + longer + ")", "st(slope=\x1b[2J)",
                                "st(slope=" + std::string(100000, '(') +
                                    std::string(100000, ')') + ")"}) {
    try {
      Arguments(parameters, parse_call(text));
      FAIL() << text.substr(0, 40);
    } catch (const UsageError& error) {
      const std::string what = error.what();
      EXPECT_LT(what.size(), 500u);
      EXPECT_EQ(what.find('\x1b'), std::string::npos);
    }
  }
}

TEST(Number, AsPrintfWrites) {
  for (const double value :
       {0.0, -0.0, 1.0, 2.5, -1234567.891, 1e300, 1e-300}) {
    for (const int digits : {0, 1, 2, 6, 17}) {
      char text[512];
      std::snprintf(text, sizeof text, "%.*f", digits, value);
      EXPECT_EQ(fixed_text(value, digits), text);
      std::snprintf(text, sizeof text, "%.*g", digits, value);
      EXPECT_EQ(general_text(value, digits), text);
    }
    EXPECT_EQ(read_number<double>(number_text(value)), value);
  }
  EXPECT_EQ(fixed_text(2.5, 0), "2");
  EXPECT_EQ(fixed_text(std::numeric_limits<double>::quiet_NaN(), 2), "nan");
}

TEST(Number, TheWholeTextOrNothing) {
  EXPECT_EQ(read_number<int64_t>("42"), 42);
  EXPECT_EQ(read_number<double>(".5"), 0.5);
  for (const std::string text : {"", " 1", "1 ", "1,5", "+1", "1x", "0x10"})
    EXPECT_EQ(read_number<double>(text), std::nullopt) << text;
  EXPECT_EQ(read_number<int64_t>("9223372036854775808"), std::nullopt);
  EXPECT_EQ(read_number<int>("1e3"), std::nullopt);
}

TEST(Nesting, CountsBracketsOutsideOfStrings) {
  EXPECT_EQ(json_nesting(""), 0u);
  EXPECT_EQ(json_nesting(R"({"a": [1, {"b": 2}], "c": []})"), 3u);
  EXPECT_EQ(json_nesting(R"(["[[[\"[["])"), 1u);
  EXPECT_EQ(json_nesting(std::string(1000000, '[')), 1000000u);
  EXPECT_EQ(json_nesting("]]]["), 1u);
}

}  // namespace
}  // namespace signet
