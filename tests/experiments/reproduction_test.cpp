// Experiments as records: the table, runs, their files, their page.

#include "signet/experiments/reproduction.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "signet/base/error.h"
#include "signet/experiments/reproduction_page.h"
#include "signet/report/html.h"
#include "tests/data/error_of.h"  // contains
#include "tests/data/temp_folder.h"

namespace signet {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string error_reading(const fs::path& folder, const std::string& name) {
  try {
    read_record(folder, name);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ExperimentTable, EveryFileHasItsRecord) {
  std::set<std::string> files, records;
  for (const auto& file :
       fs::directory_iterator(SIGNET_SOURCE_DIR "/signet/experiments/papers"))
    if (text_of(file.path()).find("Registered<Experiment> entry") !=
        std::string::npos)
      files.insert(file.path().stem());
  for (const auto& experiment : table<Experiment>()) {
    auto stem = experiment.name;
    std::replace(stem.begin(), stem.end(), '-', '_');
    records.insert(stem);
  }
  EXPECT_EQ(files, records);
}

// A claim that cannot come out both ways claims nothing.
TEST(ExperimentTable, EveryClaimCanBeRightAndWrong) {
  for (const auto& experiment : table<Experiment>()) {
    EXPECT_FALSE(experiment.title.empty() || experiment.summary.empty() ||
                 experiment.source.key.empty() || experiment.claims.empty())
        << experiment.name;
    EXPECT_GT(experiment.cost.quick, 0) << experiment.name;
    EXPECT_GT(experiment.cost.normal, 0) << experiment.name;
    std::set<std::string> ids;
    for (const auto& claim : experiment.claims) {
      SCOPED_TRACE(experiment.name + ", " + claim.id);
      EXPECT_TRUE(ids.insert(claim.id).second);
      EXPECT_FALSE(claim.sentence.empty() || claim.where.empty() ||
                   claim.measured.empty());
      const auto& [from, to] = claim.holds;
      ASSERT_LE(from, to);
      ASSERT_TRUE(std::isfinite(from) || std::isfinite(to));
      EXPECT_EQ(judge(claim, computed(std::isfinite(from) ? from : to)),
                Finding::reproduced);
      EXPECT_EQ(judge(claim, computed(std::isfinite(from)
                                          ? from - 1e-3 - std::abs(from)
                                          : to + 1e-3 + std::abs(to))),
                Finding::not_reproduced);
    }
  }
}

std::atomic<int> runs{0};

Experiment fake(const std::string& name,
                Findings (*run)(const ExperimentContext&)) {
  return {.name = name,
          .title = name,
          .summary = "s",
          .source = {.key = "k", .authors = "A B", .title = "T", .year = 2000},
          .claims = {{.id = "c",
                      .sentence = "It is positive.",
                      .where = "here",
                      .measured = "a number",
                      .holds = {.from = 0}}},
          .cost = {.quick = 1, .normal = 1},
          .run = run};
}

Findings counted(const ExperimentContext& context) {
  ++runs;
  context.done(0.5);
  return {.settings = {{"k", "v"}},
          .measured = {{"c", mean_over_seeds({1, 2, 3})}},
          .differs = "much",
          .blocks = {report::Text{.body = "found"}}};
}

TEST(Reproduction, KeepsWhatItHasAndGoesOnAfterFailures) {
  TempFolder folder;
  const auto good = fake("good", counted);
  const auto other = fake("other", counted);
  const auto bad = fake("bad", [](const ExperimentContext&) -> Findings {
    throw std::runtime_error("no luck\nsecond line");
  });
  const auto forgetful =
      fake("forgetful", [](const ExperimentContext&) { return Findings{}; });
  const auto wrong = fake("wrong", [](const ExperimentContext& context) {
    auto findings = counted(context);
    findings.measured["d"] = computed(1);
    return findings;
  });
  runs = 0;
  ReproductionOptions options{.folder = folder.path(), .seeds = 3, .jobs = 2};
  const auto failures = [&] {
    std::map<std::string, std::string> texts;
    for (const auto& r :
         reproduce({&good, &bad, &other, &forgetful, &wrong}, options))
      texts[r.experiment->name] = r.kept ? "kept" : r.failure;
    return texts;
  };
  auto first = failures();
  EXPECT_EQ(first["good"], "");
  EXPECT_EQ(first["other"], "");
  EXPECT_EQ(first["bad"], "no luck");
  EXPECT_EQ(first["forgetful"], "forgetful: did not measure 'c'");
  EXPECT_EQ(first["wrong"], "wrong: measured 'd', which is no claim");
  EXPECT_EQ(runs, 3);
  EXPECT_FALSE(fs::exists(record_path(folder.path(), "wrong")));

  EXPECT_EQ(failures()["good"], "kept");
  EXPECT_EQ(runs, 4);  // `wrong` again
  options.seeds = 4;   // other settings
  EXPECT_EQ(failures()["good"], "");
  options.again = true;
  EXPECT_EQ(failures()["good"], "");
}

TEST(ExperimentRecord, ComesBackFromItsFile) {
  TempFolder folder;
  ExperimentRecord record{.name = "x",
                          .scale = Scale::quick,
                          .seeds = 2,
                          .data_set = "fashion-mnist",
                          .seconds = 1.5,
                          .machine = "m",
                          .command = "c",
                          .time = "t",
                          .findings = counted({}),
                          .meanings = {{"c", "a number"}}};
  record.findings.measured["one"] = mean_over_seeds({0.25});
  write_record(folder.path(), record);
  const auto back = read_record(folder.path(), "x");
  ASSERT_TRUE(back);
  EXPECT_EQ(back->scale, Scale::quick);
  EXPECT_EQ(back->seconds, 1.5);
  EXPECT_EQ(back->findings.settings, record.findings.settings);
  EXPECT_EQ(back->findings.differs, "much");
  EXPECT_EQ(back->meanings, record.meanings);
  EXPECT_EQ(back->findings.blocks.size(), 1);
  const auto& c = back->findings.measured.at("c");
  EXPECT_EQ(c.low, record.findings.measured.at("c").low);
  EXPECT_EQ(c.n, 3);
  EXPECT_TRUE(std::isinf(back->findings.measured.at("one").low));
  EXPECT_LT(back->findings.measured.at("one").low, 0);
  EXPECT_FALSE(read_record(folder.path(), "y"));

  const auto whole = text_of(record_path(folder.path(), "x"));
  for (size_t length = 0; length < whole.size() - 2; length += 7) {
    std::ofstream(record_path(folder.path(), "x")) << whole.substr(0, length);
    const auto error = error_reading(folder.path(), "x");
    EXPECT_PRED2(contains, error, "x.json");
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
  }
}

TEST(Reproduction, DemandsWhatScaleAndDataDecide) {
  TempFolder folder;
  auto experiment =
      fake("x", [](const ExperimentContext&) { return Findings{}; });
  const auto failure = [&](Scale scale, const std::string& data) {
    const ReproductionOptions options{.folder = folder.path(),
                                      .scale = scale,
                                      .images = {.name = data},
                                      .again = true};
    return reproduce({&experiment}, options)[0].failure;
  };
  const std::string lacks = "x: did not measure 'c'";
  auto& claim = experiment.claims[0];
  EXPECT_EQ(failure(Scale::quick, "mnist"), lacks);
  claim.data = "mnist";
  claim.least = Scale::normal;
  EXPECT_EQ(failure(Scale::quick, "mnist"), "");
  EXPECT_EQ(failure(Scale::full, "fashion-mnist"), "");
  EXPECT_EQ(failure(Scale::normal, "mnist"), lacks);
}

TEST(Reproduction, RunsAgainWhereAClaimMeansSomethingElseNow) {
  TempFolder folder;
  auto experiment = fake("x", counted);
  const auto kept = [&] {
    return reproduce({&experiment}, {.folder = folder.path()})[0].kept;
  };
  EXPECT_FALSE(kept());
  EXPECT_TRUE(kept());
  experiment.claims[0].sentence = "It is not negative.";
  EXPECT_TRUE(kept());
  experiment.claims[0].measured = "another number";
  EXPECT_FALSE(kept());
}

TEST(Reproduction, RefusesWhatIsNoNumber) {
  TempFolder folder;
  const auto experiment = fake("x", [](const ExperimentContext&) {
    return Findings{.measured = {{"c", computed(std::nan(""))}}};
  });
  EXPECT_EQ(reproduce({&experiment}, {.folder = folder.path()})[0].failure,
            "x: measured no number for 'c'");
  EXPECT_FALSE(fs::exists(record_path(folder.path(), "x")));
}

TEST(Reproduction, KeepsARecordOfOtherImagesWhereThereAreNone) {
  TempFolder folder;
  auto experiment = fake("x", counted);
  const auto kept = [&](const std::string& data) {
    return reproduce({&experiment},
                     {.folder = folder.path(), .images = {.name = data}})[0]
        .kept;
  };
  EXPECT_FALSE(kept("fashion-mnist"));
  EXPECT_FALSE(kept("mnist"));
  experiment.on_images = false;
  EXPECT_TRUE(kept("fashion-mnist"));
}

TEST(ExperimentRecord, OtherDataAreNeededOrHere) {
  const Claim claim{.id = "c",
                    .sentence = "It holds.",
                    .where = "here",
                    .measured = "a number",
                    .holds = {.from = 0},
                    .data = "mnist"};
  ExperimentRecord record;
  record.data_set = "fashion-mnist";
  EXPECT_EQ(finding_of(claim, record), Finding::needs_data);
  record.data_set = "mnist";
  EXPECT_EQ(finding_of(claim, record), Finding::cannot_be_told);
  record.findings.measured["c"] = computed(1);
  record.meanings["c"] = "another number";
  EXPECT_EQ(finding_of(claim, record), Finding::cannot_be_told);
  record.meanings["c"] = claim.measured;
  EXPECT_EQ(finding_of(claim, record), Finding::reproduced);
}

TEST(ReproductionPage, SaysWhatTheRecordSays) {
  ASSERT_FALSE(table<Experiment>().empty());
  const auto& experiment = table<Experiment>()[0];
  ExperimentRecord record{.name = experiment.name,
                          .seeds = 3,
                          .data_set = "fashion-mnist",
                          .machine = "m",
                          .command = "signet reproduce it",
                          .time = "t",
                          .findings = {}};
  for (const auto& claim : experiment.claims)
    if (decides(claim, "fashion-mnist", Scale::full)) {
      record.findings.measured[claim.id] = {
          .value = 0.123, .low = -1e9, .high = 1e9, .confidence = 0.95, .n = 3};
      record.meanings[claim.id] = claim.measured;
    }
  record.findings.blocks = {report::Text{.body = "what was found"}};
  const auto html =
      report::render_html(reproduction_page({record}, "signet reproduce"));
  for (const std::string part :
       {"0.123 (-1e+09 to 1e+09)", "cannot be told at these seeds",
        "what was found", "signet reproduce it", "95 %, n = 3"})
    EXPECT_PRED2(contains, html, part);
}

TEST(ReproductionPage, NumbersAndRegionsAsText) {
  EXPECT_EQ(statistic_text(computed(0.5)), "0.5");
  EXPECT_EQ(statistic_text({.value = 1, .low = 0.5, .high = 1.5}),
            "1 (0.5 to 1.5)");
  EXPECT_EQ(statistic_text(mean_over_seeds({2})), "2 (one value)");
  EXPECT_EQ(region_text({.from = 0}), "at least 0");
  EXPECT_EQ(region_text({.to = 1e-12}), "at most 1e-12");
  EXPECT_EQ(region_text({.from = 0.9, .to = 1.1}), "0.9 to 1.1");
}

}  // namespace
}  // namespace signet
