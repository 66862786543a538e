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
