#include "signet/experiments/measurement_page.h"

#include <algorithm>

#include "signet/base/names.h"
#include "signet/experiments/measurement_text.h"

namespace signet {
namespace {

report::LineChart rmse_chart(const Measurement& m, size_t group) {
  const auto& first = m.estimators[0].groups[group];
  report::LineChart chart{
      .title = first.name == "all" ? "All parameters" : first.name,
      .x_label = "samples averaged",
      .y_label = "RMSE / |gradient|",
      .log_x = true,
      .log_y = true};
  for (const auto& e : m.estimators) {
    const auto& statistics = e.groups[group];
    report::Series line{.label = e.label};
    for (const auto& mean : statistics.means) {
      line.x.push_back(static_cast<double>(mean.n));
      line.y.push_back(mean.rmse);
    }
    chart.series.push_back(std::move(line));
    if (statistics.verdict != Verdict::biased || e.deterministic) continue;
    const double floor = statistics.relative(statistics.bias);
    chart.series.push_back(
        {.label = e.label + ", bias",
         .x = {1, static_cast<double>(statistics.means.back().n)},
         .y = {floor, floor},
         .dashed = true,
         .of = e.label});
  }
  return chart;
}

std::string on_one_line(const std::string& words) {
  std::string text;
  for (char c : words) text += c == ' ' ? "\u00A0" : std::string(1, c);
  return text;
}

report::Table as_block(const MeasurementTable& table) {
  report::Table block{
      .title = table.title, .columns = table.columns, .rows = table.rows};
  for (auto& row : block.rows) row[1] = on_one_line(row[1]);
  for (size_t j = 0; j < table.best.size(); ++j) {
    if (table.best[j] < 0) continue;
    for (size_t i = 0; i < block.rows.size(); ++i) {
      // A figure space where there is no star keeps the digits aligned.
      auto& cell = block.rows[i][j];
      if (cell != "-")
        cell += static_cast<int>(i) == table.best[j] ? "*" : "\u2007";
    }
  }
  return block;
}

report::LineChart basket_chart(const Basket& basket) {
  report::LineChart chart{.title = "Gradient variance along the training",
                          .x_label = "step",
                          .y_label = "EMA, batch mean, per parameter",
                          .log_y = true};
  // Moments of a few gradients are no variance yet; of one they have none.
  const size_t skipped = basket.steps.size() / 20 + 1;
  const auto from_there = [&](const auto& values) {
    return std::vector<double>(
        values.begin() + std::min(skipped, values.size()), values.end());
  };
  for (const auto& curve : basket.curves)
    chart.series.push_back({.label = curve.label,
                            .x = from_there(basket.steps),
                            .y = from_there(curve.variance)});
  return chart;
}

}  // namespace

report::Page measurement_page(const Measurement& m, const Basket* basket,
                              const std::string& command) {
  report::Page page{.title = "Gradient estimators, measured",
                    .subtitle = m.problem};
  page.figures = {
      {.label = "Parameters",
       .value = std::to_string(m.parameters),
       .note = m.examples > 0 ? std::to_string(m.examples) + " examples"
                              : "no data"},
      {.label = "Samples of each",
       .value = std::to_string(m.options.samples),
       .note = "full gradients"},
      {.label = "Reference",
       .value = m.reference.samples == 0 ? "exact" : "long run",
       .note = m.reference.name}};
  if (basket) page.blocks.push_back(basket_chart(*basket));
  const auto tables = measurement_tables(m);
  for (size_t i = 0; i < tables.size(); ++i)
    page.blocks.push_back(rmse_chart(m, i));
  for (const auto& table : tables) page.blocks.push_back(as_block(table));
  page.blocks.push_back(report::Text{.title = "How to read it",
                                     .body = join(measurement_notes(m), "\n"),
                                     .preformatted = true});
  page.footer = "Written by " + command;
  return page;
}

}  // namespace signet
