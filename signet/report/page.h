#pragma once

#include <string>
#include <variant>
#include <vector>

namespace signet::report {

/// A page as plain values: what it says, not how it looks. All text is shown as
/// it is, so a run named "<script>" is harmless.

struct Series {
  std::string label = "";
  std::vector<double> x = {};
  std::vector<double> y = {};  ///< as many as x; NaN leaves a gap
  /// A band around it, such as mean +- standard error: as many as x, or none.
  std::vector<double> low = {}, high = {};
  bool dashed = false;
  bool line = true;  ///< false: markers alone
  /// Label of the series that this one belongs to, as a floor or a fit: drawn
  /// in its colour, without a marker and without a place in the legend.
  std::string of = "";
};

struct LineChart {
  std::string title = "";
  std::string x_label = "";
  std::string y_label = "";
  std::vector<Series> series = {};
  bool log_x = false;  ///< a logarithmic axis leaves out what is not positive
  bool log_y = false;
  std::string note = "";  ///< what is seen, under the title
};

/// A confusion matrix: how many examples of class `row` were called `column`.
struct Matrix {
  std::string title = "";
  std::string row_label = "true class";
  std::string column_label = "predicted class";
  std::vector<std::string> names = {};           ///< of the classes
  std::vector<std::vector<double>> values = {};  ///< [row][column], >= 0
};

struct Table {
  std::string title = "";
  std::vector<std::string> columns = {};
  std::vector<std::vector<std::string>> rows = {};  ///< each as long as columns
};

struct Text {
  std::string title = "";
  std::string body = "";
  bool preformatted = false;  ///< keep lines and spaces: a recipe, a log
};

/// Begins a part of the page. Headings of level 1 are listed at its top.
struct Heading {
  std::string title = "";
  std::string id = "";  ///< that links lead to: letters, digits, hyphens
  std::string body = "";
  int level = 1;  ///< 1 or 2
};

enum class Tone { good, bad, unsure, absent };

/// Statements that were put to the test.
struct Statements {
  struct Row {
    std::string statement = "";
    std::string link = "";     ///< the id of a Heading, or empty
    std::string details = "";  ///< small print under the statement
    std::string found = "";    ///< the measured number
    std::string verdict = "";
    Tone tone = Tone::unsure;  ///< of the verdict
  };
  std::string title = "";
  std::vector<Row> rows = {};
};

using Block = std::variant<LineChart, Matrix, Table, Text, Heading, Statements>;

/// A number worth a large print: {"Test accuracy", "89.5 %", "3 seeds, +-
/// 0.1"}.
struct Figure {
  std::string label = "";
  std::string value = "";
  std::string note = "";
};

struct Page {
  std::string title = "";
  std::string subtitle = "";
  std::vector<Figure> figures = {};
  std::vector<Block> blocks = {};
  std::string footer = "";
};

}  // namespace signet::report
