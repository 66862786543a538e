// Times of single layers and of the whole 784-1024-1024-10 perceptron, on every
// level of this machine. See README.md beside this file for how to run it.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "signet/runtime/layers/binary_linear.h"
#include "signet/runtime/model.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {
namespace {

using Engine = std::mt19937_64;

BinaryLinear random_layer(Engine& engine, InputEncoding input,
                          std::int64_t inputs, std::int64_t outputs) {
  BinaryLinear layer{.inputs = inputs, .outputs = outputs, .input = input};
  layer.weights.resize(outputs * words_for(inputs));
  for (auto& word : layer.weights) word = engine();
  if (inputs % 64 != 0) {
    const std::uint64_t used = (std::uint64_t{1} << inputs % 64) - 1;
    for (std::int64_t j = 1; j <= outputs; ++j) {
      layer.weights[j * words_for(inputs) - 1] &= used;
    }
  }
  layer.output = Thresholds{std::vector<std::int32_t>(outputs, 0)};
  return layer;
}

std::vector<std::uint8_t> random_bytes(Engine& engine, std::int64_t count) {
  std::vector<std::uint8_t> bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(engine());
  return bytes;
}

void set_rates(benchmark::State& state, std::int64_t macs,
               const std::string& kernel) {
  state.SetLabel(kernel);
  state.counters["GMAC/s"] =
      benchmark::Counter(static_cast<double>(macs) * 1e-9,
                         benchmark::Counter::kIsIterationInvariantRate);
}

/// One hidden layer: inputs in, packed bits out.
void layer_bench(benchmark::State& state, Isa isa, InputEncoding input,
                 std::int64_t rows, std::int64_t inputs, std::int64_t outputs) {
  Engine engine(1);
  const auto layer =
      pack_layer(random_layer(engine, input, inputs, outputs), isa);
  AlignedBuffer in(rows * words_for(inputs) * 64);
  const auto bytes = random_bytes(engine, rows * inputs);
  if (input == InputEncoding::pixels) {
    std::memcpy(in.data(), bytes.data(), bytes.size());
  } else {
    std::vector<std::uint8_t> coins(bytes);
    for (auto& byte : coins) byte &= 1;
    pack_rows(coins.data(), rows, inputs,
              static_cast<std::uint64_t*>(in.data()));
  }
  AlignedBuffer out(rows * words_for(outputs) * 8);
  AlignedBuffer scratch(scratch_bytes(layer) + 64);
  for (auto _ : state) {
    layer_bits(layer, in.data(), rows, scratch.data(),
               static_cast<std::uint64_t*>(out.data()));
    benchmark::ClobberMemory();
  }
  set_rates(state, rows * inputs * outputs, layer.chosen.kernel->name);
}

/// 784-1024-1024-10: pixels in, labels out.
void network_bench(benchmark::State& state, Isa isa, std::int64_t batch) {
  Engine engine(1);
  ModelDescription description{.name = "bench", .inputs = 784};
  description.layers = {random_layer(engine, InputEncoding::pixels, 784, 1024),
                        random_layer(engine, InputEncoding::signs, 1024, 1024),
                        random_layer(engine, InputEncoding::signs, 1024, 10)};
  std::get<BinaryLinear>(description.layers.back()).output =
      Scores{std::vector<float>(10, 1), std::vector<float>(10, 0)};
  const auto model = Model::from_description(description, {.isa = isa});
  if (!model) return state.SkipWithError(model.error().message.c_str());
  auto workspace = Workspace::create(*model, batch);
  const auto pixels = random_bytes(engine, batch * 784);
  std::vector<std::int32_t> labels(batch);
  for (auto _ : state) {
    if (!model->classify(pixels, batch, *workspace, labels)) return;
    benchmark::ClobberMemory();
  }
  std::int64_t macs = 0;
  for (const auto& layer : model->info().layers) macs += layer.macs;
  set_rates(state, batch * macs, std::string(isa_name(model->isa())));
}

void register_level(Isa isa) {
  const std::string level(isa_name(isa));
  const auto layer = [&](const char* what, InputEncoding input, int rows,
                         int inputs, int outputs) {
    const std::string shape = std::to_string(rows) + "x" +
                              std::to_string(inputs) + "x" +
                              std::to_string(outputs);
    benchmark::RegisterBenchmark((level + "/" + what + "/" + shape).c_str(),
                                 layer_bench, isa, input, rows, inputs, outputs)
        ->Unit(benchmark::kMicrosecond);
  };
  layer("pixels", InputEncoding::pixels, 1, 784, 1024);
  layer("pixels", InputEncoding::pixels, 64, 784, 1024);
  layer("signs", InputEncoding::signs, 1, 1024, 1024);
  layer("signs", InputEncoding::signs, 1, 4096, 4096);
  layer("signs", InputEncoding::signs, 8, 1024, 1024);
  layer("signs", InputEncoding::signs, 50, 784, 200);
  layer("signs", InputEncoding::signs, 64, 1024, 1024);
  for (const int batch : {1, 64}) {
    const auto name =
        level + "/784-1024-1024-10/batch:" + std::to_string(batch);
    benchmark::RegisterBenchmark(name.c_str(), network_bench, isa, batch)
        ->Unit(benchmark::kMicrosecond);
  }
}

}  // namespace
}  // namespace signet::runtime

int main(int argc, char** argv) {
  for (const auto isa : signet::runtime::available_isas()) {
    signet::runtime::register_level(isa);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
