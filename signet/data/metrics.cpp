#include "signet/data/metrics.h"

#include "signet/data/bad_file.h"

namespace signet {

void check_epochs(const CsvTable& metrics) {
  const size_t column = metrics.column("epoch");
  for (size_t row = 0; row < metrics.rows.size(); ++row) {
    const auto expected = std::to_string(row + 1);
    const auto& found = metrics.rows[row][column];
    if (found == expected) continue;
    bad_file(metrics.path,
             "row " + expected + " must be of epoch " + expected +
                 ", but got epoch \"" + found.substr(0, 20) +
                 "\": a row is lost, doubled or moved; put the file back");
  }
}

}  // namespace signet
