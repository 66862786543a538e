// CSV as other programs write it, and what must not be taken for it.

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "signet/data/atomic_file.h"
#include "signet/data/csv.h"
#include "signet/data/csv_lines.h"
#include "signet/data/safetensors.h"
#include "tests/data/error_of.h"
#include "tests/data/temp_folder.h"

namespace signet {
namespace {

const std::string kMark = "\xEF\xBB\xBF";

class CsvExports : public testing::Test {
 protected:
  std::filesystem::path file(const std::string& text) {
    write_atomically(folder_ / "p.csv", text);
    return folder_ / "p.csv";
  }
  std::vector<double> values(const std::string& text) {
    const auto path = file(text);
    return read_matrix(path).values;
  }
  std::string refusal(const std::string& text) {
    const auto path = file(text);
    return error_of([&] { read_matrix(path); });
  }
  TempFolder folder_;
};

// Every one holds the examples (1, 2, 0) and (3, 4, 1).
TEST_F(CsvExports, OfEveryProgramReadTheSame) {
  const std::vector<std::pair<std::string, std::string>> exports = {
      {"Excel, CSV UTF-8", kMark + "x,y,label\r\n1,2,0\r\n3,4,1\r\n"},
      {"Excel with its separator", "sep=,\r\nx,y,label\r\n1,2,0\r\n3,4,1\r\n"},
      {"Excel for Macintosh", "x,y,label\r1,2,0\r3,4,1\r"},
      {"Excel, rows once filled",
       "x,y,label\r\n1,2,0\r\n3,4,1\r\n,,\r\n,,\r\n"},
      {"LibreOffice, all texts quoted",
       "\"x\",\"y\",\"label\"\n1,2,0\n3,4,1\n"},
      {"pandas, index=False", "x,y,label\n1.0,2.0,0\n3.0,4.0,1\n"},
      {"pandas of numbered columns", "0,1,label\n1,2,0\n3,4,1\n"},
      {"R, row.names=FALSE", "\"x\",\"y\",\"label\"\n1,2,0\n3,4,1\n"},
      {"Polars", "x,y,label\n1e0,2.0,0\n3.0,4.0,1\n"},
      {"SQLite, .mode csv", "x,y,label\r\n1.0,2.0,0\r\n3.0,4.0,1\r\n"},
      {"numpy.savetxt",
       "x,y,label\n1.000000000000000000e+00,2.000000000000000000e+00,"
       "0.000000000000000000e+00\n3.0e+00,+4,1\n"},
      {"a hand", "x, y, label\n 1, +2, 0\n\n\t3 ,4., 1"},
      {"a hand, quoted", "x, \"y\" ,label\n\"1\", \"2\" ,0\n3,4,1\n\n\n"}};
  for (const auto& [program, text] : exports) {
    EXPECT_EQ(values(text), (std::vector<double>{1, 2, 0, 3, 4, 1})) << program;
  }
  EXPECT_EQ(values("a,b\n.5,-.25\n1e-3,+1E+2\n"),
            (std::vector<double>{0.5, -0.25, 1e-3, 100}));
}

// At b61dd99 the first example was taken for names.
TEST_F(CsvExports, AFirstRowOfNumbersIsNoHeader) {
  for (const std::string first :
       {"1,2,0", " 1,2,0", "1, 2,0", "+1,2,0", "1,2,0 ", "\t1,2,0", "1,NaN,0",
        "1,,0", ",1,2", "1,NA,0", "inf,-inf,0", "1,null,0", "1.,.5,1e-3",
        "\"1\",\"2\",\"0\"", "1,\"2,000\",0", "1,$2,0", "\"1 234\",5,0"}) {
    for (const auto& mark : {std::string(), kMark}) {
      EXPECT_PRED2(contains, refusal(mark + first + "\n3,4,1\n"),
                   "must begin with a line of column names")
          << mark + first;
    }
  }
}

TEST_F(CsvExports, AnIndexIsNoInput) {
  for (const std::string text :
       {",x,label\n0,1,0\n1,3,1\n", "\"\",\"x\",\"label\"\n\"1\",1,0\n",
        "x,,label\n1,,0\n"}) {
    EXPECT_PRED2(contains, refusal(text), "must have a name, but got none");
  }
  // R's write.table: one name less than columns.
  EXPECT_PRED2(contains, refusal("\"x\",\"label\"\n\"1\",1,0\n"),
               "row 1 must have 2 fields as the header, but got 3");
}

TEST_F(CsvExports, OtherSeparatorsAreRefusedInALine) {
  for (const std::string text :
       {"x;y;label\n1,5;2,0;1\n", "x\ty\tlabel\n1\t2\t0\n",
        "sep=;\r\nx;y\r\n1;2\r\n", "x|y\n1|2\n"}) {
    EXPECT_PRED2(contains, refusal(text), "must have fields between commas");
  }
}

TEST_F(CsvExports, OtherEncodingsAreRefusedInALine) {
  using std::string_literals::operator""s;
  for (const std::string& text : {"\xFF\xFEx\0,\0y\0"s, "\xFE\xFF\0x\0,"s,
                                  "x\0,\0y\0\n\0"s, "x,y\n1,\0002\n"s}) {
    EXPECT_PRED2(contains, refusal(text), "must be text in UTF-8, but got");
  }
}

TEST_F(CsvExports, NumbersOfOtherSpellingsAreRefused) {
  for (const std::string field :
       {"\"1,5\"", "\"1,234.5\"", "1 000", "NA", "", "NaN", "inf", "1e999",
        "0x10", "--1", "+-1", "TRUE", "1.2.3", "5%"}) {
    EXPECT_PRED2(contains, refusal("x,y\n1,2\n" + field + ",2\n"),
                 "row 2, column \"x\" must be a finite number")
        << field;
  }
}

TEST_F(CsvExports, QuotesAreClosedAndRowsNotSwallowed) {
  EXPECT_PRED2(contains, refusal("x,y\n1,\"2\n3,4\n5,6\n"),
               "a quote must be closed");
  EXPECT_PRED2(contains, refusal("x,y\n\"1\"5,2\n"), "a quote must end");
  EXPECT_PRED2(contains, refusal("x,y\n1\"5,2\n"), "a quote must begin");
  EXPECT_PRED2(contains, error_of([&] { read_csv(file("x,y\n1,\"2\n3,4\n")); }),
               "a quote must be closed");
  EXPECT_EQ(values("\"x\n1\",\"y\"\"\"\n1,2\n"), (std::vector<double>{1, 2}));
}

TEST_F(CsvExports, AMarkHidesNoColumn) {
  const auto path = file(kMark + "epoch,loss\r\n1,0.5\r\n2,\r\n3,NA\r\n");
  const auto table = read_csv(path);
  EXPECT_EQ(table.numbers("epoch"), (std::vector<double>{1, 2, 3}));
  EXPECT_TRUE(std::isnan(table.numbers("loss")[2]));
  keep_rows(path, "epoch", 1);
  EXPECT_EQ(read_csv(path).numbers("loss"), (std::vector<double>{0.5}));
  CsvWriter(path, {"epoch", "loss"}).append({2, 0.25});
  EXPECT_EQ(read_csv(path).numbers("loss"), (std::vector<double>{0.5, 0.25}));
}

TEST_F(CsvExports, ATornLineIsTold) {
  EXPECT_TRUE(read_csv(file("a,b\n1,2\n3,4")).torn);
  EXPECT_FALSE(read_csv(file("a,b\n1,2\n3,4\n\n")).torn);
}

TEST_F(CsvExports, AColumnThatComesTwiceIsNotChosen) {
  const auto table = read_csv(file("a,b,a\n1,2,3\n"));
  EXPECT_PRED2(contains, error_of([&] { table.numbers("a"); }),
               "must have one column \"a\"");
}

TEST_F(CsvExports, WhatIsWrittenReadsBack) {
  const std::vector<std::vector<std::string>> rows = {
      {""}, {" a "}, {"a,b", "c\"d", "e\nf", "g\rh"}, {"", ""}};
  for (const auto& row : rows) {
    const std::string text = csv_line(row);
    const auto lines = read_csv_lines("h\n" + text, "t");
    ASSERT_EQ(lines.lines.size(), 2u);
    EXPECT_EQ(lines.lines[1].fields, row);
  }
}

// At b61dd99 the error held the whole field.
TEST_F(CsvExports, ErrorsOfLargeFieldsAreShort) {
  const std::string large(3000000, 'x');
  for (const auto& text :
       {"a,b\n1," + large + "\n", large + ",2" + large + "\n1\n",
        large + "\"\n", "\"" + large + "\"y\n", large + ";b\n",
        "sep=" + large + "\n"}) {
    const auto error = refusal(text);
    EXPECT_LT(error.size(), 600u);
    EXPECT_NE(error, "no error");
  }
  EXPECT_PRED2(contains, refusal("a,b\n1,\x1b[2J\n"), "\\x1b[2J");
}

TEST(Safetensors, ErrorsOfHostileHeadersAreShortLines) {
  const auto refusal = [](const std::string& header) {
    std::vector<uint8_t> file(8);
    for (size_t i = 0; i < 8; ++i)
      file[i] = static_cast<uint8_t>(header.size() >> (8 * i));
    file.insert(file.end(), header.begin(), header.end());
    return error_of([&] { decode_safetensors(file, "f"); });
  };
  const std::string large(1000000, 'x'), deep(1000000, '[');
  for (const auto& header : std::vector<std::string>{
           deep, "{\"a\":" + deep,
           "{\"a\":" + deep + std::string(deep.size(), ']') + "}",
           "{\"" + large + "\":1}", "{\"a\":\"" + large + "\"}",
           "{\"a\\u001b[2J\":1}", "{" + large, "{\"a\":1e999}", large,
           "{\"a\":{\"dtype\":\"" + large +
               "\",\"shape\":[],\"data_offsets\":[0,0]}}"}) {
    const auto error = refusal(header);
    EXPECT_LT(error.size(), 500u);
    for (const char* word :
         {"json.exception", "parse error", "no error", "\x1b"})
      EXPECT_FALSE(contains(error, word)) << error;
  }
}

}  // namespace
}  // namespace signet
