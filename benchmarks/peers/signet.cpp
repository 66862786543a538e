// signet's side of every comparison.
#include <memory>
#include <string>

#include "benchmarks/peers/compare.h"
#include "benchmarks/peers/random_networks.h"
#include "signet/runtime/layers/binary_conv.h"
#include "signet/runtime/layers/binary_linear.h"
#include "signet/runtime/model.h"
#include "signet/runtime/packing.h"
#include "tests/runtime/random_model.h"

namespace signet::peers {

using namespace runtime;

namespace {

Isa level_in_use() {
  const auto isa = choose_isa();
  if (!isa) throw std::runtime_error(isa.error().message);
  return *isa;
}

std::string level_of(const ChosenKernel& chosen) {
  return std::string(isa_name(chosen.isa));
}

/// A hidden layer: packed signs in, packed bits out, which the next reads.
/// `images` of `pixels` rows of `inputs` signs each.
template <class Packed>
Contender hidden_layer(Engine& engine, Packed made, std::int64_t images,
                       std::int64_t pixels, std::int64_t inputs,
                       std::int64_t outputs) {
  struct State {
    Packed layer;
    AlignedBuffer in, out, scratch;
  };
  const std::int64_t rows = images * pixels;
  const std::size_t scratch = scratch_bytes(made);
  auto state = std::make_shared<State>(State{
      std::move(made), AlignedBuffer(rows * words_for(inputs) * 8),
      AlignedBuffer(rows * words_for(outputs) * 8), AlignedBuffer(scratch)});
  const auto signs = random_inputs(engine, InputEncoding::signs, rows, inputs);
  pack_rows(signs.data(), rows, inputs,
            static_cast<std::uint64_t*>(state->in.data()));
  return {.name = state->layer.chosen.kernel->name,
          .level = level_of(state->layer.chosen),
          .run = [state, images] {
            layer_bits(state->layer, state->in.data(), images,
                       state->scratch.data(),
                       static_cast<std::uint64_t*>(state->out.data()));
          }};
}

Contender linear(Isa isa, std::int64_t rows, std::int64_t inputs,
                 std::int64_t outputs) {
  Engine engine(1);
  return hidden_layer(
      engine,
      pack_layer(random_layer(engine, InputEncoding::signs, inputs, outputs),
                 isa),
      rows, 1, inputs, outputs);
}

Contender conv(Isa isa, std::int64_t size, std::int64_t channels,
               std::int64_t outputs) {
  Engine engine(1);
  const Window window{.height = 3, .width = 3, .stride = 1, .pad = 1};
  const auto layer = random_conv(engine, InputEncoding::signs,
                                 {size, size, channels}, outputs, window);
  return hidden_layer(engine, pack_layer(layer, isa), 1, size * size, channels,
                      outputs);
}

/// A network with memory for a batch or for samples of one image.
struct Network {
  Model model;
  Workspace workspace;
  std::vector<std::uint8_t> inputs;
  std::vector<float> scores;
};

std::shared_ptr<Network> make_network(const std::string& kind,
                                      std::int64_t batch) {
  auto model = Model::from_description(random_network(kind));
  if (!model) throw std::runtime_error(model.error().message);
  auto workspace = Workspace::create(*model);
  if (!workspace) throw std::runtime_error(workspace.error().message);
  Engine engine(1);
  return std::make_shared<Network>(
      Network{*model, std::move(*workspace),
              random_inputs(engine, model->info().input, batch, 784),
              std::vector<float>(batch * 10)});
}

void expect(const Result<Done>& done) {
  if (!done) throw std::runtime_error(done.error().message);
}

Contender forward(const std::string& kind, std::int64_t batch) {
  const auto made = make_network(kind, batch);
  return {.name = "Model::forward",
          .level = std::string(isa_name(made->model.isa())),
          .run = [made, batch] {
            expect(made->model.forward(made->inputs, batch, made->workspace,
                                       made->scores));
          }};
}

Contender sample(const std::string& kind, std::int64_t samples) {
  const auto made = make_network(kind, 1);
  return {.name = "Model::sample",
          .level = std::string(isa_name(made->model.isa())),
          .run = [made, samples] {
            float entropy = 0, mutual_information = 0;
            expect(made->model.sample(
                made->inputs, 1, {.samples = samples}, made->workspace,
                {.probabilities = made->scores,
                 .entropy = {&entropy, 1},
                 .mutual_information = {&mutual_information, 1}}));
          }};
}

}  // namespace

Contender signet_contender(const Task& task) {
  const Isa isa = level_in_use();
  const auto& s = task.sizes;
  if (task.kind == "linear") return linear(isa, s[0], s[1], s[2]);
  if (task.kind == "conv") return conv(isa, s[0], s[1], s[2]);
  const bool draws = task.kind == "mlp-uniform" || task.kind == "mlp-logistic";
  return draws ? sample(task.kind, s[0]) : forward(task.kind, s[0]);
}

}  // namespace signet::peers
