// What drawing the units of 784-1024-1024-10 costs at batch 1, in passes of the
// same network that draws nothing, measured in turn. See README.md.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "signet/runtime/model.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {
namespace {

using Engine = std::mt19937_64;

/// Random weights; logits of unit size.
ModelDescription random_perceptron(Engine& engine, NoiseFamily noise) {
  ModelDescription model{.name = "bench", .inputs = 784};
  const std::int64_t widths[] = {784, 1024, 1024, 10};
  for (int i = 0; i < 3; ++i) {
    const std::int64_t inputs = widths[i], outputs = widths[i + 1];
    BinaryLinear layer{
        .inputs = inputs,
        .outputs = outputs,
        .input = i == 0 ? InputEncoding::pixels : InputEncoding::signs};
    layer.weights.resize(outputs * words_for(inputs));
    for (std::size_t w = 0; w < layer.weights.size(); ++w) {
      const bool last = (w + 1) % words_for(inputs) == 0;
      layer.weights[w] = engine() >> (last ? -inputs & 63 : 0);
    }
    const float scale = i == 0 ? 2e-4F : 3e-2F;
    layer.output = Thresholds{std::vector<std::int32_t>(outputs, 0)};
    if (i == 2) {
      layer.output = Scores{std::vector<float>(outputs, scale),
                            std::vector<float>(outputs, 0)};
    }
    model.layers.push_back(layer);
    model.sampled.push_back({.noise = i == 2 ? NoiseFamily::none : noise,
                             .scale = std::vector<float>(outputs, scale),
                             .offset = std::vector<float>(outputs, 0)});
  }
  return model;
}

/// Seconds of the fastest of some runs of `body`.
template <class Body>
double fastest(int runs, const Body& body) {
  using Clock = std::chrono::steady_clock;
  double best = 1e9;
  for (int i = 0; i < runs; ++i) {
    const auto start = Clock::now();
    body();
    best = std::min(
        best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

void sampling_bench(benchmark::State& state, Isa isa, NoiseFamily noise,
                    std::int64_t samples) {
  Engine engine(1);
  const auto model =
      Model::from_description(random_perceptron(engine, noise), {.isa = isa});
  if (!model) return state.SkipWithError(model.error().message.c_str());
  auto workspace = Workspace::create(*model);
  std::vector<std::uint8_t> pixels(784);
  for (auto& pixel : pixels) pixel = static_cast<std::uint8_t>(engine());
  std::vector<std::int32_t> label(1);
  std::vector<float> probabilities(10), entropy(1), mutual_information(1);
  const auto pass = [&] {
    benchmark::DoNotOptimize(model->classify(pixels, 1, *workspace, label));
  };
  const auto sample = [&] {
    benchmark::DoNotOptimize(
        model->sample(pixels, 1, {.samples = samples}, *workspace,
                      {probabilities, entropy, mutual_information}));
  };
  std::vector<double> ratios;
  for (auto _ : state) {
    const double one = fastest(50, pass), all = fastest(20, sample);
    state.SetIterationTime(all);
    ratios.push_back(all / one);
  }
  std::nth_element(ratios.begin(), ratios.begin() + ratios.size() / 2,
                   ratios.end());
  state.counters["passes"] = ratios[ratios.size() / 2];
}

}  // namespace
}  // namespace signet::runtime

int main(int argc, char** argv) {
  using namespace signet::runtime;
  for (const auto isa : available_isas()) {
    for (int f = 1; f < kNoiseFamilies; ++f) {
      const auto noise = static_cast<NoiseFamily>(f);
      const auto name =
          std::string(isa_name(isa)) + "/" + noise_name(noise) + "/samples:16";
      benchmark::RegisterBenchmark(name.c_str(), sampling_bench, isa, noise, 16)
          ->Unit(benchmark::kMicrosecond)
          ->UseManualTime()
          ->Iterations(isa == Isa::scalar ? 3 : 200);
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
