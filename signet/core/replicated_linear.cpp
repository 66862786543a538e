#include "signet/core/replicated_linear.h"

#include <algorithm>

#include "signet/core/checks.h"
#include "signet/core/kernels/level.h"
#include "signet/core/kernels/parallel.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// How rows [(K,) (R,) B, columns] lie in memory.
struct Layout {
  explicit Layout(const Tensor& rows, int64_t replicates)
      : replicates(replicates),
        samples(rows.dim() == 4 ? rows.size(0) : 1),
        rows(rows.size(-2)),
        columns(rows.size(-1)),
        replicate_stride(rows.dim() == 2 ? 0 : this->rows * columns) {}

  int64_t sample_stride() const { return replicates * replicate_stride; }

  int64_t replicates, samples, rows, columns, replicate_stride;
};

/// Multiplications that are worth a thread.
constexpr int64_t kGrain = 1 << 15;

int64_t grain(int64_t multiplications) {
  return std::max<int64_t>(1, kGrain / std::max<int64_t>(1, multiplications));
}

/// x [(K,) (R,) B, i] times W, or its transpose: [(K,) R, B, o].
Tensor product(const Tensor& x, const Tensor& weight, const Tensor& bias,
               bool transposed) {
  const int64_t replicates = weight.size(0);
  const int64_t inputs = weight.size(transposed ? 1 : 2);
  const int64_t outputs = weight.size(transposed ? 2 : 1);
  const Layout in(x, replicates);
  auto shape = x.sizes().vec();
  if (x.dim() == 2) shape.insert(shape.begin(), replicates);
  shape.back() = outputs;
  auto y = at::empty(shape, x.options());
  const Layout out(y, replicates);
  const float* from = x.data_ptr<float>();
  const float* w = weight.data_ptr<float>();
  const float* b = bias.defined() ? bias.data_ptr<float>() : nullptr;
  float* to = y.data_ptr<float>();
  const auto kernel = kernels::level().product;
  kernels::for_each_part(
      in.samples * replicates, grain(in.rows * inputs * outputs),
      [&](int64_t begin, int64_t end) {
        for (int64_t n = begin; n < end; ++n) {
          const int64_t r = n % replicates, k = n / replicates;
          const kernels::SmallMatrix matrix{w + r * inputs * outputs, inputs,
                                            outputs, transposed ? outputs : 1,
                                            transposed ? 1 : inputs};
          kernel(in.rows, matrix, b ? b + r * outputs : nullptr,
                 from + k * in.sample_stride() + r * in.replicate_stride,
                 to + k * out.sample_stride() + r * out.replicate_stride);
        }
      });
  return y;
}

/// sum over K and B of g x^T: [R, columns of g, columns of x].
Tensor outer(const Tensor& g, const Tensor& x, int64_t replicates) {
  const Layout left(g, replicates), right(x, replicates);
  auto sum = at::empty({replicates, left.columns, right.columns}, g.options());
  const float* gs = g.data_ptr<float>();
  const float* xs = x.data_ptr<float>();
  float* to = sum.data_ptr<float>();
  const int64_t samples = std::max(left.samples, right.samples);
  const int64_t size = left.columns * right.columns;
  const auto kernel = kernels::level().outer;
  kernels::for_each_part(replicates, grain(samples * left.rows * size),
                         [&](int64_t begin, int64_t end) {
                           for (int64_t r = begin; r < end; ++r) {
                             kernel(samples, left.rows,
                                    {gs + r * left.replicate_stride,
                                     left.columns, left.sample_stride()},
                                    {xs + r * right.replicate_stride,
                                     right.columns, right.sample_stride()},
                                    to + r * size);
                           }
                         });
  return sum;
}

struct ReplicatedLinear : torch::autograd::Function<ReplicatedLinear> {
  static Tensor forward(AutogradContext* context, const Tensor& x,
                        const Tensor& weight, const Tensor& bias,
                        bool has_bias) {
    const auto rows = x.contiguous(), matrices = weight.contiguous();
    context->save_for_backward({rows, matrices});
    context->saved_data["bias"] = has_bias;
    context->saved_data["x"] = x.requires_grad();
    return product(rows, matrices, has_bias ? bias.contiguous() : Tensor(),
                   false);
  }

  static variable_list backward(AutogradContext* context,
                                variable_list gradient) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1];
    const bool has_bias = context->saved_data["bias"].toBool();
    // A derivative of the derivative is asked for: let autograd see the sums.
    const bool differentiable = at::GradMode::is_enabled();
    const auto g = gradient[0].contiguous();
    const int64_t replicates = weight.size(0);
    Tensor dx, dw, db;
    if (differentiable) {
      dx = at::matmul(g, weight).sum_to_size(x.sizes());
      dw = at::matmul(g.transpose(-1, -2), x).sum_to_size(weight.sizes());
      if (has_bias) db = g.sum(-2).sum_to_size({replicates, weight.size(1)});
      return {dx, dw, db, Tensor()};
    }
    if (context->saved_data["x"].toBool())
      dx = product(g, weight, {}, true).sum_to_size(x.sizes());
    dw = outer(g, x, replicates);
    if (has_bias) {
      db = outer(at::ones({g.size(-2), 1}, g.options()), g, replicates)
               .squeeze(1);
    }
    return {dx, dw, db, Tensor()};
  }
};

bool has_kernel(const Tensor& x, const Tensor& weight) {
  const auto is_float = [](const Tensor& t) {
    return t.is_cpu() && t.scalar_type() == at::kFloat;
  };
  return is_float(x) && is_float(weight) && x.dim() <= 4 &&
         (x.dim() == 2 || x.size(-3) == weight.size(0)) &&
         weight.size(1) <= kernels::kMaxSide &&
         weight.size(2) <= kernels::kMaxSide && weight.numel() > 0;
}

}  // namespace

Tensor replicated_linear(const Tensor& x, const Tensor& weight,
                         const Tensor& bias) {
  check_floating(x, "replicated_linear", "x");
  check(weight.dim() == 3, "replicated_linear",
        "weight must be [R, outputs, inputs], but got " +
            shape_text(weight.sizes()));
  check(x.dim() >= 2 && x.size(-1) == weight.size(2), "replicated_linear",
        "x must be [..., " + std::to_string(weight.size(2)) + "], but got " +
            shape_text(x.sizes()));
  check(!bias.defined() || bias.sizes() == weight.sizes().slice(0, 2),
        "replicated_linear",
        "bias must be " + shape_text(weight.sizes().slice(0, 2)) +
            ", but got " + (bias.defined() ? shape_text(bias.sizes()) : ""));
  if (!has_kernel(x, weight))
    return replicated_linear_reference(x, weight, bias);
  // A Function wants every tensor defined.
  const bool has_bias = bias.defined();
  return ReplicatedLinear::apply(x, weight, has_bias ? bias : weight, has_bias);
}

Tensor replicated_linear_reference(const Tensor& x, const Tensor& weight,
                                   const Tensor& bias) {
  const auto y = at::matmul(x, weight.transpose(-1, -2));
  return bias.defined() ? y + bias.unsqueeze(-2) : y;
}

}  // namespace signet
