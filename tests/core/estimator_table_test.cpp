// The table of estimators: its files, its spellings, its documentation.

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "signet/base/error.h"
#include "signet/core/estimator.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

namespace fs = std::filesystem;

TEST(EstimatorTable, TableIsAsLongAsTheFolder) {
  std::vector<std::string> files;
  for (const auto& file :
       fs::directory_iterator(SIGNET_SOURCE_DIR "/signet/core/estimators")) {
    if (file.path().extension() == ".cpp") files.push_back(file.path().stem());
  }
  EXPECT_EQ(files.size(), table<Estimator>().size());
  for (const auto& e : table<Estimator>()) {
    auto stem = e.name;
    std::replace(stem.begin(), stem.end(), '-', '_');
    EXPECT_EQ(std::count(files.begin(), files.end(), stem), 1) << e.name;
    EXPECT_FALSE(e.summary.empty() || e.help.empty()) << e.name;
    for (const auto& paper : e.papers) {
      EXPECT_FALSE(paper.key.empty() || paper.authors.empty() ||
                   paper.title.empty() || paper.year == 0)
          << e.name;
    }
  }
}

std::string error_of(const std::string& spelling) {
  try {
    BoundEstimator estimator(spelling);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(EstimatorTable, SlipsInSpellingsAreExplained) {
  for (const auto& e : table<Estimator>()) {
    EXPECT_NE(error_of(e.name + "x").find("did you mean '" + e.name + "'"),
              std::string::npos)
        << error_of(e.name + "x");
    EXPECT_EQ(BoundEstimator(BoundEstimator(e.name).spell()).spell(),
              BoundEstimator(e.name).spell());
    for (const auto& p : e.parameters) {
      EXPECT_NE(error_of(e.name + "(" + p.name + "x=1)")
                    .find("did you mean '" + p.name + "'"),
                std::string::npos);
      EXPECT_NE(error_of(e.name + "(" + p.name + "=?)").find(p.name),
                std::string::npos);
      for (const double beyond : {p.min - 1, p.max + 1}) {
        if (!std::isfinite(beyond)) continue;
        const auto error =
            error_of(e.name + "(" + p.name + "=" + number_text(beyond) + ")");
        EXPECT_NE(error.find("must be"), std::string::npos) << error;
      }
    }
  }
}

TEST(EstimatorTable, EveryHelpHasAFormula) {
  for (const auto& e : table<Estimator>()) {
    // Between backquotes, an equation: `g = ...`, `x = E[x]`.
    bool formula = false, quoted = false;
    std::string part;
    for (const char c : e.help) {
      if (c != '`') {
        part += c;
        continue;
      }
      formula = formula || (quoted && part.find(" = ") != std::string::npos);
      quoted = !quoted;
      part.clear();
    }
    EXPECT_TRUE(formula) << e.name;
    EXPECT_FALSE(quoted) << e.name;
  }
}

// Whole numbers multiply work or memory.
TEST(EstimatorTable, EveryWholeNumberHasABound) {
  for (const auto& e : table<Estimator>()) {
    for (const auto& p : e.parameters) {
      if (!std::holds_alternative<int64_t>(p.fallback)) continue;
      EXPECT_TRUE(std::isfinite(p.max)) << e.name << " " << p.name;
      const auto error = error_of(e.name + "(" + p.name + "=1000000000000)");
      EXPECT_NE(error.find(number_text(p.max)), std::string::npos) << error;
    }
  }
}

TEST(EstimatorTable, AValueOutOfRangeIsNamed) {
  EXPECT_EQ(error_of("gumbel(temperature=0)"),
            "gumbel: temperature must be in [0.01, 100], but got '0'");
}

TEST(EstimatorTable, DocumentationIsWhatTheProgramPrints) {
  std::ifstream file(SIGNET_SOURCE_DIR "/docs/estimators.md");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_TRUE(text.str() == estimators_markdown())
      << "run: signet estimators --markdown > docs/estimators.md";
}

}  // namespace
}  // namespace signet
