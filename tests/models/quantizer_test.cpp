#include "signet/models/quantizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "signet/base/error.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr auto kBoth = {Rounding::ceil, Rounding::nearest};

Tensor row(const std::vector<double>& values) {
  return torch::tensor(values, torch::kDouble);
}

double before(double x) { return std::nextafter(x, -kInfinity); }
double after(double x) { return std::nextafter(x, kInfinity); }

/// The gradients of sum(weights * quantize(x)).
struct Gradients {
  Tensor x, scale;
};
Gradients gradients(const std::vector<double>& x, double scale,
                    const QuantizerOptions& options, const Tensor& weights) {
  const auto in = row(x).requires_grad_();
  const auto s = row({scale}).requires_grad_();
  (weights * quantize(in, s, options)).sum().backward();
  return {in.grad(), s.grad()};
}

Tensor input_gradient(const std::vector<double>& x, double scale,
                      const QuantizerOptions& options) {
  const auto ones = torch::ones({static_cast<int64_t>(x.size())}, at::kDouble);
  return gradients(x, scale, options, ones).x;
}

/// d quantize(x) / d scale of each x by itself.
std::vector<double> scale_gradients(const std::vector<double>& x, double scale,
                                    const QuantizerOptions& options) {
  std::vector<double> all;
  for (double one : x)
    all.push_back(
        gradients({one}, scale, options, row({1})).scale.item<double>());
  return all;
}

QuantizerOptions read(const std::string& spelling) {
  return read_quantizer(
      Arguments(quantizer_parameters(), parse_call(spelling)));
}

/// Every form, rounding and number of bits.
std::vector<QuantizerOptions> all_options() {
  std::vector<QuantizerOptions> all;
  for (int64_t bits = 1; bits <= 8; ++bits) {
    all.push_back({.form = QuantizerForm::uniform,
                   .bits = bits,
                   .rounding = Rounding::ceil,
                   .scale = 0.3});
    all.push_back({.form = QuantizerForm::uniform,
                   .bits = bits,
                   .rounding = Rounding::nearest,
                   .scale = 0.3});
    all.push_back({.form = QuantizerForm::dorefa, .bits = bits});
    all.push_back({.form = QuantizerForm::pact, .bits = bits, .scale = 1.7});
  }
  return all;
}

TEST(Quantizer, CeilHasTheGroupsValuesAtEveryBorder) {
  const auto x = row({-kInfinity, -1, before(0), 0, after(0), before(0.5), 0.5,
                      after(0.5), 1, after(1), 1.5, after(1.5), 9, kInfinity});
  const auto expected =
      row({0, 0, 0, 0, 0.5, 0.5, 0.5, 1, 1, 1.5, 1.5, 1.5, 1.5, 1.5});
  const QuantizerOptions two_bits{
      .bits = 2, .rounding = Rounding::ceil, .scale = 0.5};
  EXPECT_TRUE(quantize(x, two_bits).equal(expected));
  const QuantizerOptions binary{.bits = 1, .scale = 0.5};
  EXPECT_TRUE(quantize(x, binary).equal((x > 0) * row({0.5})));
}

TEST(Quantizer, NearestSendsTiesUp) {
  const auto x = row({-kInfinity, -0.25, 0, before(0.25), 0.25, before(0.75),
                      0.75, before(1.25), 1.25, 7, kInfinity});
  const auto expected = row({0, 0, 0, 0, 0.5, 0.5, 1, 1, 1.5, 1.5, 1.5});
  const QuantizerOptions options{
      .bits = 2, .rounding = Rounding::nearest, .scale = 0.5};
  EXPECT_TRUE(quantize(x, options).equal(expected));
}

TEST(Quantizer, NaNStaysNaN) {
  for (const auto& options : all_options())
    EXPECT_TRUE(quantize(row({std::nan("")}), options).isnan().item<bool>());
}

TEST(Quantizer, IsMonotoneWithTwoToTheBitsValues) {
  const auto x = at::linspace(-5, 90, 300001, at::kFloat);
  for (auto options : all_options()) {
    const auto q = quantize(x, options);
    EXPECT_EQ(q.dtype(), at::kFloat);
    EXPECT_GE(q.diff().min().item<float>(), 0);
    EXPECT_EQ(std::get<0>(at::_unique(q)).numel(), options.top() + 1);
    EXPECT_EQ(q[0].item<float>(), 0);
  }
}

TEST(Quantizer, KeepsShapeAndType) {
  const auto x = at::linspace(-1, 2, 24, at::kFloat).view({2, 3, 4});
  const auto strided = x.transpose(0, 2);
  const QuantizerOptions options{.bits = 2, .scale = 0.25};
  EXPECT_TRUE(
      quantize(strided, options).equal(quantize(x, options).transpose(0, 2)));
  EXPECT_EQ(quantize(at::empty({0, 3}), options).size(1), 3);
  // A scale of another type gets a gradient of its own type and shape.
  const auto scale = torch::full({1}, 0.25, at::kDouble).requires_grad_();
  auto learned = options;
  learned.learn = ScaleGradient::exact;
  const auto q = quantize(x, scale, learned);
  EXPECT_EQ(q.dtype(), at::kFloat);
  q.sum().backward();
  EXPECT_EQ(scale.grad().sizes(), scale.sizes());
  EXPECT_EQ(scale.grad().dtype(), at::kDouble);
}

TEST(Quantizer, InputGradientsAreThePublishedOnes) {
  const double r = 0.5, top = 1.5;
  const std::vector<double> x{-2,          before(0), 0,          after(0), 0.7,
                              before(top), top,       after(top), 9};
  for (auto rounding : kBoth) {
    QuantizerOptions options{.bits = 2, .rounding = rounding};
    options.backward = InputGradient::identity;
    EXPECT_TRUE(input_gradient(x, r, options).equal(at::ones_like(row(x))));
    options.backward = InputGradient::relu;
    EXPECT_TRUE(
        input_gradient(x, r, options).equal(row({0, 0, 0, 1, 1, 1, 1, 1, 1})));
    options.backward = InputGradient::clipped_relu;
    EXPECT_TRUE(
        input_gradient(x, r, options).equal(row({0, 0, 0, 1, 1, 1, 1, 0, 0})));
  }
  EXPECT_TRUE(input_gradient(x, top, {.form = QuantizerForm::pact, .bits = 2})
                  .equal(row({0, 0, 1, 1, 1, 1, 0, 0, 0})));
  EXPECT_TRUE(input_gradient({-1, before(0), 0, 0.3, 1, after(1), 2}, 1,
                             {.form = QuantizerForm::dorefa, .bits = 2})
                  .equal(row({0, 0, 1, 1, 1, 0, 0})));
}

TEST(Quantizer, GradientsAreThoseOfTheirWeights) {
  const QuantizerOptions options{.bits = 2, .learn = ScaleGradient::exact};
  const auto g = gradients({-1, 0.2, 0.7, 3}, 0.5, options, row({5, 7, 11, 2}));
  EXPECT_TRUE(g.x.equal(row({0, 7, 11, 0})));
  EXPECT_EQ(g.scale.item<double>(), 7 * 1 + 11 * 2 + 2 * 3);
}

TEST(Quantizer, ExactResolutionGradientIsTheDerivative) {
  // None of these is at a border of r = 0.3 or of pact's c = 0.9.
  const std::vector<double> x{-1, 0.1, 0.2, 0.4, 0.58, 0.7, 0.8, 0.95, 3};
  constexpr double kStep = 1e-6;
  for (auto rounding : kBoth) {
    const QuantizerOptions options{
        .bits = 2, .rounding = rounding, .learn = ScaleGradient::exact};
    const auto slope = (quantize(row(x), row({0.3 + kStep}), options) -
                        quantize(row(x), row({0.3 - kStep}), options)) /
                       (2 * kStep);
    EXPECT_TRUE(row(scale_gradients(x, 0.3, options)).allclose(slope, 0, 1e-9));
  }
}

TEST(Quantizer, OtherResolutionGradientsAreThePublishedOnes) {
  const double r = 0.5, top = 1.5;
  const std::vector<double> x{-1, 0, after(0), 0.7, top, after(top), 9};
  using Values = std::vector<double>;
  QuantizerOptions options{.bits = 2, .rounding = Rounding::ceil};
  options.learn = ScaleGradient::mean;
  EXPECT_EQ(scale_gradients(x, r, options), (Values{0, 0, 2, 2, 2, 3, 3}));
  options.learn = ScaleGradient::min;
  EXPECT_EQ(scale_gradients(x, r, options), (Values{0, 0, 1, 1, 1, 3, 3}));
  options.learn = ScaleGradient::pact;
  EXPECT_EQ(scale_gradients(x, r, options), (Values{0, 0, 0, 0, 0, 3, 3}));
  options.form = QuantizerForm::pact;
  EXPECT_EQ(scale_gradients(x, top, options), (Values{0, 0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(scale_gradients({before(top)}, top, options), (Values{0}));
}

TEST(Quantizer, MeanAndMinAreThoseOfTheLevelsBelowTheTop) {
  const auto x = (at::arange(30000, at::kDouble) + 0.5) / 10000;  // (0, 3)
  for (auto rounding : kBoth) {
    QuantizerOptions options{.bits = 2, .rounding = rounding};
    const auto k = quantize(x, row({1}), options);
    options.learn = ScaleGradient::mean;
    EXPECT_NEAR(scale_gradients({0.5}, 1, options)[0], k.mean().item<double>(),
                1e-9);
    options.learn = ScaleGradient::min;
    EXPECT_EQ(scale_gradients({0.5}, 1, options)[0], k.min().item<double>());
  }
}

TEST(Quantizer, RateAndLimitBoundTheResolutionsGradient) {
  QuantizerOptions options{.bits = 2, .learn = ScaleGradient::exact};
  options.rate = 0.01;
  options.limit = 1;
  const auto of = [&](double weight) {
    return gradients({9}, 0.5, options, row({weight})).scale.item<double>();
  };
  EXPECT_DOUBLE_EQ(of(7), 0.21);
  EXPECT_EQ(of(1000), 1);
  EXPECT_EQ(of(-1000), -1);
}

TEST(Quantizer, ScaleStaysInItsRange) {
  const QuantizerOptions options{.bits = 2, .learn = ScaleGradient::exact};
  for (double outside : {-3., 0., 1e-3})
    EXPECT_TRUE(quantize(row({9}), row({outside}), options)
                    .equal(quantize(row({9}), row({1e-3}), options)));
  EXPECT_EQ(quantize(row({99}), row({6}), options).item<double>(), 15);
  const auto of = [&](double scale, double weight) {
    return gradients({99}, scale, options, row({weight})).scale.item<double>();
  };
  // A descent may come back from outside, but not go further.
  EXPECT_EQ(of(1e-4, 1), 0);
  EXPECT_EQ(of(1e-4, -1), -3);
  EXPECT_EQ(of(6, 1), 3);
  EXPECT_EQ(of(6, -1), 0);
}

TEST(Quantizer, FixedScaleAndEvaluationHaveNoGradient) {
  const QuantizerOptions options{.bits = 2, .scale = 0.5};
  const auto x = row({0.7}).requires_grad_();
  const auto scale = row({0.5}).requires_grad_();
  quantize(x, scale, options).backward();
  EXPECT_FALSE(scale.grad().defined());
  EXPECT_FALSE(quantize(row({0.7}), options).requires_grad());
  const at::NoGradGuard no_grad;
  EXPECT_FALSE(quantize(x, options).requires_grad());
}

TEST(DoReFa, HasTheValuesOfTheGrid) {
  for (int64_t bits : {1, 2, 4, 6, 8}) {
    const double n = std::exp2(static_cast<double>(bits)) - 1;
    const QuantizerOptions options{.form = QuantizerForm::dorefa, .bits = bits};
    for (int i = 0; i <= n; ++i) {
      const auto inside =
          at::linspace((2 * i - 1) / (2 * n) + 1e-6,
                       (2 * i + 1) / (2 * n) - 1e-6, 9, at::kDouble);
      EXPECT_TRUE(quantize(inside, options).equal(at::full_like(inside, i / n)))
          << bits << " bits, level " << i;
    }
    EXPECT_TRUE(quantize(row({-9, 0, 1, 9}), options).equal(row({0, 0, 1, 1})));
  }
  const QuantizerOptions binary{.form = QuantizerForm::dorefa, .bits = 1};
  EXPECT_TRUE(quantize(row({before(0.5), 0.5}), binary).equal(row({0, 1})));
}

TEST(DoReFa, WeightsAreOddWithTwoToTheBitsValues) {
  const auto w = at::linspace(-2, 2, 100000, at::kDouble);  // without 0
  for (int64_t bits : {1, 2, 4, 6, 8}) {
    const double top = std::exp2(static_cast<double>(bits)) - 1;
    const auto q = dorefa_weights(w, bits);
    EXPECT_LT((q + dorefa_weights(-w, bits)).abs().max().item<double>(), 1e-12);
    EXPECT_EQ(std::get<0>(at::_unique(q)).numel(), top + 1);
    EXPECT_GE(q.diff().min().item<double>(), 0);
    EXPECT_EQ(q[0].item<double>(), -1);
    EXPECT_EQ(q[-1].item<double>(), 1);
    // Half a step at most from what is rounded.
    const auto t = w.tanh() / std::tanh(2.);
    EXPECT_LE((q - t).abs().max().item<double>(), 1 / top + 1e-12);
    EXPECT_NEAR(dorefa_weights(row({0, 1}), bits)[0].item<double>(), 1 / top,
                1e-12);
    EXPECT_TRUE(
        dorefa_weights(row({0, 0}), bits).isfinite().all().item<bool>());
  }
}

TEST(DoReFa, WeightsHaveThePublishedGradient) {
  const auto w = row({-1.5, -0.2, 0, 0.7, 2}).requires_grad_();
  dorefa_weights(w, 4).sum().backward();
  const auto in = w.detach();
  EXPECT_TRUE(
      w.grad().allclose(1 / (in.cosh().square() * std::tanh(2.)), 1e-12, 0));
}

TEST(DoReFa, WeightsThatAreAllZeroHaveNoGradient) {
  const auto error = [](const Tensor& w) -> std::string {
    try {
      dorefa_weights(w, 2).sum().backward();
    } catch (const UsageError& e) {
      return e.what();
    }
    return "no error";
  };
  for (const auto type : {at::kFloat, at::kDouble}) {
    const auto zeros = at::zeros({3}, type).requires_grad_();
    EXPECT_EQ(error(zeros),
              "dorefa_weights: w must not be 0 everywhere, where there is no "
              "gradient, but max |w| is 0");
    // The values have a definition all the same.
    const at::NoGradGuard no_grad;
    EXPECT_TRUE(dorefa_weights(zeros, 2).allclose(at::full({3}, 1. / 3, type),
                                                  1e-6, 0));
  }
  // The formula holds as far down as its gradient is a number.
  auto tiny = at::full({1}, 1e-36F).requires_grad_();
  EXPECT_EQ(error(tiny), "no error");
  EXPECT_NEAR(tiny.grad().item<double>() * 1e-36, 1, 1e-6);
  EXPECT_EQ(dorefa_weights(tiny, 2).item<float>(), 1);
  EXPECT_NE(error(at::full({1}, 1e-40F).requires_grad_()), "no error");
  EXPECT_EQ(error(at::full({1}, std::nan("")).requires_grad_()),
            "dorefa_weights: w must be finite, but is NaN");
  EXPECT_EQ(error(at::zeros({0}).requires_grad_()),
            "dorefa_weights: w must have a weight");
}

TEST(Pact, IsTheNearestLevelOfResolutionClipOverTop) {
  // No x is near a border, where the two may round apart.
  const auto x = at::linspace(-M_PI / 3, 4, 997, at::kDouble);
  for (int64_t bits = 1; bits <= 8; ++bits) {
    const double c = 2.5, top = std::exp2(static_cast<double>(bits)) - 1;
    const auto pact =
        quantize(x, {.form = QuantizerForm::pact, .bits = bits, .scale = c});
    const auto uniform = quantize(
        x, {.bits = bits, .rounding = Rounding::nearest, .scale = c / top});
    EXPECT_TRUE(pact.allclose(uniform, 1e-12, 0)) << bits;
    EXPECT_EQ(pact[-1].item<double>(), c) << "the top level is exact";
    const auto dorefa =
        quantize(x, {.form = QuantizerForm::dorefa, .bits = bits});
    EXPECT_TRUE(dorefa.equal(
        quantize(x, {.form = QuantizerForm::pact, .bits = bits, .scale = 1})));
  }
}

TEST(QuantizerRecords, ReadWhatTheySay) {
  const auto options = read(
      "quantize(bits=2, rounding=nearest, resolution=0.25, backward=relu, "
      "learn=mean, rate=0.5)");
  EXPECT_EQ(options.form, QuantizerForm::uniform);
  EXPECT_EQ(options.bits, 2);
  EXPECT_EQ(options.rounding, Rounding::nearest);
  EXPECT_EQ(options.scale, 0.25);
  EXPECT_EQ(options.backward, InputGradient::relu);
  EXPECT_EQ(options.learn, ScaleGradient::mean);
  EXPECT_EQ(options.rate, 0.5);
  EXPECT_EQ(options.limit, 1);
  EXPECT_EQ(read("quantize").scale,
            half_gaussian_resolution(4, Rounding::ceil));
  EXPECT_EQ(read("quantize(form=dorefa, bits=3)").form, QuantizerForm::dorefa);
  const auto pact = read("quantize(form=pact, clip=6)");
  EXPECT_EQ(pact.scale, 6);
  EXPECT_EQ(pact.learn, ScaleGradient::pact);
  EXPECT_EQ(pact.limit, kInfinity);
}

TEST(QuantizerRecords, SpellingsReadBack) {
  for (const auto& record : quantizers()) {
    const std::string call = "quantize(form=" + record.name + ", bits=3)";
    const Arguments arguments(quantizer_parameters(), parse_call(call));
    const auto spelled = arguments.spell("quantize");
    EXPECT_EQ(Arguments(quantizer_parameters(), parse_call(spelled))
                  .spell("quantize"),
              spelled);
    EXPECT_EQ(read(spelled).bits, 3);
    EXPECT_FALSE(record.papers.empty());
    for (const auto& name : record.parameters)
      EXPECT_TRUE(arguments.has(name)) << name;
  }
}

std::string error_of(const std::string& spelling) {
  try {
    read(spelling);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(QuantizerRecords, ErrorsNameTheMistake) {
  EXPECT_EQ(error_of("quantize(form=dorefa, rounding=nearest)"),
            "quantize: dorefa does not read rounding; it reads bits");
  EXPECT_EQ(error_of("quantize(clip=3)"),
            "quantize: uniform does not read clip; it reads bits, rounding, "
            "resolution, backward, learn, rate");
  EXPECT_EQ(error_of("quantize(resolution=7)"),
            "quantize: resolution must be half-gaussian or in [0.001, 5], but "
            "got '7'");
  EXPECT_EQ(error_of("quantize(resolution=nan)"),
            "quantize: resolution must be half-gaussian or in [0.001, 5], but "
            "got 'nan'");
  EXPECT_NE(error_of("quantize(bits=9)"), "");
  EXPECT_THROW(quantize(torch::ones({2}, at::kLong), {}), UsageError);
  EXPECT_THROW(quantize(row({1}), row({1, 2}), {}), UsageError);
  EXPECT_THROW(quantize(row({1}), {.bits = 0}), UsageError);
}

}  // namespace
}  // namespace signet
