// signet reproduce NAME... | --all | --list

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/json_text.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/training/start_torch.h"
#include "signet/base/printable.h"
#include "signet/base/threads.h"
#include "signet/data/atomic_file.h"
#include "signet/experiments/progress.h"
#include "signet/experiments/reproduction.h"
#include "signet/experiments/reproduction_markdown.h"
#include "signet/experiments/reproduction_page.h"
#include "signet/report/html.h"

namespace signet {
namespace {

struct Options {
  std::vector<std::string> names;
  std::string data, out = "runs/papers", report, markdown;
  bool list = false, all = false, quick = false, full = false, again = false,
       json = false;
  int64_t seeds = 0;
  int jobs = 0;
};

/// Seeds unless the user says how many.
constexpr int64_t kQuickSeeds = 3, kSeeds = 5;

void print_list() {
  for (const auto& experiment : table<Experiment>()) {
    std::printf(
        "%s: %s\n  %s; %s, --quick %s, one core\n", experiment.name.c_str(),
        experiment.title.c_str(), short_text(experiment.source).c_str(),
        duration_text(expected_seconds(experiment, Scale::normal)).c_str(),
        duration_text(expected_seconds(experiment, Scale::quick)).c_str());
    for (const auto& claim : experiment.claims)
      std::printf("  * %s\n", claim.sentence.c_str());
  }
}

void print_findings(const Experiment& experiment,
                    const ExperimentRecord& record, std::FILE* file) {
  for (const auto& claim : experiment.claims) {
    const auto* statistic = measured_of(claim, record);
    std::fprintf(file, "  %-29s  %s\n",
                 finding_text(finding_of(claim, record)).c_str(),
                 claim.sentence.c_str());
    if (statistic)
      std::fprintf(file, "  %29s  %s; holds if %s\n", "",
                   statistic_text(*statistic).c_str(),
                   region_text(claim.holds).c_str());
  }
}

nlohmann::json findings_json(const Experiment& experiment,
                             const ExperimentRecord& record) {
  auto claims = nlohmann::json::array();
  for (const auto& claim : experiment.claims) {
    nlohmann::json j{{"claim", claim.id},
                     {"sentence", claim.sentence},
                     {"where", claim.where},
                     {"measured", claim.measured},
                     {"verdict", finding_text(finding_of(claim, record))}};
    const auto* statistic = measured_of(claim, record);
    if (statistic) {
      j["value"] = statistic->value;
      j["low"] = statistic->low;  // infinite: null
      j["high"] = statistic->high;
    }
    claims.push_back(std::move(j));
  }
  return {{"experiment", experiment.name},
          {"seconds", record.seconds},
          {"claims", claims}};
}

std::vector<const Experiment*> chosen(const Options& o) {
  std::vector<const Experiment*> experiments;
  for (const auto& name : o.names)
    experiments.push_back(&find_record<Experiment>("experiment", name));
  if (o.all)
    for (const auto& experiment : table<Experiment>())
      experiments.push_back(&experiment);
  return experiments;
}

/// All records of the folder, of whatever call.
std::vector<ExperimentRecord> records_in(const std::string& folder) {
  std::vector<ExperimentRecord> records;
  for (const auto& experiment : table<Experiment>())
    if (auto record = read_record(folder, experiment.name))
      records.push_back(std::move(*record));
  return records;
}

std::string command_text(const Options& o) {
  std::string text = "signet reproduce";
  for (const auto& name : o.names) text += " " + name;
  if (o.all) text += " --all";
  if (o.quick) text += " --quick";
  if (o.full) text += " --full";
  if (o.seeds > 0) text += " --seeds " + std::to_string(o.seeds);
  if (!o.data.empty()) text += " --data " + o.data;
  text += " --out " + o.out;
  if (!o.report.empty()) text += " --report " + o.report;
  if (!o.markdown.empty()) text += " --markdown " + o.markdown;
  return text;
}

/// The pages often lie in the folder of the records, which is made first.
void check_outputs(const Options& o, bool runs) {
  if (runs) {
    check_output_folder(o.out);
    std::filesystem::create_directories(o.out);
    for (const auto* experiment : chosen(o))
      check_output(record_path(o.out, experiment->name));
  }
  for (const auto& page : {o.report, o.markdown})
    if (!page.empty()) check_output(page);
  check_distinct({"--markdown", o.markdown}, {"--report", o.report});
}

/// Exit status: 1 if an experiment failed.
int run_experiments(const Options& o) {
  const int jobs = threads_to_use(o.jobs);  // start_torch() sets its default
  start_torch(1);
  ReproductionOptions options{.folder = o.out,
                              .scale = o.quick  ? Scale::quick
                                       : o.full ? Scale::full
                                                : Scale::normal,
                              .seeds = o.seeds > 0 ? o.seeds
                                       : o.quick   ? kQuickSeeds
                                                   : kSeeds,
                              .jobs = jobs,
                              .again = o.again,
                              .command = command_text(o)};
  if (!o.data.empty()) options.images = identify_dataset(o.data);
  auto* const summary = summary_stream({o.report, o.markdown});
  auto json = nlohmann::json::array();
  bool failed = false;
  reproduce(chosen(o), options, [&](const Reproduced& result) {
    const auto& experiment = *result.experiment;
    if (!result.failure.empty()) {
      failed = true;
      std::fprintf(stderr, "%s: failed: %s\n", experiment.name.c_str(),
                   printable(result.failure, 2000).c_str());
      return;
    }
    const auto record = *read_record(o.out, experiment.name);
    if (o.json) {
      json.push_back(findings_json(experiment, record));
      return;
    }
    std::fprintf(summary, "%s  (%s%s)\n", experiment.name.c_str(),
                 duration_text(result.seconds).c_str(),
                 result.kept ? ", kept; --again runs it again" : "");
    print_findings(experiment, record, summary);
    std::fflush(summary);
  });
  if (o.json) std::fprintf(summary, "%s\n", json_text(json, 1).c_str());
  return failed ? 1 : 0;
}

int run(const Options& o) {
  check(!(o.quick && o.full), "reproduce",
        "--quick and --full exclude each other");
  if (o.list) {
    print_list();
    return 0;
  }
  const bool runs = o.all || !o.names.empty();
  const bool writes = !o.report.empty() || !o.markdown.empty();
  check(runs || writes, "reproduce",
        "name an experiment, or --all; `signet reproduce --list` lists them, "
        "--report alone makes a page of the records in --out");
  check_outputs(o, runs);
  const int status = runs ? run_experiments(o) : 0;
  if (!writes) return status;
  const auto records = records_in(o.out);
  check(!records.empty(), "reproduce", o.out + " holds no record yet");
  if (!o.report.empty()) {
    write_atomically(o.report, report::render_html(reproduction_page(
                                   records, command_text(o))));
    std::fprintf(stderr, "%s: %zu experiments\n", o.report.c_str(),
                 records.size());
  }
  if (!o.markdown.empty())
    write_atomically(o.markdown,
                     reproduction_markdown(records, command_text(o)));
  return status;
}

const Registered<Command> entry{{
    .name = "reproduce",
    .summary = "Run published experiments and judge their claims",
    .setup = [](CLI::App& app) -> std::function<int()> {
      auto o = std::make_shared<Options>();
      app.add_option("name", o->names, "experiments to run, by name");
      app.add_flag("--list", o->list, "list the experiments and their claims");
      app.add_flag("--all", o->all, "run all");
      app.add_flag("--quick", o->quick,
                   "smaller settings: all of them in 30 minutes on two cores");
      app.add_flag("--full", o->full, "also what takes a night");
      app.add_option("--seeds", o->seeds,
                     "seeds that intervals are over (default: 5, quick 3)")
          ->check(whole_number(1, 1000));
      app.add_option("--data", o->data,
                     "folder of MNIST or CIFAR-10 files, to compare with the "
                     "sources' own\nnumbers (default: Fashion-MNIST)");
      app.add_option("--out", o->out, "folder of the records")
          ->capture_default_str();
      checks_output_name(app.add_option(
          "--report", o->report, "write a page of all records in that folder"));
      checks_output_name(
          app.add_option("--markdown", o->markdown,
                         "write their claims and verdicts as Markdown"));
      app.add_option("--jobs", o->jobs,
                     "experiments at a time, one thread each (default: all "
                     "cores)")
          ->check(whole_number(1, kMostThreads));
      app.add_flag("--again", o->again,
                   "run again what has a record of the same settings");
      app.add_flag("--json", o->json, "print the findings as JSON");
      return [o] { return run(*o); };
    },
}};

}  // namespace
}  // namespace signet
