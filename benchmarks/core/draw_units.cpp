// What it costs to draw the units of a layer, beside the matrix product before
// it, on one thread:
//   taskset -c 1 build/release/bin/bench_core_draw_units
#include "signet/core/draw_units.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "signet/core/kernels/level.h"

namespace signet {
namespace {

constexpr int64_t kBatch = 100, kUnits = 1024;

at::Tensor some_logits() {
  return RandomStream{.seed = 1}.uniform({kBatch, kUnits}) * 6 - 3;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + values.size() / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

template <class Body>
double microseconds(const Body& body) {
  const auto start = std::chrono::steady_clock::now();
  benchmark::DoNotOptimize(body());
  const std::chrono::duration<double, std::micro> time =
      std::chrono::steady_clock::now() - start;
  return time.count();
}

/// Product and draw in turn, so that both see the machine alike; medians.
void draw_beside_product(benchmark::State& state) {
  const auto x = some_logits(), weight = at::rand({kUnits, kUnits}) - 0.5,
             bias = at::zeros({kUnits});
  std::vector<double> product, draw;
  uint32_t step = 0;
  for (auto _ : state) {
    at::Tensor logits;
    product.push_back(
        microseconds([&] { return logits = at::linear(x, weight, bias); }));
    draw.push_back(microseconds([&] {
      return draw_units(logits, logistic_noise(), -1, 1,
                        {.seed = 1, .step = step++});
    }));
  }
  state.counters["product_us"] = median(product);
  state.counters["draw_us"] = median(draw);
  state.counters["ratio"] = median(draw) / median(product);
  state.SetLabel(kernels::level().name);
}
BENCHMARK(draw_beside_product)->Iterations(500)->Unit(benchmark::kMicrosecond);

void draw(benchmark::State& state, const char* family) {
  const auto logits = some_logits();
  const auto& noise = find_noise(family);
  uint32_t step = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        draw_units(logits, noise, -1, 1, {.seed = 1, .step = step++}));
  }
  state.SetItemsProcessed(state.iterations() * logits.numel());
}

void gradient(benchmark::State& state, const char* family) {
  const auto logits = some_logits(), grad = some_logits();
  const auto& noise = find_noise(family);
  for (auto _ : state) {
    benchmark::DoNotOptimize(proxy_gradient(logits, noise, 2, grad));
  }
  state.SetItemsProcessed(state.iterations() * logits.numel());
}

void uniform(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(RandomStream{.seed = 1}.uniform({kBatch, kUnits}));
  }
  state.SetItemsProcessed(state.iterations() * kBatch * kUnits);
}
BENCHMARK(uniform)->Unit(benchmark::kMicrosecond);

/// The same draw as LibTorch's users write it.
void libtorch_bernoulli(benchmark::State& state) {
  const auto logits = some_logits();
  for (auto _ : state) {
    benchmark::DoNotOptimize(at::bernoulli(at::sigmoid(2 * logits)) * 2 - 1);
  }
  state.SetItemsProcessed(state.iterations() * logits.numel());
}
BENCHMARK(libtorch_bernoulli)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace signet

int main(int argc, char** argv) {
  at::set_num_threads(1);
  for (const auto& noise : signet::noise_families()) {
    const char* name = noise.name.c_str();
    benchmark::RegisterBenchmark(("draw/" + noise.name).c_str(), signet::draw,
                                 name)
        ->Unit(benchmark::kMicrosecond);
    benchmark::RegisterBenchmark(("gradient/" + noise.name).c_str(),
                                 signet::gradient, name)
        ->Unit(benchmark::kMicrosecond);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
