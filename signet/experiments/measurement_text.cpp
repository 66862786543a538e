#include "signet/experiments/measurement_text.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <sstream>

#include "signet/base/number.h"

namespace signet {
namespace {

std::string percent(double share) {
  if (!std::isfinite(share)) return "-";
  return general_text(100 * share, share < 0.0995 ? 2 : 3);
}

/// Enough digits to compare with another program's.
std::string number(double value) { return general_text(value, 7); }

/// The decades of n, unless others are asked for; all are in the JSON and in
/// the chart.
std::vector<const MeanOfN*> shown_means(const GroupStatistics& group,
                                        bool all) {
  std::vector<const MeanOfN*> shown;
  int64_t decade = 1;
  for (const auto& mean : group.means) {
    if (!all && mean.n != decade) continue;
    shown.push_back(&mean);
    decade *= 10;
  }
  return shown;
}

/// One column: its cell, and what decides the best if anything does.
struct Column {
  std::string name;
  std::function<std::string(const EstimatorMeasurement&,
                            const GroupStatistics&)>
      cell;
  /// NaN: takes no part. The least is best.
  std::function<double(const EstimatorMeasurement&, const GroupStatistics&)>
      cost = {};
};

using Figure =
    std::function<double(const EstimatorMeasurement&, const GroupStatistics&)>;

/// A column of numbers of which the least is best.
Column number_column(const std::string& name, const Figure& figure) {
  return {name,
          [figure](const auto& e, const auto& g) {
            return short_number(figure(e, g));
          },
          figure};
}

double nan() { return std::numeric_limits<double>::quiet_NaN(); }

std::vector<Column> columns_of(const GroupStatistics& first, bool all_means) {
  using E = EstimatorMeasurement;
  using G = GroupStatistics;
  const auto time = [](const E& e, const G&) {
    return e.deterministic ? nan() : 1e6 * e.seconds;
  };
  const auto variance = [](const E& e, const G& g) {
    return e.deterministic ? nan() : g.variance;
  };
  const auto product = [=](const E& e, const G& g) {
    return variance(e, g) * time(e, g);
  };
  std::vector<Column> columns{
      {"estimator", [](const E& e, const G&) { return e.label; }},
      {"verdict",
       [](const E&, const G& g) { return std::string(name_of(g.verdict)); }},
      {"bias %",
       [](const E&, const G& g) {
         return percent(g.relative(g.bias)) + " [" +
                percent(g.relative(g.bias_low)) + ", " +
                percent(g.relative(g.bias_high)) + "]";
       }},
      number_column("variance x us", product),
      number_column("variance", variance)};
  if (first.name == "all") {
    columns.push_back(
        {"us",
         [](const E& e, const G&) { return short_number(1e6 * e.seconds); },
         time});
    columns.push_back({"evals", [](const E& e, const G&) {
                         return general_text(e.evaluations, 4);
                       }});
  }
  const auto shown = shown_means(first, all_means);
  for (size_t i = 0; i < shown.size(); ++i) {
    columns.push_back(
        number_column((i == 0 ? "RMSE n=" : "n=") + std::to_string(shown[i]->n),
                      [i, all_means](const E&, const G& g) {
                        const auto means = shown_means(g, all_means);
                        return i < means.size() ? means[i]->rmse : nan();
                      }));
  }
  columns.push_back({"cosine n=1",
                     [](const E&, const G& g) {
                       const auto& m = g.means[0];
                       return fixed_text(m.cosine, 2) + " [" +
                              fixed_text(m.cosine_low, 2) + ", " +
                              fixed_text(m.cosine_high, 2) + "]";
                     },
                     [](const E&, const G& g) { return -g.means[0].cosine; }});
  return columns;
}

std::string title_of(const GroupStatistics& group) {
  auto title = group.name == "all" ? std::string("All parameters") : group.name;
  title += " (" + std::to_string(group.parameters) +
           "): |g| = " + short_number(group.gradient_norm);
  if (group.gradient_norm_error > 0)
    title += " +- " + short_number(group.gradient_norm_error);
  return title;
}

/// Columns wide enough, numbers to the right of the first one.
std::string aligned(const std::vector<std::string>& columns,
                    const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> width;
  for (size_t j = 0; j < columns.size(); ++j) {
    size_t most = columns[j].size();
    for (const auto& row : rows) most = std::max(most, row[j].size());
    width.push_back(most);
  }
  std::string text;
  const auto add = [&](const std::vector<std::string>& row) {
    std::string line = "  ";
    for (size_t j = 0; j < row.size(); ++j) {
      const std::string pad(width[j] - row[j].size(), ' ');
      if (j > 0) line += "  ";
      line += j == 0 ? row[j] + pad : pad + row[j];
    }
    text += line + "\n";
  };
  add(columns);
  for (const auto& row : rows) add(row);
  return text;
}

}  // namespace

std::string short_number(double value) {
  if (!std::isfinite(value)) return "-";
  return general_text(value, 3);
}

std::vector<MeasurementTable> measurement_tables(const Measurement& m) {
  std::vector<MeasurementTable> tables;
  const auto& first = m.estimators.at(0).groups;
  // One group is all there is: no second table of the same.
  const size_t groups = first.size() == 2 ? 1 : first.size();
  for (size_t i = 0; i < groups; ++i) {
    MeasurementTable table{
        .title = title_of(first[i]), .columns = {}, .rows = {}, .best = {}};
    table.rows.resize(m.estimators.size());
    for (const auto& column :
         columns_of(first[i], !m.options.averages.empty())) {
      table.columns.push_back(column.name);
      table.best.push_back(-1);
      double least = std::numeric_limits<double>::infinity();
      for (size_t e = 0; e < m.estimators.size(); ++e) {
        const auto& group = m.estimators[e].groups[i];
        table.rows[e].push_back(column.cell(m.estimators[e], group));
        const double cost =
            column.cost ? column.cost(m.estimators[e], group) : nan();
        if (m.estimators.size() == 1 || !(cost < least)) continue;
        least = cost;
        table.best.back() = static_cast<int>(e);
      }
    }
    tables.push_back(std::move(table));
  }
  return tables;
}

std::vector<std::string> power_sentences(const Measurement& m) {
  std::vector<std::string> sentences;
  const double tolerance = m.options.confidence.tolerance;
  for (const auto& e : m.estimators) {
    const auto& whole = e.groups[0];
    if (!(whole.gradient_norm > 0)) continue;
    const double seen = whole.relative(whole.detectable_bias);
    const double high = whole.relative(whole.bias_high);
    const double rounding = whole.relative(whole.rounding);
    auto text = e.label + ": a bias of " + percent(seen) +
                " % would have been seen (in 95 of 100 measurements)";
    if (rounding > tolerance / 10) {
      text += ", " + percent(rounding) + " % is the rounding of " +
              (e.deterministic ? "the estimate" : "an estimate") +
              ": --double has none";
    } else if (whole.verdict == Verdict::not_enough_samples) {
      text += "; for \"unbiased\" it takes about " +
              fixed_text(static_cast<double>(e.samples) *
                             std::pow(high / tolerance, 2),
                         0) +
              " samples";
    }
    sentences.push_back(text);
  }
  return sentences;
}

std::vector<std::string> measurement_notes(const Measurement& m) {
  std::vector<std::string> notes;
  const auto note = [&](const char* name, const std::string& text) {
    auto padded = std::string(name);
    padded.resize(11, ' ');
    notes.push_back(padded + text);
  };
  note("problem", m.problem);
  note("reference",
       m.reference.name +
           (m.reference.samples > 0 ? ", with its own error" : ""));
  note("loss", number(m.reference.loss) +
                   (m.reference.loss_error > 0
                        ? " +- " + short_number(m.reference.loss_error)
                        : std::string()) +
                   " expected");
  std::string norms;
  for (const auto& group : m.estimators.at(0).groups) {
    norms += (norms.empty() ? "" : ", ") + group.name + " " +
             number(group.gradient_norm);
  }
  note("|g|", norms);
  note("samples",
       std::to_string(m.options.samples) + " of each estimator" +
           (m.examples > 0
                ? ", each over all " + std::to_string(m.examples) + " examples"
                : ""));
  note("bias",
       "|E g_1 - g| / |g| with its " +
           general_text(100 * (1 - m.options.confidence.alpha), 6) +
           " % interval; biased: the interval begins above 0; unbiased: it "
           "begins at 0 and ends below " +
           general_text(100 * m.options.confidence.tolerance, 6) + " %");
  note("RMSE",
       "of the mean of n samples, / |g|; variance: trace; cosine with "
       "its 15-85 % band; us: microseconds a sample; *: best");
  for (const auto& sentence : power_sentences(m)) note("power", sentence);
  for (const auto& e : m.estimators) {
    if (e.learned > 0)
      note("learned", e.label + ": from " + std::to_string(e.learned) +
                          " samples beforehand");
  }
  return notes;
}

std::string measurement_text(const Measurement& measurement) {
  std::string text;
  for (const auto& note : measurement_notes(measurement)) text += note + "\n";
  for (auto& table : measurement_tables(measurement)) {
    // A space where there is no star keeps the digits aligned.
    for (size_t j = 0; j < table.columns.size(); ++j) {
      if (table.best[j] < 0) continue;
      for (size_t i = 0; i < table.rows.size(); ++i)
        table.rows[i][j] += static_cast<int>(i) == table.best[j] ? "*" : " ";
    }
    text += "\n" + table.title + "\n" + aligned(table.columns, table.rows);
  }
  return text;
}

std::string basket_text(const Basket& basket) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& curve : basket.curves) {
    rows.push_back({curve.label, short_number(curve.variance.back())});
  }
  return "after " + std::to_string(basket.steps.back()) + " steps with " +
         basket.curves[0].label + "\n" +
         aligned({"estimator", "gradient variance (EMA, batch mean)"}, rows);
}

}  // namespace signet
