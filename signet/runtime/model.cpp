#include "signet/runtime/model.h"

#include <algorithm>
#include <fstream>
#include <new>

#include "signet/runtime/aligned_buffer.h"
#include "signet/runtime/format/model_file.h"
#include "signet/runtime/layers/binary_linear.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {
namespace {

/// Rows of a block. Beyond it weights are read no less often, and activations
/// leave the cache.
constexpr std::int64_t kMaxBlock = 64;

LayerInfo describe(const BinaryLinear& layer,
                   const PackedBinaryLinear& packed) {
  const auto& [isa, kernel] = packed.chosen;
  const bool gives_scores = std::holds_alternative<Scores>(layer.output);
  const auto weight_bytes = static_cast<std::int64_t>(layer.weights.size()) * 8;
  return {.kind = "binary linear",
          .name = layer.name,
          .inputs = layer.inputs,
          .outputs = layer.outputs,
          .input = layer.input,
          .gives_scores = gives_scores,
          .weights = layer.inputs * layer.outputs,
          .macs = layer.inputs * layer.outputs,
          .file_bytes = weight_bytes + layer.outputs * (gives_scores ? 8 : 4),
          .packed_bytes = static_cast<std::int64_t>(
              kernel->packed_bytes(layer.inputs, layer.outputs) +
              (gives_scores ? 0 : kernel->threshold_bytes(layer.outputs))),
          .kernel = std::string(isa_name(isa)) + ": " + kernel->name};
}

Error size_error(const char* what, std::size_t got, std::int64_t batch,
                 std::int64_t width) {
  return Error{std::string("forward: ") + what + " must hold " +
               std::to_string(batch) + " x " + std::to_string(width) +
               " values, but got " + std::to_string(got)};
}

/// Whether a span holds batch x width values, without overflow.
bool holds(std::size_t size, std::int64_t batch, std::int64_t width) {
  const auto values = static_cast<std::int64_t>(size);
  return batch >= 1 && values % width == 0 && values / width == batch;
}

Result<std::vector<std::uint8_t>> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return Error{path + ": cannot be opened"};
  const std::streamoff size = file.tellg();
  constexpr std::streamoff kLimit = std::int64_t{1} << 31;
  if (size < 0 || size >= kLimit) {
    return Error{path + ": not a regular file under 2 GiB"};
  }
  std::vector<std::uint8_t> bytes(size);
  file.seekg(0);
  file.read(reinterpret_cast<char*>(bytes.data()), size);
  if (!file) return Error{path + ": cannot be read"};
  return bytes;
}

}  // namespace

struct Model::State {
  Isa isa;
  ModelInfo info;
  std::vector<PackedBinaryLinear> layers;
};

/// Where the rows of a block go in a trace.
struct Model::BlockTrace {
  Trace& trace;
  std::int64_t first;

  std::int32_t* sums(std::size_t layer, std::int64_t outputs) const {
    return trace.layers[layer].sums.data() + first * outputs;
  }
  std::uint8_t* bits(std::size_t layer, std::int64_t outputs) const {
    return trace.layers[layer].bits.data() + first * outputs;
  }
};

struct Workspace::State {
  std::shared_ptr<const Model::State> model;
  std::int64_t block;     // rows
  AlignedBuffer bits[2];  // [block, words]: read one, write the other
  AlignedBuffer sums;     // [block, outputs] of the last layer
  AlignedBuffer scores;   // the same
  AlignedBuffer scratch;
};

Workspace::Workspace(std::unique_ptr<State> state) : state_(std::move(state)) {}
Workspace::Workspace(Workspace&&) noexcept = default;
Workspace& Workspace::operator=(Workspace&&) noexcept = default;
Workspace::~Workspace() = default;

Result<Workspace> Workspace::create(const Model& model,
                                    std::int64_t max_batch) try {
  if (max_batch < 1) {
    return Error{"Workspace: max_batch must be at least 1, but got " +
                 std::to_string(max_batch)};
  }
  const auto& info = model.info();
  const std::int64_t block = std::min(max_batch, kMaxBlock);
  std::int64_t widest = info.inputs;
  std::size_t scratch = 0;
  for (const auto& layer : model.state_->layers) {
    widest = std::max(widest, layer.outputs);
    scratch = std::max(scratch, scratch_bytes(layer));
  }
  const std::size_t bits = block * words_for(widest) * 8;
  const std::size_t scores = block * info.outputs * 4;
  return Workspace(std::unique_ptr<State>(
      new State{model.state_,
                block,
                {AlignedBuffer(bits), AlignedBuffer(bits)},
                AlignedBuffer(scores),
                AlignedBuffer(scores),
                AlignedBuffer(scratch)}));
} catch (const std::bad_alloc&) {
  return Error{"Workspace: out of memory"};
}

Model::Model(std::shared_ptr<const State> state) : state_(std::move(state)) {}

const ModelInfo& Model::info() const { return state_->info; }
Isa Model::isa() const { return state_->isa; }

Result<Model> Model::load(const std::string& path,
                          const LoadOptions& options) try {
  const auto bytes = read_file(path);
  if (!bytes) return bytes.error();
  auto model = from_bytes(*bytes, options);
  if (!model) return Error{path + ": " + model.error().message};
  return model;
} catch (const std::bad_alloc&) {
  return Error{path + ": out of memory"};
}

Result<Model> Model::from_bytes(std::span<const std::uint8_t> bytes,
                                const LoadOptions& options) {
  const auto description = parse(bytes);
  if (!description) return description.error();
  return from_description(*description, options);
}

Result<Model> Model::from_description(const ModelDescription& description,
                                      const LoadOptions& options) try {
  const auto checked = check_description(description);
  if (!checked) return checked.error();
  const auto isa = choose_isa(options.isa);
  if (!isa) return isa.error();
  auto state = std::make_shared<State>();
  state->isa = *isa;
  state->info.name = description.name;
  state->info.inputs = description.inputs;
  state->info.classes = description.classes;
  state->info.metadata = description.metadata;
  for (const auto& each : description.layers) {
    const auto& layer = std::get<BinaryLinear>(each);
    state->layers.push_back(pack_layer(layer, *isa));
    state->info.layers.push_back(describe(layer, state->layers.back()));
  }
  state->info.input = state->info.layers.front().input;
  state->info.outputs = state->info.layers.back().outputs;
  return Model(std::move(state));
} catch (const std::bad_alloc&) {
  return Error{"model: out of memory"};
}

Result<Done> Model::check_call(std::span<const std::uint8_t> inputs,
                               std::int64_t batch,
                               const Workspace& workspace) const {
  if (!holds(inputs.size(), batch, state_->info.inputs)) {
    return size_error("inputs", inputs.size(), batch, state_->info.inputs);
  }
  if (!workspace.state_ || workspace.state_->model != state_) {
    return Error{"forward: the workspace was made for another model"};
  }
  return Done{};
}

void Model::run_block(const std::uint8_t* inputs, std::int64_t rows,
                      Workspace& workspace, float* scores,
                      BlockTrace* trace) const {
  Workspace::State& memory = *workspace.state_;
  void* scratch = memory.scratch.data();
  const void* from = inputs;
  int turn = 0;
  if (state_->info.input != InputEncoding::pixels) {
    auto* packed = static_cast<std::uint64_t*>(memory.bits[turn].data());
    pack_rows(inputs, rows, state_->info.inputs, packed);
    from = packed;
    turn ^= 1;
  }
  for (std::size_t i = 0; i + 1 < state_->layers.size(); ++i) {
    const PackedBinaryLinear& layer = state_->layers[i];
    auto* to = static_cast<std::uint64_t*>(memory.bits[turn].data());
    layer_bits(layer, from, rows, scratch, to);
    if (trace) {
      layer_sums(layer, from, rows, scratch, trace->sums(i, layer.outputs));
      unpack_rows(to, rows, layer.outputs, trace->bits(i, layer.outputs));
    }
    from = to;
    turn ^= 1;
  }
  const PackedBinaryLinear& last = state_->layers.back();
  auto* sums = static_cast<std::int32_t*>(memory.sums.data());
  layer_sums(last, from, rows, scratch, sums);
  layer_scores(last, sums, rows, scores);
  if (trace) {
    std::copy_n(sums, rows * last.outputs,
                trace->sums(state_->layers.size() - 1, last.outputs));
  }
}

Result<Done> Model::forward(std::span<const std::uint8_t> inputs,
                            std::int64_t batch, Workspace& workspace,
                            std::span<float> scores) const {
  const auto checked = check_call(inputs, batch, workspace);
  if (!checked) return checked;
  const ModelInfo& info = state_->info;
  if (!holds(scores.size(), batch, info.outputs)) {
    return size_error("scores", scores.size(), batch, info.outputs);
  }
  const std::int64_t block = workspace.state_->block;
  for (std::int64_t first = 0; first < batch; first += block) {
    run_block(inputs.data() + first * info.inputs,
              std::min(block, batch - first), workspace,
              scores.data() + first * info.outputs, nullptr);
  }
  return Done{};
}

Result<Done> Model::classify(std::span<const std::uint8_t> inputs,
                             std::int64_t batch, Workspace& workspace,
                             std::span<std::int32_t> labels) const {
  const auto checked = check_call(inputs, batch, workspace);
  if (!checked) return checked;
  if (!holds(labels.size(), batch, 1)) {
    return size_error("labels", labels.size(), batch, 1);
  }
  const ModelInfo& info = state_->info;
  const std::int64_t block = workspace.state_->block;
  auto* scores = static_cast<float*>(workspace.state_->scores.data());
  for (std::int64_t first = 0; first < batch; first += block) {
    const std::int64_t rows = std::min(block, batch - first);
    run_block(inputs.data() + first * info.inputs, rows, workspace, scores,
              nullptr);
    for (std::int64_t row = 0; row < rows; ++row) {
      const float* of_row = scores + row * info.outputs;
      labels[first + row] = static_cast<std::int32_t>(
          std::max_element(of_row, of_row + info.outputs) - of_row);
    }
  }
  return Done{};
}

Result<Trace> Model::trace(std::span<const std::uint8_t> inputs,
                           std::int64_t batch, Workspace& workspace) const try {
  const auto checked = check_call(inputs, batch, workspace);
  if (!checked) return checked.error();
  const ModelInfo& info = state_->info;
  Trace trace;
  trace.scores.resize(batch * info.outputs);
  for (const auto& layer : info.layers) {
    LayerTrace& made = trace.layers.emplace_back();
    made.sums.resize(batch * layer.outputs);
    if (!layer.gives_scores) made.bits.resize(batch * layer.outputs);
  }
  const std::int64_t block = workspace.state_->block;
  for (std::int64_t first = 0; first < batch; first += block) {
    BlockTrace of_block{trace, first};
    run_block(inputs.data() + first * info.inputs,
              std::min(block, batch - first), workspace,
              trace.scores.data() + first * info.outputs, &of_block);
  }
  return trace;
} catch (const std::bad_alloc&) {
  return Error{"trace: out of memory"};
}

}  // namespace signet::runtime
