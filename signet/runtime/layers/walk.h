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

/// Calls call(rows, groups, in, out) until all windows are done: `rows` is one
/// of columns, lines and images, or several that lie evenly one behind the
/// other, and so is `groups`, unless it has to be of one; in and out are the
/// offsets of the first window.
template <class Call>
void walk(const Axis& columns, const Axis& lines, const Axis& images,
          bool takes_groups, const Call& call) {
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
  const Axis one{1, 0, 0};
  for (std::int64_t i = 0; i < axes[2].count; ++i) {
    if (takes_groups) {
      call(axes[0], axes[1], i * axes[2].in, i * axes[2].out);
      continue;
    }
    for (std::int64_t j = 0; j < axes[1].count; ++j) {
      call(axes[0], one, i * axes[2].in + j * axes[1].in,
           i * axes[2].out + j * axes[1].out);
    }
  }
}

}  // namespace signet::runtime
