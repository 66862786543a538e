#pragma once

#include "signet/core/kernels/level.h"
#include "signet/core/kernels/units.h"

// The kernels of normalised channels, written once for all levels as units.h
// is. Every sum over rows has a lane of its own and runs in the order of the
// rows, in blocks of fixed length, so all levels round alike.

namespace signet::kernels {
namespace {

template <class Lanes, class Number>
struct Channels {
  using F = typename Lanes::F;
  using U = typename Lanes::U;
  static constexpr int64_t kLanes = Lanes::kLanes;

  /// Calls body(first element, its channel) for each of some groups.
  template <class Body>
  [[gnu::always_inline]] static void for_each_group(int64_t first_group,
                                                    int64_t groups,
                                                    int64_t channels,
                                                    const Body& body) {
    int64_t channel = first_group * kGroup % channels;
    const int64_t step = kGroup % channels;
    for (int64_t g = 0; g < groups; ++g) {
      body(g * kGroup, channel);
      channel += step;
      if (channel >= channels) channel -= channels;
    }
  }

  /// Calls body(first element, its channel) for the vectors of some groups.
  template <class Body>
  [[gnu::always_inline]] static void for_each_vector(int64_t first_group,
                                                     int64_t groups,
                                                     int64_t channels,
                                                     const Body& body) {
    for_each_group(first_group, groups, channels, [&](int64_t i, int64_t c) {
#pragma GCC unroll 4
      for (int64_t v = 0; v < kGroup; v += kLanes) body(i + v, c + v);
    });
  }

  [[gnu::always_inline]] static F centred(const ChannelMap& map, int64_t c,
                                          const Number* x) {
    return load_floats<Lanes>(x) - load<F>(map.mean + c);
  }
  [[gnu::always_inline]] static F logits(const ChannelMap& map, int64_t c,
                                         F centred) {
    return Lanes::multiply_add(centred, load<F>(map.scale + c),
                               load<F>(map.bias + c));
  }

  template <class Family>
  static void draw_family(const Address& address, int64_t first_group,
                          int64_t count, const ChannelMap& map, const Number* x,
                          float low, float high, Number* out) {
    const typename Lanes::Stream stream(address);
    const F if_below = all<F>(high), if_not = all<F>(low);
    with_tail(first_group, count, x, out,
              [&](int64_t group, int64_t groups, const Number* x, Number* out) {
                const auto draw = [&](int64_t i, int64_t c) {
                  constexpr int kVectors = 16 / kLanes;
                  U words[4][kVectors];
                  stream.words(group + i / kGroup, words);
#pragma GCC unroll 4
                  for (int w = 0; w < 4; ++w) {
#pragma GCC unroll 16
                    for (int v = 0; v < kVectors; ++v) {
                      const int64_t at = w * 16 + v * kLanes;
                      const F a =
                          logits(map, c + at, centred(map, c + at, x + i + at));
                      const auto below = Family::under(
                          to_uniform<Lanes>(words[w][v]), Family::limit(a));
                      store_exact<Lanes>(out + i + at,
                                         below ? if_below : if_not);
                    }
                  }
                };
                for_each_group(group, groups, map.channels, draw);
              });
  }

  static void draw(ThresholdKernel kernel, const Address& address,
                   int64_t first_group, int64_t count, const ChannelMap& map,
                   const Number* x, float low, float high, Number* out) {
    with_family<Lanes>(kernel, [&](auto family) {
      draw_family<decltype(family)>(address, first_group, count, map, x, low,
                                    high, out);
    });
  }

  static void step(int64_t first_group, int64_t count, const ChannelMap& map,
                   const Number* x, float low, float high, Number* out) {
    const F if_high = all<F>(high), if_low = all<F>(low);
    with_tail(first_group, count, x, out,
              [&](int64_t group, int64_t groups, const Number* x, Number* out) {
                const auto step = [&](int64_t i, int64_t c) {
                  const F a = logits(map, c, centred(map, c, x + i));
                  store_exact<Lanes>(out + i, a >= 0.f ? if_high : if_low);
                };
                for_each_vector(group, groups, map.channels, step);
              });
  }

  static void normalize(int64_t first_group, int64_t count,
                        const ChannelMap& map, const Number* x, float* out) {
    with_tail(first_group, count, x, out,
              [&](int64_t group, int64_t groups, const Number* x, float* out) {
                const auto write = [&](int64_t i, int64_t c) {
                  store(out + i, logits(map, c, centred(map, c, x + i)));
                };
                for_each_vector(group, groups, map.channels, write);
              });
  }

  /// Rows that are added in float before the sums go on in double.
  static constexpr int64_t kBlock = 32;
  static constexpr int64_t kVectorsOfTile = 4;

  /// Adds the first `width` columns of some rows. The last row is read through
  /// buffers, since vectors reach behind its end. Where column j belongs:
  /// channel + j, less `channels` as often as it can be.
  template <int kVectors, class Add>
  static void add_tile(int64_t rows, int64_t stride, int64_t width, bool last,
                       int64_t channel, int64_t channels, const Number* x,
                       const Number* grad, const Add& add, double* sums) {
    constexpr int64_t kWidth = kVectors * kLanes;
    F sum[2][kVectors] = {};
    const auto add_row = [&](const Number* x, const Number* grad) {
#pragma GCC unroll 4
      for (int64_t v = 0; v < kVectors; ++v) {
        add(channel + v * kLanes, x + v * kLanes, grad + v * kLanes, sum[0][v],
            sum[1][v]);
      }
    };
    const bool buffered = last && width < kWidth;
    const int64_t direct = buffered ? rows - 1 : rows;
    for (int64_t r = 0; r < direct; ++r) {
      add_row(x + r * stride, grad + r * stride);
    }
    if (buffered) {
      Number row[2][kWidth] = {};
      __builtin_memcpy(row[0], x + direct * stride, width * sizeof(Number));
      __builtin_memcpy(row[1], grad + direct * stride, width * sizeof(Number));
      add_row(row[0], row[1]);
    }
    float columns[2][kWidth];
    __builtin_memcpy(columns, sum, sizeof columns);
    if (channel + width <= channels) {
      for (int64_t j = 0; j < width; ++j) {
        sums[channel + j] += columns[0][j];
        sums[channels + channel + j] += columns[1][j];
      }
      return;
    }
    for (int64_t j = 0, c = channel; j < width; ++j, ++c) {
      if (c == channels) c = 0;
      sums[c] += columns[0][j];
      sums[channels + c] += columns[1][j];
    }
  }

  /// Calls add(channel, x, grad, first sum, second sum) for vectors of all
  /// rows and adds the sums of each channel to `sums`.
  template <class Add>
  static void add_rows(int64_t rows, int64_t columns, int64_t channels,
                       const Number* x, const Number* grad, const Add& add,
                       double* sums) {
    constexpr decltype(&add_tile<1, Add>) kTiles[] = {
        add_tile<1, Add>, add_tile<2, Add>, add_tile<3, Add>, add_tile<4, Add>};
    for (int64_t r = 0; r < rows; r += kBlock) {
      const int64_t block = rows - r < kBlock ? rows - r : kBlock;
      for (int64_t j = 0; j < columns; j += kVectorsOfTile * kLanes) {
        const int64_t rest = columns - j, whole = kVectorsOfTile * kLanes;
        const int64_t width = rest < whole ? rest : whole;
        kTiles[(width - 1) / kLanes](
            block, columns, width, r + block == rows, j % channels, channels,
            x + r * columns + j, grad + r * columns + j, add, sums);
      }
    }
  }

  /// As add_rows; several rows of few channels are taken as one.
  template <class Add>
  static void add_channels(int64_t rows, int64_t channels, const Number* x,
                           const Number* grad, const Add& add, double* sums) {
    const int64_t together = channels < kGroup ? kGroup / channels : 1;
    const int64_t whole = rows / together, rest = rows % together;
    add_rows(whole, together * channels, channels, x, grad, add, sums);
    if (rest == 0) return;
    const int64_t done = whole * together * channels;
    add_rows(1, rest * channels, channels, x + done, grad + done, add, sums);
  }

  static void moments(int64_t rows, int64_t channels, const float* shift,
                      const Number* x, double* sums) {
    const auto add = [=](int64_t c, const Number* x, const Number*, F& first,
                         F& second) __attribute__((always_inline)) {
      const F d = load_floats<Lanes>(x) - load<F>(shift + c);
      first += d;
      second = Lanes::multiply_add(d, d, second);
    };
    add_channels(rows, channels, x, x, add, sums);
  }

  static void gradient_sums(ThresholdKernel kernel, int64_t rows,
                            const ChannelMap& map, const Number* x,
                            float factor, const Number* grad, double* sums) {
    const auto run = [&](auto family) {
      const auto add =
          [ map, factor ](int64_t c, const Number* x, const Number* grad,
                          F& first, F& second) __attribute__((always_inline)) {
        const F d = centred(map, c, x);
        const F g = decltype(family)::density(logits(map, c, d)) * factor *
                    load_floats<Lanes>(grad);
        first += g;
        second = Lanes::multiply_add(g, d, second);
      };
      add_channels(rows, map.channels, x, grad, add, sums);
    };
    if (kernel == ThresholdKernel::probability) return run(Identity<Lanes>{});
    with_family<Lanes>(kernel, run);
  }

  template <class Family>
  static void gradient_family(int64_t first_group, int64_t count,
                              const ChannelMap& map, const Number* x,
                              float factor, const Number* grad,
                              const float* offset, const float* slope,
                              Number* out) {
    const auto write = [&](int64_t group, int64_t groups, const Number* x,
                           const Number* grad, Number* out) {
      for_each_vector(group, groups, map.channels, [&](int64_t i, int64_t c) {
        const F d = centred(map, c, x + i);
        const F g = Family::density(logits(map, c, d)) * factor *
                    load_floats<Lanes>(grad + i);
        const F rest =
            Lanes::multiply_add(d, load<F>(slope + c), load<F>(offset + c));
        store_floats<Lanes>(out + i, (g - rest) * load<F>(map.scale + c));
      });
    };
    const int64_t whole = count / kGroup, rest = count % kGroup;
    write(first_group, whole, x, grad, out);
    if (rest == 0) return;
    Number last[3][kGroup] = {};
    const int64_t done = whole * kGroup;
    __builtin_memcpy(last[0], x + done, rest * sizeof(Number));
    __builtin_memcpy(last[1], grad + done, rest * sizeof(Number));
    write(first_group + whole, 1, last[0], last[1], last[2]);
    __builtin_memcpy(out + done, last[2], rest * sizeof(Number));
  }

  static void gradient(ThresholdKernel kernel, int64_t first_group,
                       int64_t count, const ChannelMap& map, const Number* x,
                       float factor, const Number* grad, const float* offset,
                       const float* slope, Number* out) {
    const auto run = [&](auto family) {
      gradient_family<decltype(family)>(first_group, count, map, x, factor,
                                        grad, offset, slope, out);
    };
    if (kernel == ThresholdKernel::probability) return run(Identity<Lanes>{});
    with_family<Lanes>(kernel, run);
  }
};

}  // namespace
}  // namespace signet::kernels
