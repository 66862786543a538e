// The kernels of normalised logits: every level against the scalar one.

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "signet/core/kernels/level.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

/// Numbers with special ones among them.
template <class Number>
std::vector<Number> some_numbers(int64_t n, int seed) {
  const float infinity = HUGE_VALF;
  const float special[] = {0.F,       -0.F,   1.F,          -1.F,  40.F,
                           -40.F,     1e-42F, 1e9F,         3e38F, infinity,
                           -infinity, -2.F,   std::nanf("")};
  std::vector<Number> values(n);
  for (int64_t i = 0; i < n; ++i) {
    const float x = (i * 7 + seed) % 191 == 0
                        ? special[(i + seed) % std::size(special)]
                        : 0.0137F * ((i * 7919 + seed) % 1999 - 1000);
    if constexpr (sizeof(Number) == 2) {
      values[i] = static_cast<Number>(c10::BFloat16(x).x);
    } else {
      values[i] = x;
    }
  }
  return values;
}

template <class T>
bool same(std::vector<T> a, std::vector<T> b) {
  if constexpr (!std::is_same_v<T, kernels::Bfloat16>) {
    // A NaN's sign and payload are the processor's choice.
    for (auto* values : {&a, &b}) {
      for (T& v : *values) {
        if (std::isnan(v)) v = std::numeric_limits<T>::quiet_NaN();
      }
    }
  }
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

template <class Number>
void expect_equal_levels(int64_t rows, int64_t channels) {
  const auto& scalar = kernels::levels().back()->channels<Number>();
  const int64_t n = rows * channels, window = channels + kernels::kGroup - 1;
  const auto x = some_numbers<Number>(n, 1), g = some_numbers<Number>(n, 2);
  std::vector<std::vector<float>> arrays(5);
  for (int k = 0; k < 5; ++k) {
    arrays[k].resize(window);
    for (int64_t i = 0; i < window; ++i) {
      arrays[k][i] = 0.1F * ((i % channels * 31 + 17 * k) % 37) - 1.5F;
    }
  }
  const kernels::ChannelMap map{channels, arrays[0].data(), arrays[1].data(),
                                arrays[2].data()};
  const kernels::Address address{1, 2, 3, 4};
  constexpr auto kGuard = static_cast<Number>(77);
  for (const auto* level : kernels::levels()) {
    const auto& mine = level->channels<Number>();
    const auto label = [&](const char* what) {
      return std::string(level->name) + ' ' + what + ' ' +
             std::to_string(rows) + 'x' + std::to_string(channels);
    };
    const auto numbers = [&](const char* what, const auto& run) {
      std::vector<Number> expected(n + 1, kGuard), got(n + 1, kGuard);
      run(scalar, expected.data());
      run(mine, got.data());
      EXPECT_TRUE(same(expected, got)) << label(what);
    };
    const auto sums = [&](const char* what, const auto& run) {
      std::vector<double> expected(2 * channels + 1, 7), got = expected;
      run(scalar, expected.data());
      run(mine, got.data());
      EXPECT_TRUE(same(expected, got)) << label(what);
    };
    sums("moments", [&](const auto& kernels, double* out) {
      kernels.moments(rows, channels, arrays[0].data(), x.data(), out);
    });
    numbers("step", [&](const auto& kernels, Number* out) {
      kernels.step(3, n, map, x.data(), -1, 1, out);
    });
    for (const auto kernel :
         {ThresholdKernel::probability, ThresholdKernel::logistic,
          ThresholdKernel::uniform, ThresholdKernel::triangular,
          ThresholdKernel::laplace, ThresholdKernel::sigmoid}) {
      if (kernel != ThresholdKernel::probability) {
        numbers("draw", [&](const auto& kernels, Number* out) {
          kernels.draw(kernel, address, 5, n, map, x.data(), -1, 1, out);
        });
      }
      sums("gradient_sums", [&](const auto& kernels, double* out) {
        kernels.gradient_sums(kernel, rows, map, x.data(), 2, g.data(), out);
      });
      numbers("gradient", [&](const auto& kernels, Number* out) {
        kernels.gradient(kernel, 7, n, map, x.data(), 2, g.data(),
                         arrays[3].data(), arrays[4].data(), out);
      });
    }
  }
}

TEST(ChannelKernels, EveryLevelGivesTheSameBitsAndStaysInside) {
  for (int64_t channels : {1, 3, 10, 16, 63, 64, 65, 100, 130}) {
    for (int64_t rows : {1, 2, 7, 32, 64, 65, 100}) {
      expect_equal_levels<float>(rows, channels);
      expect_equal_levels<kernels::Bfloat16>(rows, channels);
    }
  }
}

TEST(ChannelKernels, RoundHalvesToEven) {
  // Gradients of all 2^16 upper halves with lower halves around the middle,
  // through a map that does nothing else.
  for (const auto* level : kernels::levels()) {
    for (uint32_t low : {0x0U, 0x7FFFU, 0x8000U, 0x8001U, 0xFFFFU}) {
      for (uint32_t first = 0; first < 1 << 16; first += 1024) {
        std::vector<kernels::Bfloat16> in(1024), out(1024), grad(1024);
        std::vector<float> offset(1024 + 63), flat(1024 + 63, 0),
            scale(1024 + 63, -1);
        for (uint32_t i = 0; i < 1024 + 63; ++i) {
          offset[i] = std::bit_cast<float>((first + i % 1024) << 16 | low);
        }
        const kernels::ChannelMap map{1024, flat.data(), scale.data(),
                                      flat.data()};
        level->channels<kernels::Bfloat16>().gradient(
            ThresholdKernel::probability, 0, 1024, map, in.data(), 1,
            grad.data(), offset.data(), flat.data(), out.data());
        for (uint32_t i = 0; i < 1024; ++i) {
          const float exact = -(0 - offset[i]);
          if (exact == 0) continue;  // whose sign the subtraction decides
          const c10::BFloat16 expected(exact);
          ASSERT_EQ(static_cast<uint16_t>(out[i]), expected.x)
              << level->name << ' ' << exact;
        }
      }
    }
  }
}

}  // namespace
}  // namespace signet
