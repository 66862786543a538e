#include "signet/core/straight_through.h"

#include "signet/core/draw_units.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

struct StraightThrough : torch::autograd::Function<StraightThrough> {
  static Tensor forward(torch::autograd::AutogradContext* context,
                        const Tensor& logits, const Tensor& x, int64_t noise,
                        double scale) {
    context->save_for_backward({logits});
    context->saved_data["noise"] = noise;
    context->saved_data["scale"] = scale;
    return x;
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context,
      torch::autograd::variable_list gradients) {
    const auto* noise =
        reinterpret_cast<const Noise*>(context->saved_data["noise"].toInt());
    return {
        proxy_gradient(context->get_saved_variables()[0], *noise,
                       context->saved_data["scale"].toDouble(), gradients[0]),
        {},
        {},
        {}};
  }
};

struct TimesFactor : torch::autograd::Function<TimesFactor> {
  static Tensor forward(torch::autograd::AutogradContext* context,
                        const Tensor&, const Tensor& x, const Tensor& factor) {
    context->save_for_backward({factor});
    return x;
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context,
      torch::autograd::variable_list gradients) {
    return {gradients[0] * context->get_saved_variables()[0], {}, {}};
  }
};

}  // namespace

Tensor straight_through(const Tensor& logits, const Tensor& x,
                        const Noise& noise, double scale) {
  return StraightThrough::apply(logits, x, reinterpret_cast<int64_t>(&noise),
                                scale);
}

Tensor straight_through(const Tensor& logits, const Tensor& x,
                        const Tensor& factor) {
  return TimesFactor::apply(logits, x, factor);
}

}  // namespace signet
