#include "signet/report/html.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <stdexcept>

#include "signet/base/number.h"
#include "signet/report/assets.h"

namespace signet::report {
namespace {

using nlohmann::json;

// A cell as dark as this has light text on it.
constexpr double kDarkCell = 0.72;

void check(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error("render_html: " + what);
}

std::string escape(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

// <tag attributes>text</tag>; nothing for an empty text.
std::string element(const std::string& tag, const std::string& attributes,
                    const std::string& text) {
  if (text.empty()) return "";
  return "<" + tag + (attributes.empty() ? "" : " " + attributes) + ">" +
         escape(text) + "</" + tag + ">\n";
}

std::string number(double value) {
  const bool whole = std::trunc(value) == value && std::abs(value) < 1e15;
  return whole ? fixed_text(value, 0) : general_text(value, 3);
}

// The points that can be drawn: [x, y] or, with a band, [x, y, low, high]. A
// gap stays as a null; JSON has no NaN.
json points(const LineChart& chart, const Series& series) {
  check(series.x.size() == series.y.size(),
        "series \"" + series.label + "\" must have one y an x, but got " +
            std::to_string(series.x.size()) + " and " +
            std::to_string(series.y.size()));
  const auto drawable = [](double value, bool log) {
    return std::isfinite(value) && (!log || value > 0);
  };
  const bool band = !series.low.empty();
  if (band) {
    check(series.low.size() == series.x.size() &&
              series.high.size() == series.x.size(),
          "the band of series \"" + series.label + "\" must have " +
              std::to_string(series.x.size()) + " values below and above");
  }
  json result = json::array();
  const auto value = [&](double y) {
    return drawable(y, chart.log_y) ? json(y) : json();
  };
  for (size_t i = 0; i < series.x.size(); ++i) {
    if (!drawable(series.x[i], chart.log_x)) continue;
    json point = {series.x[i], value(series.y[i])};
    if (band) {
      // On a logarithmic axis a band that reaches 0 ends at its line.
      const json low = value(series.low[i]);
      point.push_back(low.is_null() ? point[1] : low);
      point.push_back(value(series.high[i]));
    }
    result.push_back(std::move(point));
  }
  return result;
}

// Draws the blocks one after the other; collects what page.js needs.
struct Renderer {
  std::string html;
  std::string contents;  // links to the parts
  json charts = json::array();

  void begin(const std::string& kind, const std::string& title) {
    html += "<section class=\"" + kind + "\">\n" + element("h2", "", title);
  }
  void end() { html += "</section>\n"; }

  void operator()(const LineChart& chart) {
    json series = json::array();
    std::string summary = chart.title + ":";
    bool any = false;
    for (const Series& one : chart.series) {
      const json data = points(chart, one);
      any = any || !data.empty();
      summary += " " + one.label;
      if (!data.empty() && data.back()[1].is_number()) {
        summary += " ends at " + number(data.back()[1]);
      }
      summary += ";";
      series.push_back({{"label", one.label},
                        {"dashed", one.dashed},
                        {"line", one.line},
                        {"of", one.of},
                        {"points", data}});
    }
    begin("chart", chart.title);
    html += element("p", "class=\"note\"", chart.note);
    if (any) {
      html += "<div class=\"plot\"><canvas id=\"chart-" +
              std::to_string(charts.size()) + "\" role=\"img\" aria-label=\"" +
              escape(summary) +
              "\"></canvas></div>\n<button type=\"button\" class=\"svg\" "
              "data-chart=\"" +
              std::to_string(charts.size()) + "\">Download SVG</button>\n";
      charts.push_back({{"title", chart.title},
                        {"x_label", chart.x_label},
                        {"y_label", chart.y_label},
                        {"log_x", chart.log_x},
                        {"log_y", chart.log_y},
                        {"series", series}});
    } else {
      html += element("p", "class=\"empty\"", "No points yet.");
    }
    end();
  }

  // Colour tells the share of the row, by its square root so that rare
  // confusions show; hits and confusions differ in hue.
  void operator()(const Matrix& matrix) {
    const size_t n = matrix.names.size();
    check(matrix.values.size() == n, "matrix \"" + matrix.title +
                                         "\" must have " + std::to_string(n) +
                                         " rows as it has names, but got " +
                                         std::to_string(matrix.values.size()));
    begin("matrix", matrix.title);
    const std::string columns = std::to_string(n);
    html += "<div class=\"scroll\"><table style=\"--classes:" + columns +
            "\">\n<thead><tr><th></th><th class=\"axis\" colspan=\"" + columns +
            "\">" + escape(matrix.column_label) + "</th><th></th></tr>\n<tr>" +
            "<th class=\"axis\">" + escape(matrix.row_label) + "</th>";
    for (const std::string& name : matrix.names) {
      html += "<th scope=\"col\"><span>" + escape(name) + "</span></th>";
    }
    html += "<th class=\"recall\"><span>recall</span></th></tr></thead>\n";
    for (size_t i = 0; i < n; ++i) matrix_row(matrix, i);
    html += "</table></div>\n";
    end();
  }

  void matrix_row(const Matrix& matrix, size_t i) {
    const std::vector<double>& row = matrix.values[i];
    check(row.size() == matrix.names.size() &&
              std::all_of(row.begin(), row.end(),
                          [](double v) { return std::isfinite(v) && v >= 0; }),
          "matrix \"" + matrix.title + "\" must have rows of " +
              std::to_string(matrix.names.size()) +
              " values >= 0, but got another row " + std::to_string(i));
    const double sum = std::accumulate(row.begin(), row.end(), 0.0);
    const double scale = sum > 0 ? 1 / sum : 0;
    html += "<tr><th scope=\"row\">" + escape(matrix.names[i]) + "</th>";
    for (size_t j = 0; j < row.size(); ++j) {
      const double shade = std::sqrt(row[j] * scale);
      html += "<td class=\"" + std::string(i == j ? "hit" : "miss") +
              (shade > kDarkCell ? " dark" : "") +
              (row[j] == 0 ? " zero" : "") +
              "\" style=\"--shade:" + fixed_text(shade, 3) + "\" title=\"" +
              escape(matrix.names[i] + " called " + matrix.names[j] + ": " +
                     number(row[j]) + " (" +
                     fixed_text(100 * row[j] * scale, 1) + " %)") +
              "\">" + number(row[j]) + "</td>";
    }
    html += "<td class=\"recall\">" +
            (sum > 0 ? fixed_text(100 * row[i] * scale, 1) + " %" : "") +
            "</td></tr>\n";
  }

  void operator()(const Table& table) {
    begin("table", table.title);
    html += "<div class=\"scroll\"><table>\n<thead><tr>";
    std::vector<std::string> kind;
    for (size_t j = 0; j < table.columns.size(); ++j) {
      kind.push_back(is_numeric(table, j) ? " class=\"number\"" : "");
      html += "<th scope=\"col\"" + kind[j] + ">" + escape(table.columns[j]) +
              "</th>";
    }
    html += "</tr></thead>\n";
    for (const auto& row : table.rows) {
      check(row.size() == table.columns.size(),
            "table \"" + table.title + "\" must have rows of " +
                std::to_string(table.columns.size()) + " cells, but got " +
                std::to_string(row.size()));
      html += "<tr>";
      for (size_t j = 0; j < row.size(); ++j) {
        html += "<td" + kind[j] + ">" + escape(row[j]) + "</td>";
      }
      html += "</tr>\n";
    }
    html += "</table></div>\n";
    end();
  }

  // Whether every cell begins like a number (or is empty or a dash): numbers
  // are set flush right.
  static bool is_numeric(const Table& table, size_t column) {
    bool any = false;
    for (const auto& row : table.rows) {
      if (column >= row.size() || row[column].empty() || row[column] == "-") {
        continue;
      }
      const size_t at = row[column].find_first_not_of("+-. ");
      if (at == std::string::npos || row[column][at] < '0' ||
          row[column][at] > '9') {
        return false;
      }
      any = true;
    }
    return any;
  }

  void operator()(const Text& text) {
    begin("text", text.title);
    html += element(text.preformatted ? "pre" : "p", "", text.body);
    end();
  }

  void operator()(const Heading& heading) {
    check(is_id(heading.id),
          "a heading's id must be of letters, digits and hyphens, but got \"" +
              heading.id + "\"");
    const std::string tag = heading.level == 1 ? "h2" : "h3";
    html += "<div class=\"heading " + tag + "\" id=\"" + heading.id + "\">\n" +
            element(tag, "", heading.title) + element("p", "", heading.body) +
            "</div>\n";
    if (heading.level == 1) {
      contents +=
          "<a href=\"#" + heading.id + "\">" + escape(heading.title) + "</a>\n";
    }
  }

  void operator()(const Statements& statements) {
    begin("statements", statements.title);
    for (const auto& row : statements.rows) {
      check(row.link.empty() || is_id(row.link),
            "a statement's link must be the id of a heading, but got \"" +
                row.link + "\"");
      html += "<div class=\"statement\">\n<div>";
      html += row.link.empty() ? element("p", "", row.statement)
                               : "<p><a href=\"#" + row.link + "\">" +
                                     escape(row.statement) + "</a></p>\n";
      html +=
          element("p", "class=\"note\"", row.details) + "</div>\n" +
          element("p", "class=\"found\"", row.found) +
          element("p", std::string("class=\"verdict ") + name(row.tone) + "\"",
                  row.verdict) +
          "</div>\n";
    }
    end();
  }

  static bool is_id(const std::string& text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) {
             return std::isalnum(c) || c == '-';
           });
  }

  static const char* name(Tone tone) {
    switch (tone) {
      case Tone::good:
        return "good";
      case Tone::bad:
        return "bad";
      case Tone::unsure:
        return "unsure";
      case Tone::absent:
        return "absent";
    }
    return "";
  }
};

// JSON that is safe within a script element: ASCII, and no "<".
std::string script_json(const json& value) {
  std::string result;
  for (const char c :
       value.dump(-1, ' ', true, json::error_handler_t::replace)) {
    if (c == '<') {
      result += "\\u003c";
    } else {
      result += c;
    }
  }
  return result;
}

std::string script(const std::string& attributes, std::string_view code) {
  return "<script" + attributes + ">" + std::string(code) + "</script>\n";
}

}  // namespace

std::string render_html(const Page& page) {
  Renderer body;
  for (const Block& block : page.blocks) std::visit(body, block);

  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
      "'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light "
      "dark\">\n";
  html += element("title", "", page.title);
  html += "<style>\n" + std::string(kPageCss) + "</style>\n";
  html += "</head>\n<body>\n<header>\n";
  html += element("h1", "", page.title);
  html += element("p", "", page.subtitle);
  html += "</header>\n";
  if (!page.figures.empty()) {
    html += "<dl class=\"figures\">\n";
    for (const Figure& figure : page.figures) {
      html += "<div>" + element("dt", "", figure.label) +
              element("dd", "class=\"value\"", figure.value) +
              element("dd", "class=\"note\"", figure.note) + "</div>\n";
    }
    html += "</dl>\n";
  }
  if (!body.contents.empty())
    html += "<nav aria-label=\"Contents\">\n" + body.contents + "</nav>\n";
  html += "<main>\n" + body.html + "</main>\n";
  html += element("footer", "", page.footer);
  if (!body.charts.empty()) {
    html += script("", kChartJs);
    html += script(" type=\"application/json\" id=\"charts\"",
                   script_json(body.charts));
    html += script("", kSvgContextJs);
    html += script("", kPageJs);
  }
  return html + "</body>\n</html>\n";
}

}  // namespace signet::report
