// A layer of units behind batch norm, 100 x 28 x 28 pixels of 64 channels
// (5 M values), stage by stage, in float and in bfloat16, and the same by ATen:
// at::batch_norm on channels-last rows in float, then draw and proxy gradient
// of their own. `bytes` are those that must move through memory: what each
// pass reads and writes, once. One thread:
//   taskset -c 1 bench_core_normalized_units

#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <torch/csrc/autograd/autograd.h>

#include <string>

#include "signet/core/draw_units.h"
#include "signet/core/max_pool.h"
#include "signet/core/normalized_units.h"
#include "signet/core/random.h"
#include "signet/core/torch.h"

namespace {

using at::Tensor;
using signet::NormalizedLogits;

constexpr int64_t kRows = 100 * 28 * 28, kChannels = 64;
constexpr double kEpsilon = 1e-5;
const signet::RandomStream kStream{.seed = 1};
const signet::UnitOptions kUnits;

struct Layer {
  explicit Layer(at::ScalarType type)
      : x((signet::RandomStream{.seed = 2}.uniform({kRows, kChannels}) * 9 - 3)
              .to(type)
              .requires_grad_()),
        weight(at::ones({kChannels}).requires_grad_()),
        bias(at::zeros({kChannels}).requires_grad_()),
        grad((signet::RandomStream{.seed = 3}.uniform({kRows, kChannels}) - 0.5)
                 .to(type)) {}

  Tensor x, weight, bias, grad;
};

NormalizedLogits normalized(const Layer& layer) {
  return signet::normalized_logits(layer.x, layer.weight, layer.bias,
                                   signet::channel_moments(layer.x), kEpsilon);
}

Tensor fused(const Layer& layer) {
  return signet::fused_units(normalized(layer), kUnits, kStream);
}

Tensor deterministic(const Layer& layer) {
  return signet::deterministic_units(normalized(layer), kUnits);
}

void report(benchmark::State& state, const Tensor& x, double passes) {
  state.SetBytesProcessed(
      static_cast<int64_t>(state.iterations() * x.nbytes() * passes));
}

void moments(benchmark::State& state, at::ScalarType type) {
  const Layer layer(type);
  for (auto _ : state) signet::channel_moments(layer.x);
  report(state, layer.x, 1);
}

template <class Draw>
void forward(benchmark::State& state, at::ScalarType type, const Draw& draw) {
  at::NoGradGuard no_gradient;
  const Layer layer(type);
  for (auto _ : state) benchmark::DoNotOptimize(draw(layer));
  report(state, layer.x, 3);
}

template <class Draw>
void backward(benchmark::State& state, at::ScalarType type, const Draw& draw) {
  const Layer layer(type);
  const auto y = draw(layer);
  for (auto _ : state) {
    torch::autograd::variable_list leaves{layer.x, layer.weight, layer.bias};
    benchmark::DoNotOptimize(torch::autograd::grad({y}, leaves, {layer.grad},
                                                   /*retain_graph=*/true));
  }
  report(state, layer.x, 5);
}

void aten_forward(benchmark::State& state, at::ScalarType type) {
  at::NoGradGuard no_gradient;
  const Layer layer(type);
  for (auto _ : state) {
    const auto a =
        at::batch_norm(layer.x.to(at::kFloat), layer.weight, layer.bias, {}, {},
                       true, 0.1, kEpsilon, false);
    benchmark::DoNotOptimize(
        signet::draw_units(a, *kUnits.noise, -1, 1, kStream).to(type));
  }
  report(state, layer.x, 3);
}

void aten_backward(benchmark::State& state, at::ScalarType type) {
  const Layer layer(type);
  const auto a = at::batch_norm(layer.x.to(at::kFloat), layer.weight,
                                layer.bias, {}, {}, true, 0.1, kEpsilon, false);
  for (auto _ : state) {
    const auto g = signet::proxy_gradient(a.detach(), *kUnits.noise, 2,
                                          layer.grad.to(at::kFloat));
    torch::autograd::variable_list leaves{layer.x, layer.weight, layer.bias};
    benchmark::DoNotOptimize(
        torch::autograd::grad({a}, leaves, {g}, /*retain_graph=*/true));
  }
  report(state, layer.x, 5);
}

Tensor images(const Layer& layer) {
  return layer.x.view({100, 28, 28, kChannels});
}

Tensor pooled(const Layer& layer) {
  return signet::max_pool(images(layer), 2, 2);
}

Tensor pooled_by_aten(const Layer& layer) {
  return at::max_pool2d(images(layer).permute({0, 3, 1, 2}), 2, 2);
}

void pool_forward(benchmark::State& state, at::ScalarType type, bool mine) {
  // With gradient: ATen then stores where the greatest were.
  const Layer layer(type);
  for (auto _ : state)
    benchmark::DoNotOptimize(mine ? pooled(layer) : pooled_by_aten(layer));
  report(state, layer.x, 1.25);
}

void pool_backward(benchmark::State& state, at::ScalarType type, bool mine) {
  const Layer layer(type);
  const auto y = mine ? pooled(layer) : pooled_by_aten(layer);
  const auto g = at::ones_like(y);
  for (auto _ : state) {
    torch::autograd::variable_list leaves{layer.x};
    benchmark::DoNotOptimize(
        torch::autograd::grad({y}, leaves, {g}, /*retain_graph=*/true));
  }
  report(state, layer.x, 2.25);
}

}  // namespace

int main(int argc, char** argv) {
  at::set_num_threads(1);
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    const auto add = [&](const std::string& name, const auto& run) {
      benchmark::RegisterBenchmark(
          (name + (type == at::kFloat ? "/float" : "/bfloat16")).c_str(),
          [=](benchmark::State& state) { run(state, type); })
          ->Unit(benchmark::kMillisecond);
    };
    add("moments", moments);
    add("forward", [](auto& s, auto t) { forward(s, t, fused); });
    add("forward_mode", [](auto& s, auto t) { forward(s, t, deterministic); });
    add("forward_aten", aten_forward);
    add("backward", [](auto& s, auto t) { backward(s, t, fused); });
    add("backward_aten", aten_backward);
    add("pool", [](auto& s, auto t) { pool_forward(s, t, true); });
    add("pool_aten", [](auto& s, auto t) { pool_forward(s, t, false); });
    add("pool_backward", [](auto& s, auto t) { pool_backward(s, t, true); });
    add("pool_backward_aten",
        [](auto& s, auto t) { pool_backward(s, t, false); });
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
