#include "signet/core/scale_units.h"

#include <algorithm>

#include "signet/core/checks.h"
#include "signet/core/kernels/level.h"
#include "signet/core/kernels/parallel.h"
#include "signet/core/torch.h"

namespace signet {

at::Tensor scale_units(const at::Tensor& per_unit,
                       const at::Tensor& per_example) {
  const auto examples = per_example.sizes();
  check(per_unit.sizes().slice(
            0, std::min<size_t>(per_unit.dim(), examples.size())) == examples,
        "scale_units",
        "per_unit must be [E, ...] with E = " + shape_text(examples) +
            ", but got " + shape_text(per_unit.sizes()));
  const auto is_float = [](const at::Tensor& t) {
    return t.is_cpu() && t.scalar_type() == at::kFloat &&
           !(at::GradMode::is_enabled() && t.requires_grad());
  };
  if (!is_float(per_unit) || !is_float(per_example)) {
    auto shape = examples.vec();
    shape.resize(per_unit.dim(), 1);
    return per_unit * per_example.reshape(shape);
  }
  const auto values = per_unit.contiguous(), factors = per_example.contiguous();
  auto result = at::empty(values.sizes(), values.options());
  const int64_t rows = factors.numel();
  if (result.numel() == 0) return result;
  const int64_t columns = result.numel() / rows;
  const float* in = values.data_ptr<float>();
  const float* by = factors.data_ptr<float>();
  float* out = result.data_ptr<float>();
  const auto scale = kernels::level().scale;
  constexpr int64_t kGrain = 1 << 15;  // elements that are worth a thread
  kernels::for_each_part(rows, std::max<int64_t>(1, kGrain / columns),
                         [&](int64_t begin, int64_t end) {
                           scale(end - begin, columns, by + begin,
                                 in + begin * columns, out + begin * columns);
                         });
  return result;
}

}  // namespace signet
