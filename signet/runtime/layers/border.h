// What zero padding changes: signs have no bit for it, so the kernels take it
// for -1 and the sums at the border are put right.
#pragma once

#include <cstdint>
#include <vector>

#include "signet/runtime/layers/patches.h"

namespace signet::runtime {

/// Patches that miss the same part of the window are one case.
struct BorderCases {
  std::vector<std::int32_t> of_row;     ///< [out.height]
  std::vector<std::int32_t> of_column;  ///< [out.width]
  std::int32_t rows = 1;                ///< cases of rows
  std::int32_t columns = 1;             ///< cases of columns

  std::int32_t count() const { return rows * columns; }
  std::int32_t at(std::int64_t row, std::int64_t column) const {
    return of_row[row] * columns + of_column[column];
  }
  /// [count(), outputs]: the sum of the weights outside the image, which is
  /// what a sum over -1 in their place lacks.
  std::vector<std::int32_t> missing;
};

/// Cases that a convolution has: what count() will be.
std::int64_t count_border_cases(const BinaryConv& layer);

/// Cost: outputs x (window + cases), once a model.
BorderCases find_border_cases(const BinaryConv& layer);

/// One case, which misses nothing.
BorderCases no_border_cases(const BinaryConv& layer);

}  // namespace signet::runtime
