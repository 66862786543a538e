#include "signet/runtime/model.h"

#include <algorithm>
#include <cstdio>

#include "signet/runtime/aligned_buffer.h"
#include "signet/runtime/format/check_description.h"
#include "signet/runtime/format/model_file.h"
#include "signet/runtime/out_of_memory.h"
#include "signet/runtime/over_limit.h"
#include "signet/runtime/packed_model.h"
#include "signet/runtime/sampled_pass.h"
#include "signet/runtime/sampling.h"

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

Error in_file(const std::string& path, const Error& error) {
  return Error{path + ": " + error.message, error.kind};
}

std::int64_t bytes_of(const ModelDescription& description) {
  return static_cast<std::int64_t>(size_bound(description));
}

/// What a ModelInfo takes: a kilobyte a layer, and the texts.
std::int64_t info_bytes(const ModelDescription& description) {
  std::size_t bytes = sizeof(ModelInfo) + description.name.size() +
                      1024 * description.layers.size();
  for (const auto& name : description.classes) {
    bytes += sizeof(name) + name.size();
  }
  for (const auto& [key, value] : description.metadata) {
    bytes += sizeof(key) + sizeof(value) + key.size() + value.size();
  }
  for (const Layer& layer : description.layers) bytes += name_of(layer).size();
  return static_cast<std::int64_t>(bytes);
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

constexpr std::int64_t kMaxFile = (std::int64_t{1} << 31) - 1;

/// A pipe, which does not know its size.
Result<std::vector<std::uint8_t>> read_stream(std::FILE* file,
                                              const std::string& path,
                                              std::int64_t max_bytes) {
  std::vector<std::uint8_t> bytes;
  std::vector<std::uint8_t> piece(1 << 16);
  while (const auto got = std::fread(piece.data(), 1, piece.size(), file)) {
    bytes.insert(bytes.end(), piece.data(), piece.data() + got);
    const auto size = static_cast<std::int64_t>(bytes.size());
    if (size > std::min(max_bytes, kMaxFile)) {
      return over_limit(path + ": has at least", size, "bytes",
                        std::min(max_bytes, kMaxFile));
    }
  }
  if (std::ferror(file)) {
    return Error{path + ": cannot be read", ErrorKind::file};
  }
  return bytes;
}

Result<std::vector<std::uint8_t>> read_file(const std::string& path,
                                            std::int64_t max_bytes) {
  const std::unique_ptr<std::FILE, CloseFile> file(
      std::fopen(path.c_str(), "rb"));
  if (!file) return Error{path + ": cannot be opened", ErrorKind::file};
  if (std::fseek(file.get(), 0, SEEK_END) != 0) {
    return read_stream(file.get(), path, max_bytes);
  }
  const long size = std::ftell(file.get());
  if (size < 0 || size > kMaxFile) {
    return Error{path + ": not a file under 2 GiB", ErrorKind::file};
  }
  if (size > max_bytes) {
    return over_limit(path + ": has", size, "bytes", max_bytes);
  }
  std::vector<std::uint8_t> bytes(size);
  std::rewind(file.get());
  if (std::fread(bytes.data(), 1, bytes.size(), file.get()) != bytes.size()) {
    return Error{path + ": cannot be read", ErrorKind::file};
  }
  return bytes;
}

/// What Workspace::create() allocates: that of passes, and scores.
std::int64_t workspace_bytes(const PackedModel& packed,
                             const std::optional<PackedSampling>& sampling,
                             std::int64_t max_batch) {
  const PassSizes sizes = pass_sizes(packed, max_batch);
  const std::int64_t samples =
      sampling ? sample_sizes(packed, *sampling, sizes.block).total() : 0;
  return sizes.total() + samples +
         sizes.block * packed.layers.back().out.values() * 4;
}

}  // namespace

struct Model::State {
  Isa isa;
  ModelInfo info;
  PackedModel packed;
  std::optional<PackedSampling> sampling;
  std::int64_t max_memory;
};

struct Workspace::State {
  std::shared_ptr<const Model::State> model;
  PassMemory memory;
  AlignedBuffer scores;  // [block, outputs]
  std::optional<SampleMemory> samples;
};

Workspace::Workspace(std::unique_ptr<State> state) : state_(std::move(state)) {}
Workspace::Workspace(Workspace&&) noexcept = default;
Workspace& Workspace::operator=(Workspace&&) noexcept = default;
Workspace::~Workspace() = default;

Result<Workspace> Workspace::create(const Model& model,
                                    std::int64_t max_batch) {
  if (max_batch < 1) {
    return Error{"Workspace: max_batch must be at least 1, but got " +
                 std::to_string(max_batch)};
  }
  return or_out_of_memory([&]() -> Result<Workspace> {
    const PackedModel& packed = model.state_->packed;
    const auto& sampling = model.state_->sampling;
    const std::int64_t needed =
        model.info().memory + workspace_bytes(packed, sampling, max_batch);
    if (needed > model.state_->max_memory) {
      return over_limit("Workspace: with its model it needs", needed, "bytes",
                        model.state_->max_memory);
    }
    PassMemory memory = memory_for(packed, max_batch);
    AlignedBuffer scores(memory.block * model.info().outputs * 4);
    std::optional<SampleMemory> samples;
    if (sampling) {
      samples = memory_for(packed, *sampling, memory.block);
    }
    return Workspace(std::unique_ptr<State>(
        new State{model.state_, std::move(memory), std::move(scores),
                  std::move(samples)}));
  });
}

Model::Model(std::shared_ptr<const State> state) : state_(std::move(state)) {}

const ModelInfo& Model::info() const { return state_->info; }
Isa Model::isa() const { return state_->isa; }

Result<Model> Model::load(const std::string& path, const LoadOptions& options) {
  return or_out_of_memory([&]() -> Result<Model> {
    const auto bytes = read_file(path, options.max_memory);
    if (!bytes) return bytes.error();
    const auto size = static_cast<std::int64_t>(bytes->size());
    const auto description = parse(*bytes, options.max_memory - size);
    if (!description) return in_file(path, description.error());
    auto model = make(*description, options, size + bytes_of(*description));
    return model ? model : in_file(path, model.error());
  });
}

Result<Model> Model::from_bytes(std::span<const std::uint8_t> bytes,
                                const LoadOptions& options) {
  const auto description = parse(bytes, options.max_memory);
  if (!description) return description.error();
  return make(*description, options, bytes_of(*description));
}

Result<Model> Model::from_description(const ModelDescription& description,
                                      const LoadOptions& options) {
  return make(description, options, 0);
}

/// `held` bytes are taken already.
Result<Model> Model::make(const ModelDescription& description,
                          const LoadOptions& options, std::int64_t held) {
  return or_out_of_memory([&]() -> Result<Model> {
    const auto checked = check_description(description);
    if (!checked) return checked.error();
    const std::int64_t cost = steps(description);
    if (cost > options.max_steps) {
      return over_limit("model: an example needs", cost, "steps",
                        options.max_steps);
    }
    const auto isa = choose_isa(options.isa);
    if (!isa) return isa.error();
    const std::int64_t memory = packed_bytes(description, *isa) +
                                sampling_bytes(description) +
                                info_bytes(description);
    if (memory > options.max_memory - held) {
      return over_limit("model: loading it needs", memory + held, "bytes",
                        options.max_memory);
    }
    auto state = std::make_shared<State>(
        State{.isa = *isa,
              .info = {},
              .packed = pack_model(description, *isa),
              .sampling = pack_sampling(description, *isa),
              .max_memory = options.max_memory});
    ModelInfo& info = state->info;
    info.name = description.name;
    info.in = state->packed.layers.front().before;
    info.inputs = description.inputs;
    info.input = state->packed.input;
    info.outputs = state->packed.layers.back().out.values();
    info.steps = cost;
    info.memory = memory;
    info.classes = description.classes;
    info.metadata = description.metadata;
    info.has_noise = state->sampling.has_value();
    for (std::size_t i = 0; i < description.layers.size(); ++i) {
      info.layers.push_back(
          describe(description.layers[i], state->packed.layers[i]));
    }
    for (auto noise = description.sampled.begin(); auto& layer : info.layers) {
      if (layer.weights == 0 || noise == description.sampled.end()) continue;
      layer.noise = noise->noise;
      layer.file_bytes += 8 * static_cast<std::int64_t>(noise++->scale.size());
    }
    const std::int64_t needed =
        memory + workspace_bytes(state->packed, state->sampling, 1);
    if (needed > options.max_memory) {
      return over_limit("model: with a workspace it needs", needed, "bytes",
                        options.max_memory);
    }
    return Model(std::move(state));
  });
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

Result<Done> Model::check_sample_call(std::span<const std::uint8_t> inputs,
                                      std::int64_t batch,
                                      const SampleOptions& options,
                                      const Workspace& workspace) const {
  const auto checked = check_call(inputs, batch, workspace);
  if (!checked) return checked;
  if (!state_->sampling) {
    return Error{
        "sample: the model has no noise to draw units from; export it again "
        "with --noise"};
  }
  constexpr std::int64_t kMaxSamples = std::int64_t{1} << 20;
  constexpr std::int64_t kMaxImages = std::int64_t{1} << 32;
  if (options.samples < 1 || options.samples > kMaxSamples) {
    return Error{"sample: samples must be in 1.." +
                 std::to_string(kMaxSamples) + ", but got " +
                 std::to_string(options.samples)};
  }
  if (options.first_image < 0 || options.first_image > kMaxImages - batch) {
    return Error{"sample: images must be numbered from 0 to 2^32 - 1"};
  }
  return Done{};
}

Result<Done> Model::sample(std::span<const std::uint8_t> inputs,
                           std::int64_t batch, const SampleOptions& options,
                           Workspace& workspace, const Samples& out,
                           Trace* trace) const {
  const auto checked = check_sample_call(inputs, batch, options, workspace);
  if (!checked) return checked;
  const auto& sampling = state_->sampling;
  const std::int64_t outputs = state_->info.outputs;
  if (!holds(out.probabilities.size(), batch, outputs)) {
    return size_error("probabilities", out.probabilities.size(), batch,
                      outputs);
  }
  for (const auto& values : {out.entropy, out.mutual_information}) {
    if (!holds(values.size(), batch, 1)) {
      return size_error("entropy and mutual_information", values.size(), batch,
                        1);
    }
  }
  auto& state = *workspace.state_;
  const std::int64_t block = images_at_once(*state.samples, options.samples);
  for (std::int64_t first = 0; first < batch; first += block) {
    const SampleRange range{
        options.seed, static_cast<std::uint32_t>(options.first_image + first),
        options.samples};
    const SampleOutput of_block{out.probabilities.data() + first * outputs,
                                out.entropy.data() + first,
                                out.mutual_information.data() + first};
    std::optional<BlockTrace> of_trace;
    if (trace) of_trace.emplace(BlockTrace{*trace, first});
    sample_images(state_->packed, *sampling,
                  inputs.data() + first * state_->info.inputs,
                  std::min(block, batch - first), range, state.memory,
                  *state.samples, of_block, of_trace ? &*of_trace : nullptr);
  }
  return Done{};
}

Result<Done> Model::sample(std::span<const std::uint8_t> inputs,
                           std::int64_t batch, const SampleOptions& options,
                           Workspace& workspace, const Samples& out) const {
  return sample(inputs, batch, options, workspace, out, nullptr);
}

Result<Trace> Model::trace_samples(std::span<const std::uint8_t> inputs,
                                   std::int64_t batch,
                                   const SampleOptions& options,
                                   Workspace& workspace) const {
  return or_out_of_memory([&]() -> Result<Trace> {
    const auto checked = check_sample_call(inputs, batch, options, workspace);
    if (!checked) return checked.error();
    Trace trace;
    trace.layers.resize(state_->info.layers.size());
    trace.scores.resize(batch * options.samples * state_->info.outputs);
    std::vector<float> probabilities(batch * state_->info.outputs);
    std::vector<float> entropy(batch), mutual_information(batch);
    const auto done =
        sample(inputs, batch, options, workspace,
               {probabilities, entropy, mutual_information}, &trace);
    if (!done) return done.error();
    return trace;
  });
}

Result<Trace> Model::trace(std::span<const std::uint8_t> inputs,
                           std::int64_t batch, Workspace& workspace) const {
  const auto checked = check_call(inputs, batch, workspace);
  if (!checked) return checked.error();
  return or_out_of_memory([&]() -> Result<Trace> {
    const ModelInfo& info = state_->info;
    Trace trace;
    trace.scores.resize(batch * info.outputs);
    for (const auto& layer : info.layers) {
      LayerTrace& made = trace.layers.emplace_back();
      if (layer.weights != 0 && layer.weight_bits == 1)
        made.sums.resize(batch * layer.outputs);
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
  });
}

}  // namespace signet::runtime
