#include <gtest/gtest.h>
#include <stdio.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "signet/report/html.h"
#include "tests/data/error_of.h"
#include "tests/data/temp_folder.h"
#include "tests/report/sample_page.h"

namespace signet::report {
namespace {

std::string output_of(const std::string& command) {
  std::string output;
  FILE* const pipe = popen(command.c_str(), "r");
  char part[65536];
  for (size_t n = 0; (n = fread(part, 1, sizeof part, pipe)) > 0;) {
    output.append(part, n);
  }
  pclose(pipe);
  return output;
}

bool has_chromium() {
  return std::system("command -v chromium >/dev/null") == 0;
}

// The document as it is after its scripts ran, opened from a file. A proxy
// that is not there makes sure that nothing can be fetched.
std::string loaded(const std::string& html) {
  TempFolder folder;
  std::ofstream(folder / "report.html") << html;
  return output_of(
      "timeout 120 chromium --headless --no-sandbox --disable-gpu "
      "--no-first-run --disable-background-networking "
      "--disable-component-update --disable-sync "
      "--proxy-server=http://127.0.0.1:9 --window-size=1280,900 "
      "--user-data-dir=" +
      (folder / "profile").string() +
      " --virtual-time-budget=5000 --dump-dom file://" +
      (folder / "report.html").string() + " 2>/dev/null");
}

std::vector<std::string> drawn(const std::string& document) {
  const std::string attribute = "data-drawn=\"";
  std::vector<std::string> counts;
  for (size_t at = 0;
       (at = document.find(attribute, at)) != std::string::npos;) {
    at += attribute.size();
    counts.push_back(document.substr(at, document.find('"', at) - at));
  }
  return counts;
}

class Chromium : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_chromium()) {
      GTEST_SKIP() << "chromium is not installed: apt-get install chromium";
    }
  }
};

TEST_F(Chromium, DrawsEveryChart) {
  const std::string document = loaded(render_html(sample_page()));
  ASSERT_PRED2(contains, document, "</html>");
  EXPECT_FALSE(contains(document, "data-error=")) << document.substr(0, 200);
  // Two series of 15 points; one of 15; four of 11.
  EXPECT_EQ(drawn(document),
            (std::vector<std::string>{"30 points", "15 points", "44 points"}));
  EXPECT_PRED2(contains, document, "<td class=\"hit dark\"");
}

TEST_F(Chromium, TextFromOutsideIsHarmless) {
  const std::string evil =
      "</script><script>document.documentElement.dataset.owned=1</script>"
      "<img src=x onerror=\"document.documentElement.dataset.owned=1\">";
  const double nan = std::nan("");
  const std::string document = loaded(render_html(
      {.title = evil,
       .blocks = {LineChart{.title = evil,
                            .x_label = evil,
                            .y_label = "bytes \xff that are no UTF-8",
                            .series = {{evil, {1, 2, 3}, {1, nan, 2}}}},
                  Table{.columns = {evil}, .rows = {{evil}}}}}));
  EXPECT_FALSE(contains(document, "data-owned="));
  EXPECT_FALSE(contains(document, "data-error="));
  EXPECT_EQ(drawn(document), (std::vector<std::string>{"2 points"}));
}

/// What `script`, an expression, gives in the page's last script.
std::string value_in(const Page& page, const std::string& script) {
  std::string html = render_html(page);
  html.insert(html.rfind("</body>"),
              "<script>document.documentElement.dataset.value = " + script +
                  "</script>");
  const std::string document = loaded(html);
  const std::string attribute = "data-value=\"";
  const size_t at = document.find(attribute);
  if (at == std::string::npos) return "no value";
  const size_t begin = at + attribute.size();
  return document.substr(begin, document.find('"', begin) - begin);
}

// A band has two edges under its line; the line's own points are what counts.
TEST_F(Chromium, ValuesAndBandsAreReadBackFromThePage) {
  const Page page{
      .blocks = {LineChart{.title = "Loss",
                           .series = {{.label = "a",
                                       .x = {1, 2, 3},
                                       .y = {0.5, 0.25, 0.125},
                                       .low = {0.4, 0.2, 0.1},
                                       .high = {0.6, 0.3, 0.15}},
                                      {.label = "b", .x = {1}, .y = {7}}},
                           .log_y = true},
                 Heading{.title = "Part", .id = "part"},
                 Statements{.rows = {{.statement = "It holds",
                                      .link = "part",
                                      .found = "0.25 (0.2 to 0.3)",
                                      .verdict = "reproduced"}}}}};
  EXPECT_EQ(value_in(page,
                     "Chart.getChart('chart-0').data.datasets.map((d) => "
                     "d.label + ':' + d.data.map((p) => p.y).join(' '))"
                     ".join(';')"),
            ":0.4 0.2 0.1;:0.6 0.3 0.15;a:0.5 0.25 0.125;b:7");
  EXPECT_EQ(value_in(page, "document.getElementById('chart-0').dataset.drawn"),
            "4 points");
  EXPECT_EQ(value_in(page,
                     "document.querySelector('.found').textContent + '|' + "
                     "document.querySelector('.verdict').textContent + '|' + "
                     "document.querySelector('.statement a').hash"),
            "0.25 (0.2 to 0.3)|reproduced|#part");
}

// The SVG is well formed, names the series, and has as many strokes as lines.
TEST_F(Chromium, ChartsCanBeHadAsSvg) {
  const auto of_svg = [](const std::string& expression) {
    return value_in(sample_page(),
                    "((svg) => " + expression +
                        ")(new DOMParser().parseFromString(chartAsSvg(0), "
                        "'image/svg+xml'))");
  };
  EXPECT_EQ(of_svg("svg.querySelectorAll('parsererror').length"), "0");
  EXPECT_EQ(of_svg("svg.documentElement.tagName + ' ' + "
                   "svg.documentElement.getAttribute('width')"),
            "svg 800");
  EXPECT_EQ(of_svg("[...svg.querySelectorAll('text')].map((t) => "
                   "t.textContent).filter((t) => /[a-z]/.test(t)).sort()"
                   ".join()"),
            "cross-entropy,epoch,train,validation");
  // Two curves: many lines in one path.
  EXPECT_EQ(of_svg("[...svg.querySelectorAll('path[fill=none]')].filter((p) => "
                   "(p.getAttribute('d').match(/[LC]/g) || []).length >= 14)"
                   ".length"),
            "2");
  EXPECT_EQ(of_svg("/NaN|undefined/.test(svg.documentElement.outerHTML)"),
            "false");
}

// The checks above can fail: a script error and a request are both seen.
TEST_F(Chromium, ErrorsAndRequestsAreSeen) {
  std::string html = render_html(sample_page());
  const auto broken = [&](const std::string& before, const std::string& code) {
    std::string result = html;
    return loaded(result.insert(result.rfind(before), code));
  };
  EXPECT_PRED2(contains,
               broken("</body>", "<script>no_such_function()</script>"),
               "data-error=\"Uncaught ReferenceError");
  EXPECT_PRED2(contains,
               broken("</body>", "<img src=\"http://127.0.0.1:9/x.png\">"),
               "data-error=\"img-src\"");
}

}  // namespace
}  // namespace signet::report
