#include "signet/models/quantizer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include "signet/base/names.h"
#include "signet/base/overloaded.h"
#include "signet/core/checks.h"
#include "signet/core/finite.h"
#include "signet/core/straight_through.h"
#include "signet/core/torch.h"
#include "signet/models/yin2019.h"

namespace signet {
namespace {

constexpr double kLeast = 1e-3;  // of a scale

double greatest(QuantizerForm form) {
  return form == QuantizerForm::uniform ? 5 : 1e3;
}

/// The nearest whole numbers, ties up. Not floor(t + 0.5), which rounds the
/// largest float below 0.5 to 1.
Tensor nearest(const Tensor& t) {
  const auto below = t.floor();
  return below + (t - below >= 0.5);
}

/// 0 .. M
Tensor levels(const Tensor& x, const Tensor& scale,
              const QuantizerOptions& options) {
  const auto top = static_cast<double>(options.top());
  switch (options.form) {
    case QuantizerForm::uniform: {
      const auto t = (x / scale).clamp(0, top);
      return options.rounding == Rounding::ceil ? t.ceil() : nearest(t);
    }
    case QuantizerForm::pact:
      return nearest((x / scale * top).clamp(0, top));
    case QuantizerForm::dorefa:
      return nearest((x * top).clamp(0, top));
  }
  throw std::logic_error("levels: unknown form");
}

Tensor values(const Tensor& levels, const Tensor& scale,
              const QuantizerOptions& options) {
  if (options.form == QuantizerForm::uniform) return levels * scale;
  // In this order the top level is the scale exactly.
  const auto share = levels / static_cast<double>(options.top());
  return options.form == QuantizerForm::pact ? share * scale : share;
}

/// Where the gradient passes to x.
Tensor passes(const Tensor& x, const Tensor& scale,
              const QuantizerOptions& options) {
  if (options.form == QuantizerForm::pact) return (x >= 0) & (x < scale);
  if (options.form == QuantizerForm::dorefa) return (x >= 0) & (x <= 1);
  if (options.backward == InputGradient::identity)
    return at::ones_like(x, x.options().dtype(at::kBool));
  const auto positive = x > 0;
  if (options.backward == InputGradient::relu) return positive;
  return positive & (x <= scale * static_cast<double>(options.top()));
}

/// dq/dscale, or what stands in for it.
Tensor scale_factor(const Tensor& x, const Tensor& levels, const Tensor& scale,
                    const QuantizerOptions& options) {
  if (options.form == QuantizerForm::pact) return (x >= scale).to(x.dtype());
  if (options.learn == ScaleGradient::exact) return levels;
  const auto top = static_cast<double>(options.top());
  const double lowest = options.rounding == Rounding::ceil ? 1 : 0;
  const double between = options.learn == ScaleGradient::mean
                             ? (top + lowest) / 2
                         : options.learn == ScaleGradient::min ? lowest
                                                               : 0;
  const auto above = (x > scale * top).to(x.dtype());
  return above * (top - between) + (x > 0) * between;
}

/// The value as it is; of its gradient g, the sum of factor g goes to scale.
struct LearnScale : torch::autograd::Function<LearnScale> {
  static Tensor forward(torch::autograd::AutogradContext* context,
                        const Tensor& value, const Tensor& scale,
                        const Tensor& factor, double rate, double limit,
                        double greatest) {
    context->save_for_backward({scale, factor});
    context->saved_data["rate"] = rate;
    context->saved_data["limit"] = limit;
    context->saved_data["greatest"] = greatest;
    return value;
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context,
      torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &scale = saved[0], &factor = saved[1];
    const double limit = context->saved_data["limit"].toDouble();
    const auto sum = (gradients[0] * factor).sum();
    const auto bounded = (sum * context->saved_data["rate"].toDouble())
                             .clamp(-limit, limit)
                             .to(scale.dtype())
                             .expand_as(scale);
    const auto outward =
        ((scale <= kLeast) & (bounded > 0)) |
        ((scale >= context->saved_data["greatest"].toDouble()) & (bounded < 0));
    return {gradients[0], bounded.masked_fill(outward, 0), {}, {}, {}, {}};
  }
};

void check_bits(int64_t bits, std::string_view who) {
  check(bits >= 1 && bits <= 8, who,
        "bits must be in [1, 8], but got " + std::to_string(bits));
}

double read_resolution(const Arguments& a, int64_t bits, Rounding rounding) {
  const auto& text = a.text("resolution");
  if (text == "half-gaussian") return half_gaussian_resolution(bits, rounding);
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  check(error == std::errc() && end == text.data() + text.size() &&
            value >= kLeast && value <= greatest(QuantizerForm::uniform),
        "quantize",
        "resolution must be half-gaussian or in [0.001, 5], but got '" + text +
            "'");
  return value;
}

template <class Choice>
Choice choose(const std::string& name,
              std::initializer_list<std::pair<std::string_view, Choice>> all) {
  for (const auto& [known, choice] : all)
    if (known == name) return choice;
  throw std::logic_error("choose: no choice '" + name + "'");
}

QuantizerOptions read_uniform(const Arguments& a) {
  QuantizerOptions options{.form = QuantizerForm::uniform,
                           .bits = a.integer("bits"),
                           .rate = a.number("rate"),
                           .limit = 1};
  options.rounding = choose<Rounding>(
      a.text("rounding"),
      {{"ceil", Rounding::ceil}, {"nearest", Rounding::nearest}});
  options.backward = choose<InputGradient>(
      a.text("backward"), {{"identity", InputGradient::identity},
                           {"relu", InputGradient::relu},
                           {"clipped-relu", InputGradient::clipped_relu}});
  options.learn =
      choose<ScaleGradient>(a.text("learn"), {{"none", ScaleGradient::none},
                                              {"exact", ScaleGradient::exact},
                                              {"mean", ScaleGradient::mean},
                                              {"min", ScaleGradient::min},
                                              {"pact", ScaleGradient::pact}});
  options.scale = read_resolution(a, options.bits, options.rounding);
  return options;
}

bool is_default(const Parameter& p, const Arguments& a) {
  return std::visit(
      Overloaded{
          [&](double value) { return a.number(p.name) == value; },
          [&](int64_t value) { return a.integer(p.name) == value; },
          [&](bool value) { return a.flag(p.name) == value; },
          [&](const std::string& value) { return a.text(p.name) == value; }},
      p.fallback);
}

std::vector<Quantizer> make_quantizers() {
  const Paper yin2018{
      .key = "yin2018blended",
      .authors =
          "Penghang Yin and Shuai Zhang and Jiancheng Lyu and Stanley Osher "
          "and Yingyong Qi and Jack Xin",
      .title =
          "Blended Coarse Gradient Descent for Full Quantization of Deep "
          "Neural Networks",
      .year = 2018,
      .arxiv = "1808.05240"};
  const Paper zhou2016{
      .key = "zhou2016dorefa",
      .authors =
          "Shuchang Zhou and Yuxin Wu and Zekun Ni and Xinyu Zhou and He Wen "
          "and Yuheng Zou",
      .title =
          "DoReFa-Net: Training Low Bitwidth Convolutional Neural Networks "
          "with Low Bitwidth Gradients",
      .year = 2016,
      .arxiv = "1606.06160"};
  const Paper choi2018{
      .key = "choi2018pact",
      .authors =
          "Jungwook Choi and Zhuo Wang and Swagath Venkataramani and Pierce "
          "I-Jen Chuang and Vijayalakshmi Srinivasan and Kailash "
          "Gopalakrishnan",
      .title =
          "PACT: Parameterized Clipping Activation for Quantized Neural "
          "Networks",
      .year = 2018,
      .arxiv = "1805.06085"};
  return {
      {.name = "uniform",
       .summary = "levels 0, r, 2 r, ... of a resolution r, fixed or learned",
       .help = R"(q(x) = r k with k = x / r, rounded up or to the nearest and
clamped to 0 .. M = 2^bits - 1. The gradient passes to x everywhere
(`identity`), where x > 0 (`relu`) or where 0 < x <= r M (`clipped-relu`).

The resolution is a number, or the one with the least mean squared error on the
positive half of a Gaussian: put a batch norm without scale and shift before it.
If it is learned, its gradient is M times that of the activations above r M, and
between 0 and r M that of the others times k (`exact`), the mean of k (`mean`),
the smallest k (`min`) or 0 (`pact`); the sum times `rate` is clipped to
[-1, 1].)",
       .papers = {kYinLyu2019, yin2018},
       .parameters = {"bits", "rounding", "resolution", "backward", "learn",
                      "rate"},
       .read = read_uniform},
      {.name = "dorefa",
       .summary = "levels k / M on [0, 1]",
       .help = R"(q(x) = k / M with k = M x to the nearest (ties up), clamped to
0 .. M = 2^bits - 1. The gradient passes where 0 <= x <= 1.)",
       .papers = {zhou2016},
       .parameters = {"bits"},
       .read =
           [](const Arguments& a) {
             return QuantizerOptions{.form = QuantizerForm::dorefa,
                                     .bits = a.integer("bits"),
                                     .rounding = Rounding::nearest};
           }},
      {.name = "pact",
       .summary = "levels c k / M on [0, c], c learned",
       .help = R"(q(x) = c k / M with k = M x / c to the nearest (ties up),
clamped to 0 .. M = 2^bits - 1. The gradient passes to x where 0 <= x < c and to
c where x >= c. The paper adds a penalty on c^2: weight decay.)",
       .papers = {choi2018},
       .parameters = {"bits", "clip"},
       .read =
           [](const Arguments& a) {
             return QuantizerOptions{.form = QuantizerForm::pact,
                                     .bits = a.integer("bits"),
                                     .rounding = Rounding::nearest,
                                     .learn = ScaleGradient::pact,
                                     .scale = a.number("clip")};
           }},
  };
}

std::vector<Parameter> make_parameters() {
  std::vector<std::string> forms;
  for (const auto& record : quantizers()) forms.push_back(record.name);
  return {{.name = "form",
           .fallback = std::string("uniform"),
           .help = "which quantiser",
           .choices = forms},
          {.name = "bits",
           .fallback = int64_t{4},
           .help = "of a value: 2^bits levels",
           .min = 1,
           .max = 8},
          {.name = "rounding",
           .fallback = std::string("ceil"),
           .help = "uniform: up, or to the nearest level",
           .choices = {"ceil", "nearest"}},
          {.name = "resolution",
           .fallback = std::string("half-gaussian"),
           .help = "uniform: half-gaussian or a number in [0.001, 5], the "
                   "distance of two levels"},
          {.name = "backward",
           .fallback = std::string("clipped-relu"),
           .help = "uniform: whose gradient replaces that of the steps",
           .choices = {"identity", "relu", "clipped-relu"}},
          {.name = "learn",
           .fallback = std::string("none"),
           .help = "uniform: the gradient of the resolution; none: fixed",
           .choices = {"none", "exact", "mean", "min", "pact"}},
          {.name = "rate",
           .fallback = 0.01,
           .help = "uniform: factor of the gradient of the resolution",
           .min = 0,
           .max = 1},
          {.name = "clip",
           .fallback = 10.0,
           .help = "pact: the highest level at the start",
           .min = kLeast,
           .max = greatest(QuantizerForm::pact)}};
}

}  // namespace

Tensor quantize(const Tensor& x, const Tensor& scale,
                const QuantizerOptions& options) {
  check_floating(x, "quantize", "x");
  check_floating(scale, "quantize", "scale");
  check(scale.numel() == 1, "quantize",
        "scale must have one element, but got " + shape_text(scale.sizes()));
  check_bits(options.bits, "quantize");
  const bool learns =
      options.learn != ScaleGradient::none && scale.requires_grad();
  const bool differentiable =
      at::GradMode::is_enabled() && (x.requires_grad() || learns);
  const auto in = x.detach();
  const auto s = scale.detach()
                     .to(x.options())
                     .reshape({})
                     .clamp(kLeast, greatest(options.form));
  const auto k = levels(in, s, options);
  const auto value = values(k, s, options);
  if (!differentiable) return value;
  const auto result = straight_through(x, value, passes(in, s, options));
  if (!learns) return result;
  return LearnScale::apply(result, scale, scale_factor(in, k, s, options),
                           options.rate, options.limit, greatest(options.form));
}

Tensor quantize(const Tensor& x, const QuantizerOptions& options) {
  check_floating(x, "quantize", "x");
  return quantize(x, at::full({}, options.scale, x.options()), options);
}

Tensor dorefa_weights(const Tensor& w, int64_t bits) {
  check_floating(w, "dorefa_weights", "w");
  check_bits(bits, "dorefa_weights");
  check(w.numel() > 0, "dorefa_weights", "w must have a weight");
  check_no_nan(w, "dorefa_weights", "w");
  const double top = std::exp2(static_cast<double>(bits)) - 1;
  const auto t = w.detach().tanh();
  const auto most = t.abs().max();
  // All weights 0: every quotient is 0, not NaN.
  const auto share = t / at::where(most > 0, most, at::ones_like(most));
  const auto value = nearest((share + 1) * (top / 2)) * (2 / top) - 1;
  if (!at::GradMode::is_enabled() || !w.requires_grad()) return value;
  const auto slope = (1 - t * t) / most;
  check(all_finite(slope), "dorefa_weights",
        "w must not be 0 everywhere, where there is no gradient, but max |w| "
        "is " +
            number_text(most.item<double>()));
  return straight_through(w, value, slope);
}

const std::vector<Quantizer>& quantizers() {
  static const auto records = make_quantizers();
  return records;
}

const std::vector<Parameter>& quantizer_parameters() {
  static const auto parameters = make_parameters();
  return parameters;
}

QuantizerOptions read_quantizer(const Arguments& arguments) {
  const auto& form = arguments.text("form");
  const auto& records = quantizers();
  const auto record =
      std::find_if(records.begin(), records.end(),
                   [&](const Quantizer& q) { return q.name == form; });
  check(record != records.end(), "quantize", "unknown form '" + form + "'");
  const auto& reads = record->parameters;
  for (const auto& parameter : quantizer_parameters()) {
    const auto& name = parameter.name;
    check(name == "form" || is_default(parameter, arguments) ||
              std::find(reads.begin(), reads.end(), name) != reads.end(),
          "quantize",
          form + " does not read " + name + "; it reads " + join(reads));
  }
  return record->read(arguments);
}

}  // namespace signet
