// Times of single layers, of the perceptron 784-1024-1024-10 and of vgg28, on
// every level of this machine. See README.md beside this file for how to run
// it.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "signet/runtime/layers/binary_conv.h"
#include "signet/runtime/layers/binary_linear.h"
#include "signet/runtime/layers/max_pool.h"
#include "signet/runtime/model.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {
namespace {

using Engine = std::mt19937_64;

std::vector<std::uint64_t> random_rows(Engine& engine, std::int64_t rows,
                                       std::int64_t n) {
  std::vector<std::uint64_t> words(rows * words_for(n));
  for (auto& word : words) word = engine();
  if (n % 64 != 0) {
    const std::uint64_t used = (std::uint64_t{1} << n % 64) - 1;
    for (std::int64_t j = 1; j <= rows; ++j) {
      words[j * words_for(n) - 1] &= used;
    }
  }
  return words;
}

BinaryLinear random_layer(Engine& engine, InputEncoding input,
                          std::int64_t inputs, std::int64_t outputs) {
  return {.inputs = inputs,
          .outputs = outputs,
          .input = input,
          .weights = random_rows(engine, outputs, inputs),
          .output = Thresholds{std::vector<std::int32_t>(outputs, 0)}};
}

/// 3 x 3, padded by zeros.
BinaryConv random_conv(Engine& engine, InputEncoding input, const MapShape& in,
                       std::int64_t outputs) {
  BinaryConv layer{.in = in,
                   .outputs = outputs,
                   .window = {.height = 3, .width = 3, .stride = 1, .pad = 1},
                   .input = input};
  layer.weights = random_rows(engine, outputs, layer.patch());
  layer.thresholds.values.resize(outputs);
  return layer;
}

MaxPool pool_of(const MapShape& in) {
  return {.in = in, .window = {.height = 2, .width = 2, .stride = 2}};
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

/// One layer on an image.
template <class Layer>
void image_bench(benchmark::State& state, Isa isa, const Layer& layer,
                 std::int64_t macs) {
  const auto packed = pack_layer(layer, isa);
  const MapShape in = input_shape(layer), out = output_shape(layer);
  Engine engine(1);
  // As many bytes as pixels need, more than words.
  const auto image = random_rows(engine, in.pixels(), 8 * in.channels);
  std::vector<std::uint64_t> bits(out.pixels() * words_for(out.channels));
  AlignedBuffer scratch(scratch_bytes(packed));
  for (auto _ : state) {
    layer_bits(packed, image.data(), 1, scratch.data(), bits.data());
    benchmark::ClobberMemory();
  }
  set_rates(state, macs, "");
}

BinaryLinear ten_scores(Engine& engine, std::int64_t inputs) {
  auto layer = random_layer(engine, InputEncoding::signs, inputs, 10);
  layer.output = Scores{std::vector<float>(10, 1), std::vector<float>(10, 0)};
  return layer;
}

ModelDescription perceptron(InputEncoding input) {
  Engine engine(1);
  return {.name = "perceptron",
          .inputs = 784,
          .layers = {random_layer(engine, input, 784, 1024),
                     random_layer(engine, InputEncoding::signs, 1024, 1024),
                     ten_scores(engine, 1024)}};
}

ModelDescription vgg28() {
  Engine engine(1);
  const auto signs = InputEncoding::signs;
  return {
      .name = "vgg28",
      .inputs = 784,
      .layers = {
          random_conv(engine, InputEncoding::pixels, {28, 28, 1}, 64),
          random_conv(engine, signs, {28, 28, 64}, 64), pool_of({28, 28, 64}),
          random_conv(engine, signs, {14, 14, 64}, 128),
          random_conv(engine, signs, {14, 14, 128}, 128),
          pool_of({14, 14, 128}), random_layer(engine, signs, 7 * 7 * 128, 512),
          ten_scores(engine, 512)}};
}

/// Bytes in, labels out.
void network_bench(benchmark::State& state, Isa isa,
                   const ModelDescription& description, std::int64_t batch) {
  const auto model = Model::from_description(description, {.isa = isa});
  if (!model) return state.SkipWithError(model.error().message.c_str());
  auto workspace = Workspace::create(*model, batch);
  Engine engine(2);
  const auto inputs = random_bytes(engine, batch * description.inputs);
  std::vector<std::int32_t> labels(batch);
  for (auto _ : state) {
    if (!model->classify(inputs, batch, *workspace, labels)) return;
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
  const auto conv = [&](InputEncoding input, const MapShape& in, int outputs) {
    Engine engine(1);
    const auto layer = random_conv(engine, input, in, outputs);
    const std::string name =
        level + "/conv/" + to_string(in) + "->" + std::to_string(outputs);
    const std::int64_t macs = in.pixels() * layer.patch() * outputs;
    benchmark::RegisterBenchmark(name.c_str(), image_bench<BinaryConv>, isa,
                                 layer, macs)
        ->Unit(benchmark::kMicrosecond);
  };
  conv(InputEncoding::pixels, {28, 28, 1}, 64);
  conv(InputEncoding::pixels, {32, 32, 3}, 64);
  conv(InputEncoding::signs, {28, 28, 64}, 64);
  conv(InputEncoding::signs, {56, 56, 64}, 64);
  conv(InputEncoding::signs, {14, 14, 256}, 256);
  conv(InputEncoding::signs, {7, 7, 512}, 512);
  benchmark::RegisterBenchmark((level + "/pool/28x28x64").c_str(),
                               image_bench<MaxPool>, isa, pool_of({28, 28, 64}),
                               0)
      ->Unit(benchmark::kMicrosecond);
  const auto network = [&](const char* what,
                           const ModelDescription& description) {
    for (const int batch : {1, 64}) {
      const auto name = level + "/" + what + "/batch:" + std::to_string(batch);
      benchmark::RegisterBenchmark(name.c_str(), network_bench, isa,
                                   description, batch)
          ->Unit(benchmark::kMicrosecond);
    }
  };
  network("784-1024-1024-10", perceptron(InputEncoding::pixels));
  network("784-1024-1024-10-of-signs", perceptron(InputEncoding::signs));
  network("vgg28", vgg28());
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
