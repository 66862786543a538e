#include "signet/core/max_pool.h"

#include <algorithm>

#include "signet/core/channel_map.h"
#include "signet/core/checks.h"
#include "signet/core/kernels/parallel.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

/// Calls body(index of the first pixel of two rows, index of the row of
/// windows below them) on all rows of windows.
template <class Body>
void for_each_row(const Tensor& x, const Tensor& windows, const Body& body) {
  const int64_t height = windows.size(1), width = windows.size(2);
  const int64_t elements = 4 * std::max<int64_t>(1, width * windows.size(3));
  kernels::for_each_part(
      windows.size(0) * height, std::max<int64_t>(1, (1 << 15) / elements),
      [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t row = i / height * x.size(1) + i % height * 2;
          body(row * x.size(2), i * width);
        }
      });
}

struct MaxPoolByTwo : torch::autograd::Function<MaxPoolByTwo> {
  static Tensor forward(torch::autograd::AutogradContext* context,
                        const Tensor& x) {
    context->save_for_backward({x});
    const int64_t channels = x.size(3), row = x.size(2) * channels;
    auto y = torch::empty({x.size(0), x.size(1) / 2, x.size(2) / 2, channels},
                          x.options().requires_grad(false));
    with_numbers(x, [&]<class Number>(const Number* from) {
      Number* out = numbers<Number>(y);
      const auto pool = kernels::level().channels<Number>().max_pool;
      for_each_row(x, y, [&](int64_t pixel, int64_t window) {
        const Number* top = from + pixel * channels;
        pool(y.size(2), channels, top, top + row, out + window * channels);
      });
    });
    return y;
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context,
      torch::autograd::variable_list gradients) {
    const auto x = context->get_saved_variables()[0];
    const auto g = gradients[0].contiguous();
    const int64_t channels = x.size(3), row = x.size(2) * channels;
    // Rows and columns of no window get nothing.
    const bool covered = x.size(1) % 2 == 0 && x.size(2) % 2 == 0;
    auto result = covered ? torch::empty(x.sizes(), x.options())
                          : torch::zeros(x.sizes(), x.options());
    with_numbers(x, [&]<class Number>(const Number* from) {
      const Number* by = numbers<Number>(g);
      Number* out = numbers<Number>(result);
      const auto pool = kernels::level().channels<Number>().max_pool_gradient;
      for_each_row(x, g, [&](int64_t pixel, int64_t window) {
        const Number* top = from + pixel * channels;
        Number* to = out + pixel * channels;
        pool(g.size(2), channels, top, top + row, by + window * channels, to,
             to + row);
      });
    });
    return {result};
  }
};

}  // namespace

at::Tensor max_pool(const at::Tensor& x, int64_t size, int64_t stride) {
  check_floating(x, "max_pool", "x");
  check(x.dim() == 4, "max_pool",
        "x must be [B, H, W, C], but got " + shape_text(x.sizes()));
  check(size > 0 && stride > 0 && x.size(1) >= size && x.size(2) >= size,
        "max_pool",
        "x must have room for a window of " + std::to_string(size) +
            " pixels, but got " + shape_text(x.sizes()));
  const bool has_kernel =
      size == 2 && stride == 2 && x.is_cpu() &&
      (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
  if (has_kernel) return MaxPoolByTwo::apply(x.contiguous());
  return at::max_pool2d(x.permute({0, 3, 1, 2}), size, stride)
      .permute({0, 2, 3, 1})
      .contiguous();
}

}  // namespace signet
