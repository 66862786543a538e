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
  bool dashed = false;
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

using Block = std::variant<LineChart, Matrix, Table, Text>;

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
