#pragma once

#include <string>

#include "signet/measure/basket.h"
#include "signet/measure/measurement.h"

namespace signet {

/// A measurement as tables to read: one for each group of parameters, a row an
/// estimator, the best of a column marked with a star.
std::string measurement_text(const Measurement& measurement);

/// The gradient variances at the end of a basket.
std::string basket_text(const Basket& basket);

/// The tables as cells, which the text and the page share.
struct MeasurementTable {
  std::string title;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
  std::vector<int> best;  ///< row of each column's best; -1: it has none
};
std::vector<MeasurementTable> measurement_tables(
    const Measurement& measurement);

/// What the measurement is of and what it is compared with, in lines.
std::vector<std::string> measurement_notes(const Measurement& measurement);

/// What each estimator's verdict is worth, a sentence each: "reinforce: a bias
/// of 2 % would have been seen".
std::vector<std::string> power_sentences(const Measurement& measurement);

/// "0.00312", "3.1e-05": three digits.
std::string short_number(double value);

}  // namespace signet
