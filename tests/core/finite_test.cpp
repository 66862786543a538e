#include "signet/core/finite.h"

#include <gtest/gtest.h>

#include <cmath>

#include "signet/core/normalized_logits.h"
#include "signet/core/samplers.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

template <class Run>
std::string error_of(const Run& run) {
  try {
    run();
  } catch (const NotFinite& error) {
    return error.what();
  }
  return "no error";
}

TEST(Finite, OneElementAnywhereIsFound) {
  const double values[] = {std::nan(""), -std::nan(""), INFINITY, -INFINITY};
  for (const auto type :
       {torch::kFloat, torch::kDouble, torch::kBFloat16, torch::kHalf}) {
    for (const int64_t n : {1, 7, 64, 1000}) {
      auto t = torch::linspace(-3, 3, n).to(type);
      t[0] = type == torch::kDouble ? 1e308 : type == torch::kHalf ? 6e4 : 3e38;
      EXPECT_FALSE(has_nan(t));
      EXPECT_TRUE(all_finite(t));
      for (const double value : values) {
        for (const int64_t i : {int64_t{0}, n / 2, n - 1}) {
          auto bad = t.clone();
          bad[i] = value;
          EXPECT_EQ(has_nan(bad), std::isnan(value)) << type << n << value;
          EXPECT_FALSE(all_finite(bad)) << type << n << value;
        }
      }
    }
  }
}

TEST(Finite, LongAndStridedTensorsAreReadWhole) {
  auto t = torch::zeros({3, 1 << 18});
  EXPECT_TRUE(all_finite(t));
  t[2][(1 << 18) - 1] = std::nanf("");
  EXPECT_TRUE(has_nan(t));
  EXPECT_TRUE(has_nan(t.t()));
  EXPECT_FALSE(has_nan(t.narrow(0, 0, 2)));
  EXPECT_TRUE(all_finite(t.narrow(1, 0, 5)));
  EXPECT_FALSE(has_nan(torch::zeros({0})));
}

TEST(Finite, TheErrorSaysWhatAndWhere) {
  const auto nan = torch::full({2}, std::nan(""));
  EXPECT_EQ(error_of([&] { check_finite(nan, "st", "loss"); }),
            "st: loss must be finite, but is NaN");
  EXPECT_EQ(error_of([&] { check_finite(nan.sum() / 0, "st", "loss"); }),
            "st: loss must be finite, but is NaN");
  EXPECT_EQ(error_of([&] { check_finite(torch::ones({2}) / 0, "st", "loss"); }),
            "st: loss must be finite, but is infinite");
  EXPECT_EQ(error_of([&] { check_no_nan(nan, "st", "logits of units"); }),
            "st: logits of units must be finite, but are NaN");
  EXPECT_EQ(NotFinite("st", "logits of units", "NaN").brief(),
            "the logits of units are NaN");
}

TEST(Finite, LogitsThatAreNotWrittenDownAreFound) {
  const auto x = torch::linspace(-1, 1, 40).view({10, 4});
  const auto check = [](const Tensor& x, const Tensor& weight) {
    const auto logits =
        normalized_logits(x, weight, {}, channel_moments(x), 1e-5);
    const bool hidden = logits.value().isnan().any().item<bool>();
    EXPECT_EQ(error_of([&] { check_finite(logits, "x", "logits of units"); }) !=
                  "no error",
              hidden);
    return hidden;
  };
  EXPECT_FALSE(check(x, torch::ones({4})));
  EXPECT_TRUE(check(x, torch::tensor({1.F, 1.F, NAN, 1.F})));
  for (const float value : {NAN, INFINITY}) {
    auto bad = x.clone();
    bad[9][2] = value;
    EXPECT_TRUE(check(bad, torch::ones({4})));
  }
}

TEST(Finite, SamplersRefuseNaN) {
  const auto a = torch::tensor({{0.F, NAN}});
  ModeSampler mode;
  IndependentSampler independent(Random(1));
  EXPECT_EQ(error_of([&] { mode.draw(a, {}); }),
            "ModeSampler: logits of units must be finite, but are NaN");
  EXPECT_EQ(error_of([&] { independent.draw(a, {}); }),
            "IndependentSampler: logits of units must be finite, but are NaN");
}

}  // namespace
}  // namespace signet
