#include "signet/report/blocks_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/report/sample_page.h"

namespace signet::report {
namespace {

// Every kind, so that what is forgotten in one direction shows.
TEST(BlocksJson, EveryBlockComesBack) {
  auto blocks = sample_page().blocks;
  blocks.push_back(LineChart{.title = "t",
                             .series = {{.label = "a",
                                         .x = {1, 2},
                                         .y = {3, 4},
                                         .low = {2, 3},
                                         .high = {4, 5},
                                         .dashed = true,
                                         .line = false,
                                         .of = "b"}},
                             .log_x = true,
                             .note = "n"});
  blocks.push_back(Heading{.title = "h", .id = "i", .body = "b", .level = 2});
  blocks.push_back(Statements{.title = "s",
                              .rows = {{.statement = "s",
                                        .link = "l",
                                        .details = "d",
                                        .found = "f",
                                        .verdict = "v",
                                        .tone = Tone::absent}}});
  for (const auto& block : blocks) {
    const auto json = block_to_json(block);
    const auto back = block_from_json(nlohmann::json::parse(json.dump()));
    EXPECT_EQ(back.index(), block.index());
    EXPECT_EQ(block_to_json(back), json) << json;
  }
  const auto series =
      std::get<LineChart>(block_from_json(block_to_json(blocks[7]))).series[0];
  EXPECT_EQ(series.low, (std::vector<double>{2, 3}));
  EXPECT_FALSE(series.line);
}

TEST(BlocksJson, GapsStayGaps) {
  const LineChart chart{.series = {{"a", {1, 2}, {NAN, 2}}}};
  const auto back = std::get<LineChart>(block_from_json(block_to_json(chart)));
  EXPECT_TRUE(std::isnan(back.series[0].y[0]));
  EXPECT_EQ(back.series[0].y[1], 2);
}

TEST(BlocksJson, OtherObjectsAreErrors) {
  for (const char* text : {R"({})", R"({"kind": "pie"})", R"({"kind": "text"})",
                           R"([1])", R"({"kind": "chart", "title": 3})"})
    EXPECT_THROW(block_from_json(nlohmann::json::parse(text)),
                 nlohmann::json::exception)
        << text;
}

}  // namespace
}  // namespace signet::report
