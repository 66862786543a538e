#include "signet/core/states.h"

#include "signet/core/torch.h"

namespace signet {
namespace {

/// Bits `offset` .. of the numbers, as units of the shape of `layer`.
Tensor units_of(const PathLayer& layer, const Tensor& loss,
                const Tensor& numbers, int64_t offset) {
  const auto& x = layer.x;
  const int64_t n = x.numel() / loss.numel();
  const auto shifts = torch::arange(offset, offset + n, numbers.options());
  const auto bits =
      numbers.unsqueeze(1).bitwise_right_shift(shifts).bitwise_and(1);
  std::vector<int64_t> shape(x.dim() + 1, 1), full{numbers.size(0)};
  shape[0] = numbers.size(0);
  for (int64_t axis = 0; axis < x.dim(); ++axis) {
    if (axis >= loss.dim()) shape[axis + 1] = x.size(axis);
    full.push_back(x.size(axis));
  }
  return (bits.to(x.scalar_type()) * layer.width() + layer.low())
      .view(shape)
      .expand(full);
}

Tensor numbers(const Tensor& like, int64_t first, int64_t count) {
  return torch::arange(
      first, first + count,
      torch::TensorOptions(torch::kInt64).device(like.device()));
}

Path probe(const Objective& objective) {
  torch::NoGradGuard no_grad;
  return run_path(objective, Random(0));
}

}  // namespace

StateSpace::StateSpace(const Objective& objective) : probe_(probe(objective)) {}

int64_t StateSpace::units(size_t l) const {
  return probe_.layers[l].x.numel() / probe_.loss.numel();
}

int64_t StateSpace::units() const {
  int64_t sum = 0;
  for (size_t l = 0; l < layers(); ++l) sum += units(l);
  return sum;
}

Tensor StateSpace::layer_states(size_t l, int64_t first, int64_t count) const {
  const auto& layer = probe_.layers[l];
  return units_of(layer, probe_.loss, numbers(layer.x, first, count), 0);
}

std::vector<Tensor> StateSpace::states(int64_t first, int64_t count) const {
  std::vector<Tensor> all;
  int64_t offset = 0;
  for (size_t l = 0; l < layers(); ++l) {
    const auto& layer = probe_.layers[l];
    all.push_back(
        units_of(layer, probe_.loss, numbers(layer.x, first, count), offset));
    offset += units(l);
  }
  return all;
}

Tensor state_log_probability(const Path& path) {
  auto sum = torch::zeros_like(path.loss);
  for (const auto& layer : path.layers) {
    sum = sum +
          sum_units(log_prob(*layer.units.noise, layer.logits, layer.is_high()),
                    path.loss);
  }
  return sum;
}

Tensor partial_expectation(const Objective& objective, const StateSpace& space,
                           int64_t first, int64_t count) {
  auto path =
      run_path(objective, Random(0), {.given = space.states(first, count)});
  // A loss that sees no unit has no axis of states.
  auto shape = space.examples().vec();
  shape.insert(shape.begin(), count);
  path.loss = path.loss.expand(shape);
  return (state_log_probability(path).exp() * path.loss).sum(0);
}

}  // namespace signet
