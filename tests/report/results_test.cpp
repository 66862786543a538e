#include "signet/report/results.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/data/error_of.h"
#include "tests/data/temp_folder.h"

namespace signet::report {
namespace {

std::string text_of(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string error_reading(const std::string& text) {
  TempFolder folder;
  std::ofstream(folder / "r.json") << text;
  return error_of([&] { read_results(folder / "r.json"); });
}

void append(const std::filesystem::path& path,
            const std::vector<ResultRecord>& records) {
  const auto text = appended_results(path, records);
  std::ofstream(path) << text;
}

TEST(Results, RoundTrip) {
  TempFolder folder;
  const std::vector<ResultRecord> first = {{.name = "test accuracy",
                                            .value = 89.5,
                                            .unit = "%",
                                            .standard_error = 0.1,
                                            .seed = 3,
                                            .threads = 2,
                                            .command = "signet eval \"runs/a\"",
                                            .time = "2024-01-02T03:04:05Z"}};
  const std::vector<ResultRecord> second = {
      {.name = "ratio", .value = 1.0 / 3}};
  append(folder / "results.json", first);
  append(folder / "results.json", second);
  const auto read = read_results(folder / "results.json");
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].name, "test accuracy");
  EXPECT_EQ(read[0].value, 89.5);
  EXPECT_EQ(read[0].unit, "%");
  EXPECT_EQ(read[0].standard_error, 0.1);
  EXPECT_EQ(read[0].seed, 3);
  EXPECT_EQ(read[0].threads, 2);
  EXPECT_EQ(read[0].command, "signet eval \"runs/a\"");
  EXPECT_EQ(read[0].time, "2024-01-02T03:04:05Z");
  EXPECT_EQ(read[1].value, 1.0 / 3);
  EXPECT_FALSE(read[1].standard_error || read[1].seed);
}

TEST(Results, AppendKeepsWhatItDoesNotKnow) {
  TempFolder folder;
  std::ofstream(folder / "r.json")
      << R"([{"name": "a", "value": 1, "verdict": "agrees"}])";
  append(folder / "r.json", std::vector<ResultRecord>{{.name = "b"}});
  EXPECT_PRED2(contains, text_of(folder / "r.json"), "\"verdict\": \"agrees\"");
  EXPECT_EQ(read_results(folder / "r.json").size(), 2u);
}

TEST(Results, SaysWhatIsWrong) {
  EXPECT_PRED2(contains, error_of([] { read_results("/none/r.json"); }),
               "/none/r.json: must be a readable file");
  EXPECT_PRED2(contains, error_reading("[{\"name\": \"a\", "),
               "must be a JSON array of records, but got damaged or no JSON");
  EXPECT_PRED2(contains, error_reading("{}"), "but got object");
  EXPECT_PRED2(contains,
               error_reading(R"([{"name": "a", "value": 1}, {"name": "b"}])"),
               "record 1 must have a name and a value");
  EXPECT_PRED2(contains, error_reading("[3]"), "record 0 must have");
  EXPECT_PRED2(contains,
               error_reading(R"([{"name": "a", "value": 1, "seed": "x"}])"),
               "record 0 must have");

  TempFolder folder;
  const auto file = folder / "r.json";
  const std::vector<ResultRecord> bad = {{.name = "a", .value = std::nan("")}};
  EXPECT_PRED2(contains, error_of([&] { append(file, bad); }),
               "value of \"a\" must be finite, but got nan");
  std::ofstream(file) << "[1";
  const std::vector<ResultRecord> good = {{.name = "a"}};
  EXPECT_PRED2(contains, error_of([&] { append(file, good); }),
               "damaged or no JSON");
  EXPECT_EQ(text_of(file), "[1");
}

}  // namespace
}  // namespace signet::report
