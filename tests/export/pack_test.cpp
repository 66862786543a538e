#include "signet/export/pack.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "signet/base/error.h"
#include "signet/core/torch.h"
#include "signet/export/proof.h"
#include "signet/models/batch_norm.h"
#include "signet/runtime/format/model_file.h"
#include "tests/export/random_network.h"

namespace signet {
namespace {

constexpr auto kLowest = std::numeric_limits<int32_t>::min();
constexpr auto kHighest = std::numeric_limits<int32_t>::max();

runtime::Model model_of(const runtime::ModelDescription& description,
                        std::optional<runtime::Isa> isa = {}) {
  const auto bytes = runtime::serialize(description);
  EXPECT_TRUE(bytes.ok()) << bytes.error().message;
  auto model = runtime::Model::from_bytes(*bytes, {.isa = isa});
  EXPECT_TRUE(model.ok()) << model.error().message;
  return *model;
}

struct Case {
  int64_t inputs;
  std::vector<std::string> layers;
};

const std::vector<Case> kCases = {
    {70, {"linear(outputs=5)"}},
    {64, {"linear(outputs=5, bias=true)"}},
    {33, {"linear(outputs=7)", "batch-norm"}},
    {50,
     {"linear(outputs=67)", "batch-norm", "units", "linear(outputs=4)",
      "batch-norm"}},
    {81,
     {"linear(outputs=129)", "batch-norm", "units(encoding=bits)",
      "dropout(rate=0.5)", "linear(outputs=65)", "batch-norm(affine=false)",
      "units(noise=uniform)", "linear(outputs=3)", "batch-norm"}},
    {20,
     {"linear(outputs=40, bias=true)", "units(encoding=bits)",
      "linear(outputs=31)", "units", "linear(outputs=10)", "batch-norm"}},
};

TEST(Pack, IsProvedEqualOnEveryLevel) {
  uint64_t seed = 1;
  for (const auto& c : kCases) {
    const auto network = random_network(c.inputs, c.layers, ++seed);
    const auto packed = pack(*network, "x", {}, {});
    const auto outputs =
        static_cast<int>(summarize(network->spec()).back().output.values());
    const auto data = random_data(c.inputs, 300, outputs);
    for (const auto isa : runtime::available_isas()) {
      const auto model = model_of(packed.model, isa);
      ASSERT_EQ(model.isa(), isa);
      const auto proof = prove(*network, packed, model, data);
      EXPECT_TRUE(proof.holds())
          << seed << " " << isa_name(isa) << ": " << proof.first_difference;
      EXPECT_EQ(proof.examples, 300);
      EXPECT_EQ(proof.scores, 300 * outputs);
      EXPECT_EQ(proof.classes, 300);
    }
  }
}

TEST(Proof, CatchesOneWrongWeight) {
  const auto& c = kCases[4];
  const auto network = random_network(c.inputs, c.layers, 3);
  const auto packed = pack(*network, "x", {}, {});
  const auto data = random_data(c.inputs, 300, 3);
  for (size_t l = 0; l < packed.model.layers.size(); ++l) {
    auto wrong = packed.model;
    auto& layer = std::get<runtime::BinaryLinear>(wrong.layers[l]);
    layer.weights[0] ^= uint64_t{1} << 7;
    const auto proof = prove(*network, packed, model_of(wrong), data);
    EXPECT_FALSE(proof.holds());
    EXPECT_EQ(proof.first_difference.substr(0, 21),
              "pre-activation of " + layer.name.substr(0, 3))
        << proof.first_difference;
  }
}

TEST(Proof, CatchesAThresholdOffByOne) {
  const auto& c = kCases[3];
  const auto network = random_network(c.inputs, c.layers, 3);
  const auto packed = pack(*network, "x", {}, {});
  const auto data = random_data(c.inputs, 3000, 4);
  auto wrong = packed.model;
  auto& layer = std::get<runtime::BinaryLinear>(wrong.layers[0]);
  auto& values = std::get<runtime::Thresholds>(layer.output).values;
  for (auto& t : values) {
    if (t != kLowest && t != kHighest) t += 1;
  }
  const auto proof = prove(*network, packed, model_of(wrong), data);
  EXPECT_FALSE(proof.holds());
  EXPECT_EQ(proof.first_difference.substr(0, 7), "unit of");
}

TEST(Pack, CountsDoNotDependOnTheBatch) {
  const auto network = random_network(50, kCases[3].layers, 3);
  const auto packed = pack(*network, "x", {}, {});
  const auto proof =
      prove(*network, packed, model_of(packed.model), random_data(50, 257, 4));
  EXPECT_TRUE(proof.holds());
  EXPECT_EQ(proof.integers, 257 * (67 + 4));
  EXPECT_EQ(proof.bits, 257 * 67);
}

TEST(IntegerThreshold, EqualsBruteForce) {
  std::mt19937 engine(5);
  std::uniform_real_distribution<float> unit(0, 1);
  for (int trial = 0; trial < 3000; ++trial) {
    const float scale = std::exp(unit(engine) * 20 - 10);
    float offset = (unit(engine) * 4400 - 2200) * scale;
    // Whole quotients are the hard ones: ties.
    if (trial % 3 == 0)
      offset =
          scale * static_cast<float>(static_cast<int>(engine() % 3000) - 1500);
    const int32_t t = integer_threshold(scale, offset);
    for (int s = -2000; s <= 2000; ++s) {
      ASSERT_EQ(double{scale} * s + double{offset} >= 0, s >= t)
          << scale << " " << offset << " " << s;
    }
  }
}

TEST(IntegerThreshold, StopsAtTheEndsOfItsRange) {
  EXPECT_EQ(integer_threshold(1e-30F, 1), kLowest);
  EXPECT_EQ(integer_threshold(1e-30F, -1), kHighest);
  EXPECT_EQ(integer_threshold(1, 0), 0);
  EXPECT_EQ(integer_threshold(1, -0.0F), 0);
  EXPECT_EQ(integer_threshold(std::numeric_limits<float>::denorm_min(), 0), 0);
  EXPECT_EQ(integer_threshold(1, 5), -5);
  EXPECT_EQ(integer_threshold(1, -5), 5);
}

std::string refusal(const std::vector<std::string>& layers) {
  try {
    pack(*random_network(8, layers, 1), "x", {}, {});
  } catch (const UsageError& error) {
    return error.what();
  }
  return "packed";
}

TEST(Pack, RefusesWhatTheRuntimeCannotRun) {
  EXPECT_EQ(refusal({"linear(outputs=3, weights=real)"}),
            "export: layer 0.linear must have binary weights to be packed, but "
            "they are real");
  EXPECT_EQ(refusal({"linear(outputs=3)", "batch-norm", "batch-norm"}),
            "export: layer 2.batch-norm is the second batch norm in a row");
  EXPECT_EQ(refusal({"linear(outputs=3)", "units"}),
            "export: the network must end in a linear layer that gives the "
            "scores, but it ends in units");
  EXPECT_EQ(refusal({"linear(outputs=3, bias=true)", "batch-norm"}),
            "export: layer 1.batch-norm subtracts the mean: train the linear "
            "layer before it with bias=false");
  EXPECT_EQ(refusal({"linear(outputs=3)", "linear(outputs=3)"}),
            "export: layer 1.linear must follow units, which give the runtime "
            "its bits");
  EXPECT_EQ(refusal({"units", "linear(outputs=3)"}),
            "export: layer 0.units must follow a linear layer");
}

TEST(Pack, RefusesAnInfiniteBatchNorm) {
  const auto network =
      random_network(8, {"linear(outputs=3)", "batch-norm"}, 1);
  torch::NoGradGuard no_gradient;
  network->named_buffers()["1.running_mean"][2] =
      std::numeric_limits<float>::infinity();
  EXPECT_THROW(pack(*network, "x", {}, {}), UsageError);
}

}  // namespace
}  // namespace signet
