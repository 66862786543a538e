#pragma once

#include <cstdint>

#include "signet/core/kernels/level.h"

// Products of many rows with a small matrix, written once for all levels as
// units.h is; `F` is a vector of floats, or one float. Every sum has a lane of
// its own and runs in the order of its index, so all levels round alike.

namespace signet::kernels {
namespace {

template <class F>
struct Linear {
  static constexpr int64_t kLanes = sizeof(F) / sizeof(float);

  [[gnu::always_inline]] static F load(const float* from) {
    F v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
  }
  /// The first `count` lanes, the others 0.
  [[gnu::always_inline]] static F load(const float* from, int64_t count) {
    F v{};
    __builtin_memcpy(&v, from, count * sizeof(float));
    return v;
  }
  [[gnu::always_inline]] static void store(float* to, const F& v,
                                           int64_t count = kLanes) {
    __builtin_memcpy(to, &v, count * sizeof(float));
  }

  /// Calls body(first) for the first column of each vector of a row. The last
  /// one reaches back over columns of the one before it; where a row is
  /// shorter than a vector, into the rows after it.
  template <class Body>
  [[gnu::always_inline]] static void for_each_vector(int64_t columns,
                                                     const Body& body) {
    int64_t first = 0;
    for (; first + kLanes <= columns; first += kLanes) body(first);
    if (first < columns) body(columns < kLanes ? 0 : columns - kLanes);
  }

  /// How many of the rows a whole vector stays within.
  [[gnu::always_inline]] static int64_t whole_rows(int64_t rows,
                                                   int64_t columns) {
    const int64_t spare =
        columns < kLanes ? (kLanes - columns + columns - 1) / columns : 0;
    return rows > spare ? rows - spare : 0;
  }

  /// Columns [j, j + kLanes) of some rows of the product. kInputs: how many
  /// inputs there are, so that their weights stay in registers; 0: any number,
  /// and weights are loaded once for four rows.
  template <int kInputs>
  [[gnu::always_inline]] static void product_columns(
      int64_t rows, const SmallMatrix& m, const float* weights, const F& offset,
      const float* __restrict x, float* __restrict y) {
    if constexpr (kInputs > 0) {
      F weight[kInputs];
#pragma GCC unroll 8
      for (int k = 0; k < kInputs; ++k)
        weight[k] = load(weights + k * kMaxSide);
      for (int64_t b = 0; b < rows; ++b, x += kInputs, y += m.outputs) {
        F sum = offset;
#pragma GCC unroll 8
        for (int k = 0; k < kInputs; ++k) sum += weight[k] * x[k];
        store(y, sum);
      }
    } else {
      int64_t b = 0;
      for (; b + 4 <= rows; b += 4, x += 4 * m.inputs, y += 4 * m.outputs) {
        F sum[4] = {offset, offset, offset, offset};
        for (int64_t k = 0; k < m.inputs; ++k) {
          const F weight = load(weights + k * kMaxSide);
#pragma GCC unroll 4
          for (int r = 0; r < 4; ++r) sum[r] += weight * x[r * m.inputs + k];
        }
#pragma GCC unroll 4
        for (int r = 0; r < 4; ++r) store(y + r * m.outputs, sum[r]);
      }
      for (; b < rows; ++b, x += m.inputs, y += m.outputs) {
        F sum = offset;
        for (int64_t k = 0; k < m.inputs; ++k)
          sum += load(weights + k * kMaxSide) * x[k];
        store(y, sum);
      }
    }
  }

  template <int kInputs>
  static void product_of(int64_t rows, const SmallMatrix& m,
                         const float* weights, const float* offset,
                         const float* x, float* y) {
    // A short row's store runs into the rows after it, which follow; the last
    // ones go by a buffer.
    const int64_t whole = whole_rows(rows, m.outputs);
    for_each_vector(m.outputs, [&](int64_t j) {
      const float* columns = weights + j;
      product_columns<kInputs>(whole, m, columns, load(offset + j), x, y + j);
      for (int64_t b = whole; b < rows; ++b) {
        float row[kLanes];
        product_columns<kInputs>(1, m, columns, load(offset + j),
                                 x + b * m.inputs, row);
        __builtin_memcpy(y + b * m.outputs, row, m.outputs * sizeof(float));
      }
    });
  }

  static void product(int64_t rows, const SmallMatrix& m, const float* bias,
                      const float* x, float* y) {
    alignas(64) float weights[kMaxSide * kMaxSide], offset[kMaxSide];
    for (int64_t j = 0; j < m.outputs || j < kLanes; ++j) {
      const bool real = j < m.outputs;
      offset[j] = bias && real ? bias[j] : 0;
      for (int64_t k = 0; k < m.inputs; ++k) {
        weights[k * kMaxSide + j] =
            real ? m.values[k * m.input_stride + j * m.output_stride] : 0;
      }
    }
    constexpr decltype(&product_of<0>) kFew[] = {
        product_of<0>, product_of<1>, product_of<2>,
        product_of<3>, product_of<4>, product_of<5>,
        product_of<6>, product_of<7>, product_of<8>};
    const auto run = kFew[m.inputs <= 8 ? m.inputs : 0];
    run(rows, m, weights, offset, x, y);
  }

  static void scale(int64_t rows, int64_t columns, const float* factors,
                    const float* x, float* out) {
    const int64_t whole = whole_rows(rows, columns);
    for_each_vector(columns, [&](int64_t j) {
      const float* __restrict from = x + j;
      float* __restrict to = out + j;
      for (int64_t b = 0; b < whole; ++b, from += columns, to += columns)
        store(to, load(from) * factors[b]);
      for (int64_t b = whole; b < rows; ++b, from += columns, to += columns)
        store(to, load(from, columns) * factors[b], columns);
    });
  }

  /// Rows [0, kOutputs) of `out`, from column `i` on. Two parts a sum, the
  /// even rows and the odd ones, so that additions overlap.
  template <int kOutputs>
  [[gnu::always_inline]] static void outer_columns(int64_t segments,
                                                   int64_t rows, const Rows& g,
                                                   const float* g_values,
                                                   const Rows& x, int64_t i,
                                                   float* out) {
    const int64_t whole = whole_rows(rows, x.columns);
    F sum[2][kOutputs] = {};
    const auto add = [&](F(&part)[kOutputs], const float* g_row,
                         const F& x_row) {
#pragma GCC unroll 6
      for (int o = 0; o < kOutputs; ++o) part[o] += x_row * g_row[o];
    };
    for (int64_t s = 0; s < segments; ++s) {
      const float* g_row = g_values + s * g.segment_stride;
      const float* x_row = x.values + s * x.segment_stride + i;
      int64_t b = 0;
      for (; b + 2 <= whole; b += 2) {
        add(sum[0], g_row, load(x_row));
        add(sum[1], g_row + g.columns, load(x_row + x.columns));
        g_row += 2 * g.columns;
        x_row += 2 * x.columns;
      }
      for (; b < rows; ++b, g_row += g.columns, x_row += x.columns) {
        const F last = b < whole ? load(x_row) : load(x_row, x.columns);
        if (b % 2 == 0) {
          add(sum[0], g_row, last);
        } else {
          add(sum[1], g_row, last);
        }
      }
    }
    const int64_t stored = x.columns < kLanes ? x.columns : kLanes;
    for (int o = 0; o < kOutputs; ++o) {
      store(out + o * x.columns + i, sum[0][o] + sum[1][o], stored);
    }
  }

  template <int kOutputs>
  static void outer_rows(int64_t segments, int64_t rows, const Rows& g,
                         const float* g_values, const Rows& x, float* out) {
    for_each_vector(x.columns, [&](int64_t i) {
      outer_columns<kOutputs>(segments, rows, g, g_values, x, i, out);
    });
  }

  static void outer(int64_t segments, int64_t rows, const Rows& g,
                    const Rows& x, float* out) {
    constexpr int kBlock =
        6;  // 12 sums: what AVX2's 16 registers have room for
    constexpr decltype(&outer_rows<1>) kLast[] = {nullptr,       outer_rows<1>,
                                                  outer_rows<2>, outer_rows<3>,
                                                  outer_rows<4>, outer_rows<5>};
    int64_t o = 0;
    for (; o + kBlock <= g.columns; o += kBlock) {
      outer_rows<kBlock>(segments, rows, g, g.values + o, x,
                         out + o * x.columns);
    }
    if (o < g.columns) {
      kLast[g.columns - o](segments, rows, g, g.values + o, x,
                           out + o * x.columns);
    }
  }
};

}  // namespace
}  // namespace signet::kernels
