#include "signet/runtime/calibrate.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <random>

#include "signet/runtime/kernels/limits.h"
#include "signet/runtime/packed_model.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {
namespace {

using Engine = std::mt19937_64;
using Run = std::function<void()>;

/// Below this a difference is noise.
constexpr double kWorthIt = 1.1;

double seconds_of(const Run& run, int times) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < times; ++i) run();
  const std::chrono::duration<double> taken =
      std::chrono::steady_clock::now() - start;
  return taken.count() / times;
}

/// The least time of each, taken in turn so that a change of clock touches all.
std::vector<double> times_of(const std::vector<Run>& runs) {
  constexpr double kEach = 1e-3, kBudget = 0.5;
  std::vector<double> least;
  std::vector<int> times;
  for (const Run& run : runs) {
    run();
    least.push_back(seconds_of(run, 1));
    times.push_back(1 + static_cast<int>(kEach / (least.back() + 1e-9)));
  }
  double spent = 0;
  while (spent < kBudget) {
    for (std::size_t i = 0; i < runs.size(); ++i) {
      const double one = seconds_of(runs[i], times[i]);
      spent += one * times[i];
      least[i] = std::min(least[i], one);
    }
  }
  return least;
}

std::vector<std::uint64_t> random_rows(Engine& engine, std::int64_t rows,
                                       std::int64_t bits) {
  std::vector<std::uint8_t> bytes(rows * bits);
  for (auto& byte : bytes) byte = engine() >> 32 & 1;
  std::vector<std::uint64_t> words(rows * words_for(bits));
  pack_rows(bytes.data(), rows, bits, words.data());
  return words;
}

BinaryConv conv(Engine& engine, const MapShape& in, std::int64_t outputs) {
  BinaryConv layer{.in = in,
                   .outputs = outputs,
                   .window = {.height = 3, .width = 3, .stride = 1, .pad = 1}};
  layer.weights = random_rows(engine, outputs, layer.patch());
  layer.thresholds.values.resize(outputs);
  return layer;
}

BinaryLinear linear(Engine& engine, std::int64_t inputs, std::int64_t outputs) {
  BinaryLinear layer{.inputs = inputs, .outputs = outputs};
  layer.weights = random_rows(engine, outputs, inputs);
  layer.output = Thresholds{std::vector<std::int32_t>(outputs)};
  return layer;
}

/// Ends a list of layers by ten scores.
ModelDescription network(Engine& engine, std::vector<Layer> layers) {
  BinaryLinear last = linear(engine, output_shape(layers.back()).values(), 10);
  last.output = Scores{std::vector<float>(10), std::vector<float>(10)};
  const std::int64_t inputs = input_shape(layers.front()).values();
  layers.push_back(last);
  return {.inputs = inputs, .layers = std::move(layers)};
}

/// A batch through a network with some sizes of blocks.
Run batch_run(const ModelDescription& description, Isa isa,
              const BlockSizes& sizes, std::int64_t batch) {
  struct State {
    PackedModel model;
    PassMemory memory;
    std::vector<std::uint8_t> inputs;
    std::vector<float> scores;
  };
  PackedModel model = pack_model(description, isa, sizes);
  PassMemory memory = memory_for(model, batch);
  const auto state = std::make_shared<State>(
      State{std::move(model), std::move(memory),
            std::vector<std::uint8_t>(batch * description.inputs, 1),
            std::vector<float>(batch * 10)});
  return [state, batch, width = description.inputs] {
    const std::int64_t block = state->memory.block;
    for (std::int64_t first = 0; first < batch; first += block) {
      run_block(state->model, state->inputs.data() + first * width,
                std::min(block, batch - first), state->memory,
                state->scores.data() + first * 10, nullptr);
    }
  };
}

/// One of the sizes, from a quarter to four times the value in use.
Calibration calibrate_size(const char* constant, std::int64_t BlockSizes::*size,
                           const ModelDescription& description,
                           std::int64_t batch, Isa isa) {
  const std::int64_t in_use = BlockSizes{}.*size;
  std::vector<std::int64_t> values;
  std::vector<Run> runs;
  for (const double factor : {0.25, 0.5, 1.0, 2.0, 4.0}) {
    BlockSizes sizes;
    sizes.*size =
        static_cast<std::int64_t>(factor * static_cast<double>(in_use));
    values.push_back(sizes.*size);
    runs.push_back(batch_run(description, isa, sizes, batch));
  }
  const auto times = times_of(runs);
  const auto least = std::min_element(times.begin(), times.end());
  return {constant, in_use, values[least - times.begin()], times[2] / *least};
}

/// Two kernels for the same layer.
struct Pair {
  const LinearKernel* first;
  const LinearKernel* second;
};

/// The kernel that a level takes for this layer, and the next that it could;
/// none if there are no two.
Pair kernels_for(const LinearLayer& layer, Isa isa) {
  Pair pair{};
  for (const Level* level : levels()) {
    if (level->isa != isa || !level->supported()) continue;
    for (auto kernel = level->kernels; *kernel != nullptr; ++kernel) {
      if (!(*kernel)->takes(layer)) continue;
      (pair.first == nullptr ? pair.first : pair.second) = *kernel;
      if (pair.second != nullptr) return pair;
    }
  }
  return {};
}

/// Windows of pixels, 28 along a line.
Run window_run(const LinearKernel& kernel, const LinearLayer& layer) {
  struct State {
    AlignedBuffer packed, limits, scratch, input, out;
    LinearCall call;
  };
  constexpr std::int64_t kRows = 28;
  const std::int64_t segment = layer.inputs / layer.segments;
  const std::int64_t line = kRows * segment;
  const auto state = std::make_shared<State>(
      State{AlignedBuffer(kernel.packed_bytes(layer)),
            AlignedBuffer(kernel.threshold_bytes(layer)),
            AlignedBuffer(kernel.scratch_bytes(layer)),
            AlignedBuffer(layer.segments * line + segment + kReadableBeyond),
            AlignedBuffer(kRows * words_for(layer.outputs) * 8),
            {}});
  kernel.pack(layer, state->packed.data());
  const std::vector<std::int32_t> thresholds(layer.outputs);
  kernel.pack_thresholds(layer, thresholds.data(), state->limits.data());
  state->call = {.inputs = layer.inputs,
                 .outputs = layer.outputs,
                 .packed = state->packed.data(),
                 .thresholds = state->limits.data(),
                 .input = state->input.data(),
                 .rows = kRows,
                 .row_stride = 1,
                 .segments = layer.segments,
                 .segment_stride = line,
                 .out_stride = words_for(layer.outputs),
                 .scratch = state->scratch.data()};
  return [state, &kernel] {
    kernel.bits(state->call, static_cast<std::uint64_t*>(state->out.data()));
  };
}

/// A constant up to which one kernel for pixels is taken and beyond which
/// another. The inputs come in six segments, such as 6 x 6 pixels.
struct Crossover {
  const char* constant;
  std::int64_t in_use;
  Isa isa;
  std::int64_t inputs;
  /// Outputs of a layer that lies at the constant, for each unit of it.
  double outputs;
  bool first_is_below;  ///< of the two that the level lists
};

constexpr Crossover kCrossovers[] = {
    {"kPatchWeightBytes", kPatchWeightBytes, Isa::avx512vpopcnt, 108,
     1.0 / (108 + 12), true},
    {"kAvx2TableOutputs", kAvx2TableOutputs, Isa::avx2, 108, 1.0, false},
};

/// From a quarter to four times the value in use; nothing where the level or
/// one of the kernels is missing.
std::vector<Calibration> calibrate_kernels(Engine& engine,
                                           const Crossover& crossover) {
  const auto layer_at = [&](double value) {
    return LinearLayer{
        .inputs = crossover.inputs,
        .outputs = std::max<std::int64_t>(
            1, static_cast<std::int64_t>(crossover.outputs * value)),
        .input = InputEncoding::pixels,
        .weights = nullptr,
        .segments = 6};
  };
  const auto in_use = static_cast<double>(crossover.in_use);
  const Pair pair =
      kernels_for(layer_at(crossover.first_is_below ? in_use / 4 : in_use * 4),
                  crossover.isa);
  if (pair.second == nullptr) return {};
  Calibration found{crossover.constant, crossover.in_use, 0, 1};
  for (const double factor : {0.25, 0.5, 1.0, 2.0, 4.0}) {
    LinearLayer layer = layer_at(factor * in_use);
    const auto weights = random_rows(engine, layer.outputs, layer.inputs);
    layer.weights = weights.data();
    const bool below = factor <= 1;
    const auto times = times_of(
        {window_run(*pair.first, layer), window_run(*pair.second, layer)});
    const bool first_wins = times[0] <= times[1];
    if (first_wins == crossover.first_is_below) {
      found.best = static_cast<std::int64_t>(factor * in_use);
    }
    const double chosen = times[below == crossover.first_is_below ? 0 : 1];
    found.ratio = std::max(found.ratio, chosen / std::min(times[0], times[1]));
  }
  return {found};
}

}  // namespace

std::vector<Calibration> calibrate(Isa isa) {
  Engine engine(1);
  const auto rows = network(engine, {linear(engine, 1024, 1024)});
  const auto maps = network(
      engine, {conv(engine, {28, 28, 64}, 64), conv(engine, {28, 28, 64}, 64)});
  const auto small = network(engine, {conv(engine, {7, 7, 128}, 128)});
  const auto odd = network(engine, {conv(engine, {14, 14, 96}, 96)});
  std::vector<Calibration> all = {
      calibrate_size("kMaxBlock", &BlockSizes::max_block, rows, 256, isa),
      calibrate_size("kBlockBytes", &BlockSizes::block_bytes, maps, 64, isa),
      calibrate_size("kFramedBytes", &BlockSizes::framed_bytes, small, 64, isa),
      calibrate_size("kGatheredBytes", &BlockSizes::gathered_bytes, odd, 8,
                     isa)};
  for (const Crossover& crossover : kCrossovers) {
    if (crossover.isa > isa) continue;
    for (const auto& found : calibrate_kernels(engine, crossover)) {
      all.push_back(found);
    }
  }
  return all;
}

std::string to_text(const std::vector<Calibration>& calibrations) {
  char line[128];
  const auto row = [&](const char* format, auto... values) {
    std::snprintf(line, sizeof(line), format, values...);
    return std::string(line);
  };
  std::string text = row("%-18s %10s %10s  %s\n", "constant", "in use",
                         "best here", "time in use / best");
  bool all_right = true;
  for (const auto& [constant, in_use, best, ratio] : calibrations) {
    const bool better = best != in_use && ratio > kWorthIt;
    all_right &= !better;
    text += row("%-18s %10lld %10lld  %.2f%s\n", constant.c_str(),
                static_cast<long long>(in_use), static_cast<long long>(best),
                ratio, better ? "  <- edit" : "");
  }
  text += all_right
              ? "the constants are right for this machine\n"
              : "edit the constants marked in signet/runtime/kernels/limits.h "
                "and build again\n";
  return text;
}

}  // namespace signet::runtime
