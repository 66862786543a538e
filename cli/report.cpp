// signet report RUN: what a run folder holds, as one page.

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>

#include "cli/command.h"
#include "cli/output.h"
#include "signet/base/number.h"
#include "signet/base/printable.h"
#include "signet/data/atomic_file.h"
#include "signet/data/csv.h"
#include "signet/data/folder_lock.h"
#include "signet/data/metrics.h"
#include "signet/data/read_only.h"
#include "signet/data/run_files.h"
#include "signet/data/safetensors.h"
#include "signet/report/html.h"
#include "signet/report/results.h"

namespace signet {
namespace {

namespace fs = std::filesystem;

/// Columns of metrics.csv against the epoch; an empty column is left out.
report::LineChart chart(
    const CsvTable& metrics, const std::string& title,
    const std::string& y_label,
    const std::vector<std::pair<std::string, std::string>>& columns,
    double scale) {
  report::LineChart chart{
      .title = title, .x_label = "epoch", .y_label = y_label};
  for (const auto& [column, label] : columns) {
    report::Series series{.label = label, .x = metrics.numbers("epoch")};
    bool any = false;
    for (double v : metrics.numbers(column)) {
      series.y.push_back(scale * v);
      any = any || !std::isnan(v);
    }
    if (any) chart.series.push_back(std::move(series));
  }
  return chart;
}

/// Charts of the columns that not every run has: sign changes of binary
/// weights, annealed parameters of the estimator.
void add_optional_charts(const CsvTable& metrics, report::Page& page) {
  std::vector<std::pair<std::string, std::string>> annealed;
  for (const auto& column : metrics.columns) {
    if (column == "flip_ratio") {
      auto flips = chart(metrics, "Sign changes of binary weights",
                         "share of them in a step", {{column, column}}, 1);
      flips.log_y = true;
      page.blocks.push_back(std::move(flips));
    }
    if (column.starts_with("estimator."))
      annealed.emplace_back(column, column.substr(column.find('.') + 1));
  }
  if (!annealed.empty())
    page.blocks.push_back(chart(metrics, "Annealed parameters of the estimator",
                                "value", annealed, 1));
}

report::Matrix confusion(const fs::path& path) {
  const auto csv = read_csv(path);
  report::Matrix matrix{.title = "Confusion matrix, test images"};
  std::map<std::string, size_t> index;
  const auto label = csv.column("label"), guess = csv.column("prediction");
  for (const auto& row : csv.rows) {
    if (index.emplace(row[label], index.size()).second)
      matrix.names.push_back(row[label]);
  }
  matrix.values.assign(index.size(), std::vector<double>(index.size(), 0));
  const auto counts = csv.numbers("count");
  for (size_t i = 0; i < csv.rows.size(); ++i) {
    const auto& row = csv.rows[i];
    const auto column = index.find(row[guess]);
    check(column != index.end(), path.string() + ":" + std::to_string(i + 2),
          "the prediction must be one of the labels, but is '" +
              printable(row[guess]) + "'");
    matrix.values[index.at(row[label])][column->second] = counts[i];
  }
  return matrix;
}

report::Table results_table(const fs::path& path) {
  report::Table table{.title = "Results",
                      .columns = {"figure", "value", "seed", "command"}};
  for (const auto& r : report::read_results(path)) {
    table.rows.push_back({r.name, general_text(r.value, 4) + " " + r.unit,
                          r.seed ? std::to_string(*r.seed) : "", r.command});
  }
  return table;
}

/// The last name of a path, also of "." and of "runs/a/".
std::string name_of(const fs::path& folder) {
  auto whole = fs::absolute(folder).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  return whole.filename().string();
}

int run(const fs::path& folder, fs::path out) {
  auto metrics_path = run_file(folder, "metrics.csv");
  check(fs::exists(metrics_path), folder.string(),
        "must be the folder of a run, but it holds no metrics.csv");
  if (out.empty()) {
    const auto reason = read_only_reason(folder);
    check(reason.empty(), folder.string(),
          "the page must have a folder to be written to, but here that fails "
          "(" +
              reason + "): name another place with --out FILE");
    out = folder / "report.html";
    check_output(out);
  }
  std::optional<FolderLock> lock;
  std::error_code none;
  if (fs::equivalent(fs::absolute(out).parent_path(), folder, none)) {
    lock.emplace(folder, "signet report " + folder.string());
    settle_run(folder);
    metrics_path = run_file(folder, "metrics.csv");
  }
  const auto metrics = read_csv(metrics_path);
  check_epochs(metrics);
  if (metrics.torn) {
    std::fprintf(stderr,
                 "signet: %s: the last line was left out, as no newline ends "
                 "it\n",
                 printable(metrics_path.string(), 500).c_str());
  }
  check(!metrics.rows.empty(), metrics_path.string(),
        "has no rows yet: the first epoch is not over");
  report::Page page{.title = name_of(folder),
                    .subtitle = "signet training run"};
  const auto last = [&](const char* column) {
    return metrics.numbers(column).back();
  };
  double seconds = 0;
  for (double s : metrics.numbers("seconds")) seconds += s;
  page.figures = {
      {.label = "Test accuracy",
       .value = fixed_text(100 * last("test_accuracy"), 2) + " %",
       .note = "mode network, last epoch"},
      {.label = "Epochs",
       .value = fixed_text(last("epoch"), 0),
       .note = fixed_text(last("step"), 0) + " steps"},
      {.label = "Training time",
       .value = fixed_text(seconds, 0) + " s",
       .note = "evaluation included"},
  };
  page.blocks.push_back(chart(metrics, "Accuracy", "accuracy (%)",
                              {{"train_accuracy", "training, sampled as drawn"},
                               {"validation_accuracy", "validation"},
                               {"test_accuracy", "test"}},
                              100));
  page.blocks.push_back(chart(metrics, "Loss", "cross-entropy (nats)",
                              {{"train_loss", "training, sampled as drawn"},
                               {"validation_loss", "validation"},
                               {"test_loss", "test"}},
                              1));
  add_optional_charts(metrics, page);
  if (const auto file = run_file(folder, "confusion.csv"); fs::exists(file))
    page.blocks.push_back(confusion(file));
  if (const auto file = run_file(folder, "results.json"); fs::exists(file))
    page.blocks.push_back(results_table(file));
  const auto recipe = read_file(run_file(folder, "recipe.toml"));
  page.blocks.push_back(
      report::Text{.title = "Recipe, as resolved",
                   .body = std::string(recipe.begin(), recipe.end()),
                   .preformatted = true});
  page.footer = "Written by signet report " + folder.string();
  write_atomically(out, report::render_html(page));
  std::fprintf(summary_stream({out}), "%s\n",
               printable(out.string(), 4000).c_str());
  return 0;
}

const Registered<Command> entry{{
    .name = "report",
    .summary = "Write a run's report.html: curves, confusion matrix, recipe",
    .setup = [](CLI::App& app) -> std::function<int()> {
      auto folder = std::make_shared<std::string>();
      auto out = std::make_shared<std::string>();
      app.add_option("run", *folder, "run folder")->required();
      checks_output_file(
          app.add_option("--out", *out,
                         "page (default: RUN/report.html, and not while the "
                         "run is trained)"));
      return [folder, out] { return run(*folder, *out); };
    },
}};

}  // namespace
}  // namespace signet
