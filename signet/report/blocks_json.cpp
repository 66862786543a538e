#include "signet/report/blocks_json.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace signet::report {
namespace {

using nlohmann::json;

json numbers(const std::vector<double>& values) {
  json result = json::array();
  for (const double v : values)
    result.push_back(std::isfinite(v) ? json(v) : json());
  return result;
}

std::vector<double> numbers_of(const json& j) {
  std::vector<double> values;
  for (const auto& v : j)
    values.push_back(v.is_null() ? std::numeric_limits<double>::quiet_NaN()
                                 : v.get<double>());
  return values;
}

json series_to_json(const Series& s) {
  json j = {{"label", s.label},   {"x", numbers(s.x)}, {"y", numbers(s.y)},
            {"dashed", s.dashed}, {"line", s.line},    {"of", s.of}};
  if (!s.low.empty()) {
    j["low"] = numbers(s.low);
    j["high"] = numbers(s.high);
  }
  return j;
}

Series series_from_json(const json& j) {
  return {.label = j.at("label"),
          .x = numbers_of(j.at("x")),
          .y = numbers_of(j.at("y")),
          .low = numbers_of(j.value("low", json::array())),
          .high = numbers_of(j.value("high", json::array())),
          .dashed = j.at("dashed"),
          .line = j.at("line"),
          .of = j.at("of")};
}

struct ToJson {
  json operator()(const LineChart& b) const {
    json series = json::array();
    for (const auto& s : b.series) series.push_back(series_to_json(s));
    return {{"kind", "chart"},      {"title", b.title}, {"x_label", b.x_label},
            {"y_label", b.y_label}, {"log_x", b.log_x}, {"log_y", b.log_y},
            {"note", b.note},       {"series", series}};
  }
  json operator()(const Matrix& b) const {
    json values = json::array();
    for (const auto& row : b.values) values.push_back(numbers(row));
    return {{"kind", "matrix"},         {"title", b.title},
            {"row_label", b.row_label}, {"column_label", b.column_label},
            {"names", b.names},         {"values", values}};
  }
  json operator()(const Table& b) const {
    return {{"kind", "table"},
            {"title", b.title},
            {"columns", b.columns},
            {"rows", b.rows}};
  }
  json operator()(const Text& b) const {
    return {{"kind", "text"},
            {"title", b.title},
            {"body", b.body},
            {"preformatted", b.preformatted}};
  }
  json operator()(const Heading& b) const {
    return {{"kind", "heading"},
            {"title", b.title},
            {"id", b.id},
            {"body", b.body},
            {"level", b.level}};
  }
  json operator()(const Statements& b) const {
    json rows = json::array();
    for (const auto& r : b.rows)
      rows.push_back({{"statement", r.statement},
                      {"link", r.link},
                      {"details", r.details},
                      {"found", r.found},
                      {"verdict", r.verdict},
                      {"tone", static_cast<int>(r.tone)}});
    return {{"kind", "statements"}, {"title", b.title}, {"rows", rows}};
  }
};

}  // namespace

json block_to_json(const Block& block) { return std::visit(ToJson{}, block); }

Block block_from_json(const json& j) {
  const std::string kind = j.at("kind");
  if (kind == "chart") {
    LineChart chart{.title = j.at("title"),
                    .x_label = j.at("x_label"),
                    .y_label = j.at("y_label"),
                    .log_x = j.at("log_x"),
                    .log_y = j.at("log_y"),
                    .note = j.at("note")};
    for (const auto& s : j.at("series"))
      chart.series.push_back(series_from_json(s));
    return chart;
  }
  if (kind == "matrix") {
    Matrix matrix{.title = j.at("title"),
                  .row_label = j.at("row_label"),
                  .column_label = j.at("column_label"),
                  .names = j.at("names")};
    for (const auto& row : j.at("values"))
      matrix.values.push_back(numbers_of(row));
    return matrix;
  }
  if (kind == "table")
    return Table{.title = j.at("title"),
                 .columns = j.at("columns"),
                 .rows = j.at("rows")};
  if (kind == "heading")
    return Heading{.title = j.at("title"),
                   .id = j.at("id"),
                   .body = j.at("body"),
                   .level = j.at("level")};
  if (kind == "statements") {
    Statements statements{.title = j.at("title")};
    for (const auto& r : j.at("rows"))
      statements.rows.push_back(
          {.statement = r.at("statement"),
           .link = r.at("link"),
           .details = r.at("details"),
           .found = r.at("found"),
           .verdict = r.at("verdict"),
           .tone = static_cast<Tone>(r.at("tone").get<int>())});
    return statements;
  }
  if (kind != "text")
    throw json::other_error::create(501, "unknown block '" + kind + "'", &j);
  return Text{.title = j.at("title"),
              .body = j.at("body"),
              .preformatted = j.at("preformatted")};
}

}  // namespace signet::report
