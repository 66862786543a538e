#include "signet/report/html.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

#include "tests/data/error_of.h"
#include "tests/report/sample_page.h"

namespace signet::report {
namespace {

const std::string kEvil = "<script>alert(\"1\")</script>&'";

size_t count(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) {
    ++n;
  }
  return n;
}

std::string error_rendering(const Block& block) {
  return error_of([&] { render_html({.blocks = {block}}); });
}

TEST(Html, EveryTextIsEscaped) {
  const std::string html = render_html(
      {.title = kEvil,
       .subtitle = kEvil,
       .figures = {{kEvil, kEvil, kEvil}},
       .blocks = {LineChart{.title = kEvil,
                            .x_label = kEvil,
                            .y_label = kEvil,
                            .series = {{kEvil, {1, 2}, {3, 4}}}},
                  Matrix{.title = kEvil,
                         .row_label = kEvil,
                         .column_label = kEvil,
                         .names = {kEvil},
                         .values = {{1}}},
                  Table{.title = kEvil, .columns = {kEvil}, .rows = {{kEvil}}},
                  Text{.title = kEvil, .body = kEvil},
                  Text{.title = kEvil, .body = kEvil, .preformatted = true},
                  Heading{.title = kEvil, .id = "evil", .body = kEvil},
                  Statements{.title = kEvil,
                             .rows = {{.statement = kEvil,
                                       .link = "evil",
                                       .details = kEvil,
                                       .found = kEvil,
                                       .verdict = kEvil}}}},
       .footer = kEvil});
  EXPECT_EQ(count(html, "alert(\"1\")"), 0u);
  EXPECT_EQ(count(html, "<script>alert"), 0u);
  // Chart.js, the data, svg_context.js, page.js; nothing else opens or closes a
  // script.
  EXPECT_EQ(count(html, "<script"), 4u);
  EXPECT_EQ(count(html, "</script"), 4u);
  EXPECT_PRED2(contains, html,
               "<h1>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;"
               "&#39;</h1>");
  EXPECT_PRED2(contains, html, "\\u003cscript>alert(\\\"1\\\")");
}

TEST(Html, HeadingsAreListedAndLinked) {
  const std::string html = render_html(
      {.blocks = {Heading{.title = "Part", .id = "part-1"},
                  Heading{.title = "Section", .id = "s", .level = 2},
                  Statements{.rows = {{.statement = "It holds",
                                       .link = "s",
                                       .verdict = "yes",
                                       .tone = Tone::good}}}}});
  EXPECT_PRED2(contains, html,
               "<nav aria-label=\"Contents\">\n"
               "<a href=\"#part-1\">Part</a>\n</nav>");
  EXPECT_PRED2(contains, html, "id=\"part-1\">\n<h2>Part</h2>");
  EXPECT_PRED2(contains, html, "id=\"s\">\n<h3>Section</h3>");
  EXPECT_PRED2(contains, html, "<a href=\"#s\">It holds</a>");
  EXPECT_PRED2(contains, html, "<p class=\"verdict good\">yes</p>");
  EXPECT_PRED2(contains, error_rendering(Heading{.id = "a\"b"}),
               "must be of letters");
  EXPECT_PRED2(contains, error_rendering(Statements{.rows = {{.link = "a b"}}}),
               "must be the id");
}

TEST(Html, HoldsChartJsAsInstalled) {
  std::stringstream chart_js;
  chart_js << std::ifstream(SIGNET_CHART_JS).rdbuf();
  ASSERT_GT(chart_js.str().size(), 100'000u);
  EXPECT_PRED2(contains, render_html(sample_page()), chart_js.str());
}

TEST(Html, NamesNothingOutsideItself) {
  const std::string html = render_html(sample_page());
  // Chart.js itself speaks of none of these either.
  for (const char* reference : {"src=", "href=", "@import", "url(", "<link",
                                "<iframe", "src =", "href ="}) {
    // But for clips within a chart's SVG and its download.
    const std::string text = reference;
    EXPECT_EQ(count(html, text),
              count(html, text + "#") + count(html, text + " \"data:"))
        << reference;
  }
  EXPECT_PRED2(contains, html, "default-src 'none'");
}

TEST(Html, PageWithoutChartsNeedsNoScript) {
  const std::string html = render_html({.title = "a", .blocks = {Text{}}});
  EXPECT_EQ(count(html, "<script"), 0u);
  EXPECT_LT(html.size(), 10'000u);
  EXPECT_PRED2(contains,
               render_html({.blocks = {LineChart{.series = {Series{}}}}}),
               "No points yet.");
}

TEST(Html, PointsThatCannotBeDrawnAreGapsOrLeftOut) {
  const double nan = std::nan("");
  const double inf = std::numeric_limits<double>::infinity();
  const auto points = [](const LineChart& chart) {
    const std::string html = render_html({.blocks = {chart}});
    const size_t begin = html.find("\"points\":");
    return html.substr(begin + 9, html.find('}', begin) - begin - 9);
  };
  LineChart chart{.series = {{"s", {nan, 0, 1, 2, 3}, {1, 0, nan, inf, 4}}}};
  EXPECT_EQ(points(chart), "[[0.0,0.0],[1.0,null],[2.0,null],[3.0,4.0]]");
  chart.log_y = true;
  EXPECT_EQ(points(chart), "[[0.0,null],[1.0,null],[2.0,null],[3.0,4.0]]");
  chart.log_x = true;
  EXPECT_EQ(points(chart), "[[1.0,null],[2.0,null],[3.0,4.0]]");
}

TEST(Html, MatrixCells) {
  const std::string html =
      render_html({.blocks = {Matrix{.names = {"cat", "dog"},
                                     .values = {{75, 25}, {0, 0.125}}}}});
  EXPECT_PRED2(contains, html,
               "<td class=\"hit dark\" style=\"--shade:0.866\" title=\"cat "
               "called cat: 75 (75.0 %)\">75</td><td class=\"miss\" "
               "style=\"--shade:0.500\" title=\"cat called dog: 25 (25.0 "
               "%)\">25</td><td class=\"recall\">75.0 %</td>");
  EXPECT_PRED2(contains, html, "class=\"miss zero\"");
  EXPECT_PRED2(contains, html, ">0.125</td>");
}

TEST(Html, TableAlignsNumbers) {
  const std::string html =
      render_html({.blocks = {Table{.columns = {"name", "n", "mixed"},
                                    .rows = {{"a", "1,024", "3"},
                                             {"b", "-", "x"},
                                             {"c", "-2.5 %", "4"}}}}});
  EXPECT_PRED2(contains, html,
               "<td>a</td><td class=\"number\">1,024</td><td>3");
}

TEST(Html, SaysWhatDoesNotFit) {
  EXPECT_EQ(error_rendering(LineChart{.series = {{"loss", {1, 2}, {1}}}}),
            "render_html: series \"loss\" must have one y an x, but got 2 and "
            "1");
  EXPECT_PRED2(contains, error_rendering(Matrix{.names = {"a", "b"}}),
               "must have 2 rows as it has names, but got 0");
  EXPECT_PRED2(contains,
               error_rendering(Matrix{.names = {"a"}, .values = {{-1}}}),
               "must have rows of 1 values >= 0, but got another row 0");
  EXPECT_PRED2(contains,
               error_rendering(Table{.columns = {"a"}, .rows = {{"1", "2"}}}),
               "must have rows of 1 cells, but got 2");
}

}  // namespace
}  // namespace signet::report
