// Bytes are an error, or a model that gives the same scores on every level, and
// the same samples if its units have noise.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <vector>

#include "signet/runtime/model.h"

namespace {

using namespace signet::runtime;

constexpr std::int64_t kBatch = 5;
constexpr std::int64_t kSamples = 3;

/// Small, so that the fuzzer tries many files a second.
constexpr std::int64_t kMaxMemory = std::int64_t{64} << 20;
constexpr std::int64_t kMaxSteps = 1 << 20;

void require(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz_model: %s\n", what.c_str());
  std::abort();
}

/// What a model says of some inputs, bit by bit.
struct Outcome {
  std::vector<float> scores, probabilities, entropy, information;

  bool operator==(const Outcome& other) const {
    const auto same = [](const std::vector<float>& a,
                         const std::vector<float>& b) {
      return a.size() == b.size() &&
             std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
    };
    return same(scores, other.scores) &&
           same(probabilities, other.probabilities) &&
           same(entropy, other.entropy) && same(information, other.information);
  }
};

/// None if the model cannot be loaded.
std::optional<Outcome> outcome_of(std::span<const std::uint8_t> bytes,
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
  const auto values = static_cast<std::size_t>(kBatch * info.outputs);
  Outcome outcome{.scores = std::vector<float>(values),
                  .probabilities = std::vector<float>(values),
                  .entropy = std::vector<float>(kBatch),
                  .information = std::vector<float>(kBatch)};
  const auto done = model->forward(inputs, kBatch, *workspace, outcome.scores);
  require(done.ok(), "forward must run what loads");
  const auto sampled = model->sample(
      inputs, kBatch, {.samples = kSamples}, *workspace,
      {outcome.probabilities, outcome.entropy, outcome.information});
  require(sampled.ok() || !sampled.error().message.empty(),
          "an error must say something");
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const auto expected = outcome_of({data, size}, Isa::scalar);
  if (!expected) return 0;
  for (const Isa isa : available_isas()) {
    const auto outcome = outcome_of({data, size}, isa);
    require(!outcome || outcome == expected,
            std::string(isa_name(isa)) + " must give what scalar gives");
  }
  return 0;
}
