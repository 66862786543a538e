// Walks over the windows of a convolution in as few, and as full, rows of calls
// as it can.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

namespace signet::runtime {

/// Evenly spaced windows.
struct Axis {
  std::int64_t count;
  std::int64_t in;   ///< bytes from window to window of the input
  std::int64_t out;  ///< places from one to the next of the output
};

/// Whether rows along `a` cost less each than along `b`: kernels take four at
/// once, and a call costs about as much as a row.
inline bool is_better(const Axis& a, const Axis& b) {
  const auto cost = [](const Axis& axis) {
    return (axis.count + 3) / 4 * 4 + 1;
  };
  return cost(a) * b.count < cost(b) * a.count;
}

/// Calls row(axis, in, out) until all windows are done: `axis` is one of
/// columns, lines and images, or several that lie evenly one behind the other;
/// in and out are the offsets of its first window.
template <class Row>
void walk(const Axis& columns, const Axis& lines, const Axis& images,
          const Row& row) {
  Axis axes[3] = {{1, 0, 0}, {1, 0, 0}, {1, 0, 0}};
  int n = 0;
  for (const Axis& axis : {columns, lines, images}) {
    if (axis.count == 1) continue;
    const Axis& last = axes[std::max(0, n - 1)];
    if (n != 0 && last.count * last.in == axis.in &&
        last.count * last.out == axis.out) {
      axes[n - 1].count *= axis.count;
    } else {
      axes[n++] = axis;
    }
  }
  for (int i = 1; i < n; ++i) {
    if (is_better(axes[i], axes[0])) std::swap(axes[i], axes[0]);
  }
  for (std::int64_t i = 0; i < axes[2].count; ++i) {
    for (std::int64_t j = 0; j < axes[1].count; ++j) {
      row(axes[0], i * axes[2].in + j * axes[1].in,
          i * axes[2].out + j * axes[1].out);
    }
  }
}

}  // namespace signet::runtime
