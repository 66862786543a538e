#include "signet/core/normalized_logits.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "signet/core/channel_map.h"
#include "signet/core/checks.h"
#include "signet/core/kernels/parallel.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

Tensor as_rows(const Tensor& t) { return t.reshape({-1, t.size(-1)}); }

/// The type in which moments and sums of x are.
torch::ScalarType type_of_sums(const Tensor& x) {
  return x.scalar_type() == torch::kDouble ? torch::kDouble : torch::kFloat;
}

bool has_kernels(const Tensor& x) {
  return x.is_cpu() && x.dim() > 0 &&
         (x.scalar_type() == torch::kFloat ||
          x.scalar_type() == torch::kBFloat16);
}

/// Sums over rows, in chunks of a fixed number of rows whose sums are added in
/// their order: add(first row, rows, sums) adds to `sums`, of size 2 channels.
template <class Add>
std::vector<double> sums_of_channels(int64_t rows, int64_t channels,
                                     const Add& add) {
  const int64_t chunk = std::max<int64_t>(64, (1 << 16) / channels);
  const int64_t chunks = (rows + chunk - 1) / chunk, size = 2 * channels;
  std::vector<double> sums(chunks * size);
  kernels::for_each_part(chunks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      add(i * chunk, std::min(chunk, rows - i * chunk), &sums[i * size]);
    }
  });
  for (int64_t i = 1; i < chunks; ++i) {
    for (int64_t j = 0; j < size; ++j) sums[j] += sums[i * size + j];
  }
  sums.resize(size);
  return sums;
}

ChannelMoments moments_by_kernels(const Tensor& x) {
  const int64_t channels = x.size(-1), rows = x.numel() / channels;
  const auto options = x.options().dtype(torch::kFloat).requires_grad(false);
  ChannelMoments result{torch::empty({channels}, options),
                        torch::empty({channels}, options)};
  float* mean = result.mean.data_ptr<float>();
  float* variance = result.variance.data_ptr<float>();
  with_numbers(x, [&]<class Number>(const Number* from) {
    const auto moments = kernels::level().channels<Number>().moments;
    // The mean of a few rows is near enough to that of all.
    const int64_t some = std::min<int64_t>(rows, 32);
    auto shift = repeated(channels, [](int64_t) { return 0.0; });
    std::vector<double> first(2 * channels);
    moments(some, channels, shift.data(), from, first.data());
    shift = repeated(channels, [&](int64_t c) { return first[c] / some; });
    const auto sums = sums_of_channels(
        rows, channels, [&](int64_t row, int64_t count, double* sums) {
          moments(count, channels, shift.data(), from + row * channels, sums);
        });
    for (int64_t c = 0; c < channels; ++c) {
      const double d = sums[c] / rows;
      const double v = sums[channels + c] / rows - d * d;
      mean[c] = static_cast<float>(shift[c] + d);
      variance[c] = static_cast<float>(v < 0 ? 0 : v);
    }
  });
  return result;
}

/// Gradients with respect to x, weight and bias.
struct Gradients {
  Tensor x, weight, bias;
};

Gradients gradients_by_kernels(const NormalizedLogits& logits,
                               const Tensor& grad, ThresholdKernel kernel,
                               double factor) {
  const auto& x = logits.x;
  const int64_t channels = x.size(-1), rows = x.numel() / channels;
  const ChannelArrays arrays(logits);
  const auto map = arrays.map();
  const auto g = grad.contiguous();
  Gradients result{torch::empty(x.sizes(), x.options()),
                   torch::empty({channels}, logits.mean.options()),
                   torch::empty({channels}, logits.mean.options())};
  const auto inverse_deviation = logits.inverse_deviation.contiguous();
  const float* inverse = inverse_deviation.data_ptr<float>();
  float* weight = result.weight.data_ptr<float>();
  float* bias = result.bias.data_ptr<float>();
  with_numbers(x, [&]<class Number>(const Number* from) {
    const auto& channel_kernels = kernels::level().channels<Number>();
    const Number* by = numbers<Number>(g);
    Number* out = numbers<Number>(result.x);
    const auto scale = static_cast<float>(factor);
    const auto sums = sums_of_channels(
        rows, channels, [&](int64_t row, int64_t count, double* sums) {
          channel_kernels.gradient_sums(kernel, count, map,
                                        from + row * channels, scale,
                                        by + row * channels, sums);
        });
    const double* products = &sums[channels];
    for (int64_t c = 0; c < channels; ++c) {
      weight[c] = static_cast<float>(products[c] * inverse[c]);
      bias[c] = static_cast<float>(sums[c]);
    }
    const auto offset =
        repeated(channels, [&](int64_t c) { return sums[c] / rows; });
    const auto slope = repeated(channels, [&](int64_t c) {
      return products[c] * inverse[c] * inverse[c] / rows;
    });
    kernels::for_each_range(x.numel(), [&](int64_t first, int64_t count) {
      channel_kernels.gradient(kernel, first / kernels::kGroup, count, map,
                               from + first, scale, by + first, offset.data(),
                               slope.data(), out + first);
    });
  });
  return result;
}

/// The same for the logits themselves, by ATen: what the kernels must equal.
Gradients gradients_by_aten(const NormalizedLogits& logits,
                            const Tensor& grad) {
  const auto g = as_rows(grad);
  const auto d = as_rows(logits.x).to(type_of_sums(logits.x)) - logits.mean;
  const auto& inverse = logits.inverse_deviation;
  const auto sum = g.sum(0), products = (g * d).sum(0);
  const auto scale = logits.weight * inverse;
  const auto offset = sum / g.size(0);
  const auto slope = products * inverse * inverse / g.size(0);
  const auto of_x = scale * (g - offset - d * slope);
  return {of_x.view(logits.x.sizes()).to(logits.x.scalar_type()),
          products * inverse, sum};
}

struct ThroughNormalization : torch::autograd::Function<ThroughNormalization> {
  static Tensor forward(torch::autograd::AutogradContext* context,
                        const Tensor& x, const Tensor& weight,
                        const Tensor& bias, const Tensor& mean,
                        const Tensor& inverse_deviation, const Tensor& y,
                        int64_t kernel, double factor) {
    context->save_for_backward({x, weight, bias, mean, inverse_deviation});
    context->saved_data["kernel"] = kernel;
    context->saved_data["factor"] = factor;
    return y;
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context,
      torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const NormalizedLogits logits{saved[0], saved[1], saved[2], saved[3],
                                  saved[4]};
    const auto kernel =
        static_cast<ThresholdKernel>(context->saved_data["kernel"].toInt());
    const auto got =
        has_kernels(logits)
            ? gradients_by_kernels(logits, gradients[0], kernel,
                                   context->saved_data["factor"].toDouble())
            : gradients_by_aten(logits, gradients[0]);
    return {got.x, got.weight, got.bias, {}, {}, {}, {}, {}};
  }
};

Tensor value_by_kernels(const NormalizedLogits& logits) {
  const ChannelArrays arrays(logits);
  auto result = torch::empty(logits.x.sizes(), logits.mean.options());
  const float* from = logits.x.data_ptr<float>();
  float* out = result.data_ptr<float>();
  const auto normalize = kernels::level().normalize;
  kernels::for_each_range(result.numel(), [&](int64_t first, int64_t count) {
    normalize(first / kernels::kGroup, count, arrays.map(), from + first,
              out + first);
  });
  return result;
}

Tensor value_by_aten(const NormalizedLogits& logits) {
  torch::NoGradGuard no_gradient;
  auto a = (logits.x - logits.mean) *
           (logits.weight.defined() ? logits.weight * logits.inverse_deviation
                                    : logits.inverse_deviation);
  return logits.bias.defined() ? a + logits.bias : a;
}

}  // namespace

bool has_kernels(const NormalizedLogits& logits) {
  const auto is_float = [](const Tensor& t) {
    return !t.defined() || (t.is_cpu() && t.scalar_type() == torch::kFloat);
  };
  return has_kernels(logits.x) && is_float(logits.weight) &&
         is_float(logits.bias) && is_float(logits.mean) &&
         is_float(logits.inverse_deviation);
}

ChannelMoments channel_moments(const Tensor& x) {
  check_floating(x, "channel_moments", "x");
  check(x.dim() > 0 && x.numel() > 0, "channel_moments",
        "x must be [..., C] and not empty, but got " + shape_text(x.sizes()));
  torch::NoGradGuard no_gradient;
  if (has_kernels(x)) return moments_by_kernels(x.contiguous());
  const auto rows = as_rows(x).to(type_of_sums(x));
  return {rows.mean(0), rows.var(0, /*unbiased=*/false)};
}

NormalizedLogits normalized_logits(const Tensor& x, const Tensor& weight,
                                   const Tensor& bias,
                                   const ChannelMoments& moments,
                                   double epsilon) {
  check(x.numel() > x.size(-1), "normalized_logits",
        "x must have at least 2 rows, but got " + shape_text(x.sizes()));
  for (const auto& [name, t] :
       {std::pair{"weight", &weight}, std::pair{"bias", &bias}}) {
    check(!t->defined() || t->sizes() == moments.mean.sizes(),
          "normalized_logits",
          std::string(name) + " must be [" + std::to_string(x.size(-1)) +
              "], but got " + (t->defined() ? shape_text(t->sizes()) : ""));
  }
  torch::NoGradGuard no_gradient;
  const auto inverse =
      1 / (moments.variance.to(torch::kDouble) + epsilon).sqrt();
  return {x, weight, bias, moments.mean, inverse.to(moments.mean.dtype())};
}

Tensor NormalizedLogits::value() const {
  auto plain = *this;
  plain.x = x.to(type_of_sums(x)).contiguous();
  const auto a =
      has_kernels(plain) ? value_by_kernels(plain) : value_by_aten(plain);
  return through_normalization(plain, a, ThresholdKernel::probability, 1);
}

Tensor through_normalization(const NormalizedLogits& logits, const Tensor& y,
                             ThresholdKernel kernel, double factor) {
  // LibTorch's functions take no undefined tensors.
  const auto or_constant = [&](const Tensor& t, double value) {
    return t.defined() ? t : torch::full_like(logits.mean, value);
  };
  return ThroughNormalization::apply(logits.x, or_constant(logits.weight, 1),
                                     or_constant(logits.bias, 0), logits.mean,
                                     logits.inverse_deviation, y,
                                     static_cast<int64_t>(kernel), factor);
}

}  // namespace signet
