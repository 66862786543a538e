// Bytes are an error, or a model that gives the same scores on every level.
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <vector>

#include "signet/runtime/model.h"

namespace {

using namespace signet::runtime;

constexpr std::int64_t kBatch = 5;

/// Small, so that the fuzzer tries many files a second.
constexpr std::int64_t kMaxMemory = std::int64_t{64} << 20;
constexpr std::int64_t kMaxSteps = 1 << 20;

void require(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz_model: %s\n", what.c_str());
  std::abort();
}

/// None if the model cannot be loaded.
std::optional<std::vector<float>> scores_of(std::span<const std::uint8_t> bytes,
                                            Isa isa) {
  const auto model = Model::from_bytes(
      bytes, {.isa = isa, .max_memory = kMaxMemory, .max_steps = kMaxSteps});
  if (!model) {
    require(!model.error().message.empty(), "an error must say something");
    return std::nullopt;
  }
  auto workspace = Workspace::create(*model, 3);
  if (!workspace) return std::nullopt;
  const ModelInfo& info = model->info();
  std::vector<std::uint8_t> inputs(kBatch * info.inputs);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    inputs[i] = static_cast<std::uint8_t>(7 * i * i + 13 * i);
  }
  std::vector<float> scores(kBatch * info.outputs);
  const auto done = model->forward(inputs, kBatch, *workspace, scores);
  require(done.ok(), "forward must run what loads");
  return scores;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const auto expected = scores_of({data, size}, Isa::scalar);
  if (!expected) return 0;
  for (const Isa isa : available_isas()) {
    const auto scores = scores_of({data, size}, isa);
    require(!scores || scores == expected,
            std::string(isa_name(isa)) + " must give what scalar gives");
  }
  return 0;
}
