#include "signet/runtime/layers/border.h"

#include <algorithm>
#include <bit>

#include "signet/runtime/packing.h"

namespace signet::runtime {
namespace {

/// Rows or columns of a window that lie inside the image.
struct Range {
  std::int64_t first, end;
  bool operator==(const Range&) const = default;
};

/// Calls each(Range) for the places along an axis.
template <class Each>
void for_each_range(std::int64_t in, std::int64_t out, std::int64_t size,
                    const Window& window, const Each& each) {
  for (std::int64_t place = 0; place < out; ++place) {
    const std::int64_t start = place * window.stride - window.pad;
    each(Range{std::max<std::int64_t>(0, -start), std::min(size, in - start)});
  }
}

/// The ranges at the places along an axis, each once, and which one is at each
/// place. They move one way only, so equal ones are neighbours.
std::vector<Range> find_ranges(std::int64_t in, std::int64_t out,
                               std::int64_t size, const Window& window,
                               std::vector<std::int32_t>& of_place) {
  std::vector<Range> ranges;
  of_place.reserve(out);
  for_each_range(in, out, size, window, [&](const Range& range) {
    if (ranges.empty() || ranges.back() != range) ranges.push_back(range);
    of_place.push_back(static_cast<std::int32_t>(ranges.size()) - 1);
  });
  return ranges;
}

/// How many find_ranges() finds.
std::int64_t count_ranges(std::int64_t in, std::int64_t out, std::int64_t size,
                          const Window& window) {
  std::int64_t count = 0;
  Range last{-1, -1};
  for_each_range(in, out, size, window, [&](const Range& range) {
    count += range != last;
    last = range;
  });
  return count;
}

/// The sum of n weights of a row, from bit `first` on.
std::int32_t sum_of_weights(const std::uint64_t* row, std::int64_t first,
                            std::int64_t n) {
  std::int64_t ones = 0;
  for (std::int64_t k = first; k < first + n;) {
    const std::int64_t part = std::min(64 - k % 64, first + n - k);
    ones += std::popcount(row[k / 64] >> (k % 64) << (64 - part));
    k += part;
  }
  return static_cast<std::int32_t>(2 * ones - n);
}

/// Sums over the rectangles of a window that start at its corner:
/// [window.height + 1, window.width + 1].
std::vector<std::int32_t> corner_sums(const BinaryConv& layer,
                                      std::int64_t output) {
  const auto& [height, width, stride, pad] = layer.window;
  const std::uint64_t* row =
      layer.weights.data() + output * words_for(layer.patch());
  std::vector<std::int32_t> sums((height + 1) * (width + 1));
  for (std::int64_t y = 0; y < height; ++y) {
    std::int32_t of_row = 0;
    for (std::int64_t x = 0; x < width; ++x) {
      of_row += sum_of_weights(row, (y * width + x) * layer.in.channels,
                               layer.in.channels);
      sums[(y + 1) * (width + 1) + x + 1] =
          sums[y * (width + 1) + x + 1] + of_row;
    }
  }
  return sums;
}

}  // namespace

std::int64_t count_border_cases(const BinaryConv& layer) {
  const MapShape out = output_shape(layer);
  const Window& window = layer.window;
  return count_ranges(layer.in.height, out.height, window.height, window) *
         count_ranges(layer.in.width, out.width, window.width, window);
}

BorderCases find_border_cases(const BinaryConv& layer) {
  const MapShape out = output_shape(layer);
  const Window& window = layer.window;
  BorderCases cases;
  const auto rows = find_ranges(layer.in.height, out.height, window.height,
                                window, cases.of_row);
  const auto columns = find_ranges(layer.in.width, out.width, window.width,
                                   window, cases.of_column);
  cases.rows = static_cast<std::int32_t>(rows.size());
  cases.columns = static_cast<std::int32_t>(columns.size());
  cases.missing.resize(rows.size() * columns.size() * layer.outputs);
  for (std::int64_t j = 0; j < layer.outputs; ++j) {
    const auto sums = corner_sums(layer, j);
    const auto corner = [&](std::int64_t y, std::int64_t x) {
      return sums[y * (window.width + 1) + x];
    };
    std::int32_t* missing = cases.missing.data() + j;
    for (const auto& [top, bottom] : rows) {
      for (const auto& [left, right] : columns) {
        const std::int32_t inside = corner(bottom, right) - corner(top, right) -
                                    corner(bottom, left) + corner(top, left);
        *missing = sums.back() - inside;
        missing += layer.outputs;
      }
    }
  }
  return cases;
}

BorderCases no_border_cases(const BinaryConv& layer) {
  const MapShape out = output_shape(layer);
  return {.of_row = std::vector<std::int32_t>(out.height),
          .of_column = std::vector<std::int32_t>(out.width),
          .missing = std::vector<std::int32_t>(layer.outputs)};
}

}  // namespace signet::runtime
