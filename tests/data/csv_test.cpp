#include "signet/data/csv.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "signet/data/atomic_file.h"
#include "tests/data/error_of.h"
#include "tests/data/temp_folder.h"

namespace signet {
namespace {

std::string text_of(const std::filesystem::path& path) {
  const auto bytes = read_file(path);
  return {bytes.begin(), bytes.end()};
}

TEST(Csv, HeaderOnceAndRowsAtOnce) {
  TempFolder folder;
  {
    CsvWriter writer(folder / "m.csv", {"step", "loss"});
    writer.append({1.0, 0.1});
    // Readable before the writer ends.
    EXPECT_EQ(text_of(folder / "m.csv"), "step,loss\n1,0.1\n");
  }
  CsvWriter writer(folder / "m.csv", {"step", "loss"});
  writer.append({2.0, std::nan("")});
  EXPECT_EQ(text_of(folder / "m.csv"), "step,loss\n1,0.1\n2,\n");
}

TEST(Csv, NumbersReadBackTheSame) {
  TempFolder folder;
  const std::vector<double> values = {
      0.0,    -0.0,   1.0 / 3,  1e-300,
      -1e300, 5e-324, 16777217, std::numeric_limits<double>::infinity()};
  CsvWriter writer(folder / "m.csv", {"nothing", "x"});
  for (const double value : values) writer.append({std::nan(""), value});
  const CsvTable table = read_csv(folder / "m.csv");
  EXPECT_EQ(table.numbers("x"), values);
  EXPECT_TRUE(std::isnan(table.numbers("nothing").at(0)));
}

TEST(Csv, QuotingAsInRfc4180) {
  TempFolder folder;
  const std::vector<std::string> columns = {"plain", "a,b", "say \"x\""};
  const std::vector<std::string> row = {"", "two\nlines", "\"\""};
  {
    CsvWriter writer(folder / "m.csv", columns);
    writer.append_text(row);
  }
  EXPECT_EQ(text_of(folder / "m.csv"),
            "plain,\"a,b\",\"say \"\"x\"\"\"\n"
            ",\"two\nlines\",\"\"\"\"\"\"\n");
  const CsvTable table = read_csv(folder / "m.csv");
  EXPECT_EQ(table.columns, columns);
  EXPECT_EQ(table.rows, (std::vector<std::vector<std::string>>{row}));
  // As spreadsheets write it.
  write_atomically(folder / "w.csv", "a,b\r\n\"1\",x y\r\n");
  EXPECT_EQ(read_csv(folder / "w.csv").rows,
            (std::vector<std::vector<std::string>>{{"1", "x y"}}));
}

TEST(Csv, KeepRowsDropsLaterAndTornRows) {
  TempFolder folder;
  const std::string whole = "step,note\n1,\"a\nb\"\n2,x\n3,y\n10,z\n";
  // Every kill, at any byte after row 2, ends in the same file.
  for (size_t length = whole.find("3,y"); length <= whole.size(); ++length) {
    write_atomically(folder / "m.csv", whole.substr(0, length));
    keep_rows(folder / "m.csv", "step", 2);
    EXPECT_EQ(text_of(folder / "m.csv"), "step,note\n1,\"a\nb\"\n2,x\n");
  }
  // Killed within the header: starts anew.
  write_atomically(folder / "m.csv", "step,no");
  keep_rows(folder / "m.csv", "step", 2);
  EXPECT_EQ(text_of(folder / "m.csv"), "");
  CsvWriter writer(folder / "m.csv", {"step", "note"});
  EXPECT_EQ(text_of(folder / "m.csv"), "step,note\n");
}

TEST(Csv, ReadLeavesOutATornLine) {
  TempFolder folder;
  write_atomically(folder / "m.csv", "step,loss\n1,0.5\n2,0.2");
  EXPECT_EQ(read_csv(folder / "m.csv").numbers("loss"),
            (std::vector<double>{0.5}));
}

TEST(Csv, FullDiskIsAnErrorAndNoTornRow) {
  EXPECT_EQ(error_of([] { CsvWriter("/dev/full", {"step"}); }),
            "/dev/full: could not write a row: No space left on device");
  TempFolder folder;
  CsvWriter writer(folder / "m.csv", {"step", "loss"});
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{20, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &limit);
  writer.append({1.0, 0.5});
  const std::string error = error_of([&] { writer.append({2.0, 0.25}); });
  setrlimit(RLIMIT_FSIZE, &old);
  signal(SIGXFSZ, SIG_DFL);
  EXPECT_PRED2(contains, error, "could not write a row: ");
  EXPECT_EQ(text_of(folder / "m.csv"), "step,loss\n1,0.5\n");
  writer.append({2.0, 0.25});
  EXPECT_EQ(text_of(folder / "m.csv"), "step,loss\n1,0.5\n2,0.25\n");
}

TEST(Csv, MatrixHasEveryNumberAndTheLastLine) {
  TempFolder folder;
  write_atomically(folder / "p.csv", "x1,x2,label\r\n0.5,-1e3,1\r\n2,3,0");
  const auto matrix = read_matrix(folder / "p.csv");
  EXPECT_EQ(matrix.columns, (std::vector<std::string>{"x1", "x2", "label"}));
  ASSERT_EQ(matrix.rows, 2u);
  EXPECT_EQ(matrix.at(0, 1), -1000);
  EXPECT_EQ(matrix.at(1, 2), 0);
}

TEST(Csv, MatrixSaysWhereItIsNoNumber) {
  TempFolder folder;
  const auto error = [&](const std::string& text) {
    write_atomically(folder / "p.csv", text);
    return error_of([&] { read_matrix(folder / "p.csv"); });
  };
  EXPECT_PRED2(contains, error("a,b\n1,2\n1,nan\n"), "row 2, column \"b\"");
  EXPECT_PRED2(contains, error("a,b\n1,2\n,3\n"), "row 2, column \"a\"");
  EXPECT_PRED2(contains, error("a,b\ninf,2\n"), "row 1, column \"a\"");
  EXPECT_PRED2(contains, error("a,b\n1,2x\n"), "but got \"2x\"");
  EXPECT_PRED2(contains, error("a,b\n1\n"), "row 1 must have 2 fields");
  EXPECT_PRED2(contains, error("1,2\n3,4\n"), "line of column names");
  EXPECT_PRED2(contains, error("a,b\n"), "must have rows");
  EXPECT_PRED2(contains, error(""), "line of column names");
}

TEST(Csv, SaysWhatIsWrong) {
  TempFolder folder;
  const auto file = folder / "m.csv";
  const auto reading = [&](const std::string& text) {
    write_atomically(file, text);
    return error_of([&] { read_csv(file).numbers("x"); });
  };
  EXPECT_PRED2(contains, reading(""), "must begin with a header line");
  EXPECT_PRED2(contains, reading("x,y\n1,2\n3\n"),
               "row 2 must have 2 fields as the header, but got 1");
  EXPECT_PRED2(contains, reading("y,z\n1,2\n"),
               "must have a column \"x\", but got y,z");
  EXPECT_PRED2(contains, reading("x\n1\n2x\n"),
               "column \"x\" must hold numbers, but got \"2x\" in row 2");
  EXPECT_PRED2(contains, reading("x\na\"b\n"), "a quote must begin its field");

  write_atomically(file, "x,y\n1,2");
  EXPECT_PRED2(contains, error_of([&] {
                 CsvWriter(file, {"x", "y"});
               }),
               "must end with a newline");
  write_atomically(file, "x,y\n1,2\n");
  EXPECT_PRED2(contains, error_of([&] {
                 CsvWriter(file, {"x", "z"});
               }),
               "must have the columns x,z, but got x,y");
  CsvWriter writer(file, {"x", "y"});
  EXPECT_PRED2(contains, error_of([&] { writer.append({1.0}); }),
               "a row must have 2 fields, but got 1");
}

}  // namespace
}  // namespace signet
