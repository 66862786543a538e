#include "signet/runtime/model.h"

#include <algorithm>
#include <fstream>
#include <new>

#include "signet/runtime/aligned_buffer.h"
#include "signet/runtime/format/check_description.h"
#include "signet/runtime/format/model_file.h"
#include "signet/runtime/packed_model.h"

namespace signet::runtime {
namespace {

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
  PackedModel packed;
};

struct Workspace::State {
  std::shared_ptr<const Model::State> model;
  PassMemory memory;
  AlignedBuffer scores;  // [block, outputs]
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
  PassMemory memory = memory_for(model.state_->packed, max_batch);
  AlignedBuffer scores(memory.block * model.info().outputs * 4);
  return Workspace(std::unique_ptr<State>(
      new State{model.state_, std::move(memory), std::move(scores)}));
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
  auto state = std::make_shared<State>(
      State{.isa = *isa, .info = {}, .packed = pack_model(description, *isa)});
  ModelInfo& info = state->info;
  info.name = description.name;
  info.in = state->packed.layers.front().before;
  info.inputs = description.inputs;
  info.input = state->packed.input;
  info.outputs = state->packed.layers.back().out.values();
  info.classes = description.classes;
  info.metadata = description.metadata;
  for (std::size_t i = 0; i < description.layers.size(); ++i) {
    info.layers.push_back(
        describe(description.layers[i], state->packed.layers[i]));
  }
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

Result<Done> Model::forward(std::span<const std::uint8_t> inputs,
                            std::int64_t batch, Workspace& workspace,
                            std::span<float> scores) const {
  const auto checked = check_call(inputs, batch, workspace);
  if (!checked) return checked;
  const ModelInfo& info = state_->info;
  if (!holds(scores.size(), batch, info.outputs)) {
    return size_error("scores", scores.size(), batch, info.outputs);
  }
  const std::int64_t block = workspace.state_->memory.block;
  for (std::int64_t first = 0; first < batch; first += block) {
    run_block(state_->packed, inputs.data() + first * info.inputs,
              std::min(block, batch - first), workspace.state_->memory,
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
  const std::int64_t block = workspace.state_->memory.block;
  auto* scores = static_cast<float*>(workspace.state_->scores.data());
  for (std::int64_t first = 0; first < batch; first += block) {
    const std::int64_t rows = std::min(block, batch - first);
    run_block(state_->packed, inputs.data() + first * info.inputs, rows,
              workspace.state_->memory, scores, nullptr);
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
    if (layer.weights != 0) made.sums.resize(batch * layer.outputs);
    if (!layer.gives_scores) made.bits.resize(batch * layer.outputs);
  }
  const std::int64_t block = workspace.state_->memory.block;
  for (std::int64_t first = 0; first < batch; first += block) {
    const BlockTrace of_block{trace, first};
    run_block(state_->packed, inputs.data() + first * info.inputs,
              std::min(block, batch - first), workspace.state_->memory,
              trace.scores.data() + first * info.outputs, &of_block);
  }
  return trace;
} catch (const std::bad_alloc&) {
  return Error{"trace: out of memory"};
}

}  // namespace signet::runtime
