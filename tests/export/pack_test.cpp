#include "signet/export/pack.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

#include "signet/base/error.h"
#include "signet/core/torch.h"
#include "signet/export/proof.h"
#include "signet/models/batch_norm.h"
#include "signet/models/weights.h"
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
  Shape input;
  std::vector<std::string> layers;
};

const std::vector<Case> kCases = {
    {Shape::vector(70), {"linear(outputs=5)"}},
    {Shape::vector(64), {"linear(outputs=5, bias=true)"}},
    {Shape::vector(33), {"linear(outputs=7)", "batch-norm"}},
    {Shape::vector(50),
     {"linear(outputs=67)", "batch-norm", "units", "linear(outputs=4)",
      "batch-norm"}},
    {Shape::vector(81),
     {"linear(outputs=129)", "batch-norm", "units(encoding=bits)",
      "dropout(rate=0.5)", "linear(outputs=65)", "batch-norm(affine=false)",
      "units(noise=uniform)", "linear(outputs=3)", "batch-norm"}},
    {Shape::vector(20),
     {"linear(outputs=40, bias=true)", "units(encoding=bits)",
      "linear(outputs=31)", "units", "linear(outputs=10)", "batch-norm"}},
    // A bias before batch norm, at once or with dropout between.
    {Shape::vector(90),
     {"linear(outputs=67, bias=true)", "batch-norm", "units",
      "linear(outputs=65, bias=true)", "dropout", "batch-norm(affine=false)",
      "units(encoding=bits)", "linear(outputs=30, bias=true)", "batch-norm"}},
};

const std::vector<Case> kImageCases = {
    // Images into rows: as they lie in the file, and flattened.
    {Shape::map(3, 5, 4), {"linear(outputs=9)", "units", "linear(outputs=3)"}},
    {Shape::map(3, 5, 4),
     {"flatten", "linear(outputs=9)", "units", "linear(outputs=3)"}},
    // Sums, logits and units are pooled; zeros around signs.
    {Shape::map(1, 12, 13),
     {"conv(channels=20, padding=1)", "max-pool", "batch-norm", "units",
      "conv(channels=66, padding=1)", "batch-norm", "max-pool", "dropout",
      "units", "conv(channels=10, kernel=2)", "batch-norm", "units",
      "max-pool(size=2, stride=1)", "flatten", "linear(outputs=4)",
      "batch-norm"}},
    // Pooled more than once, bits, a bias; channels that fill words.
    {Shape::map(3, 13, 14),
     {"conv(channels=64, kernel=5, stride=2, bias=true)",
      "max-pool(size=2, stride=1)", "units",
      "conv(channels=64, padding=1, pad=minus)", "max-pool(size=2, stride=1)",
      "max-pool(size=2, stride=1)", "batch-norm", "units(encoding=bits)",
      "conv(channels=70, padding=2, pad=plus, bias=true)",
      "units(encoding=bits, deterministic=true)",
      "conv(channels=64, padding=1, stride=2)", "batch-norm", "units",
      "flatten", "dropout", "linear(outputs=30)", "batch-norm", "units",
      "linear(outputs=5)"}},
    // A bias before batch norm, also where sums are pooled.
    {Shape::map(3, 10, 9),
     {"conv(channels=33, padding=1, bias=true)", "max-pool", "batch-norm",
      "units", "conv(channels=20, padding=1, bias=true)", "batch-norm",
      "max-pool", "units", "flatten", "linear(outputs=5, bias=true)",
      "batch-norm"}},
    // Weights that are drawn in training; an image of one pixel in the end.
    {Shape::map(2, 6, 6),
     {"conv(channels=8, weights=stochastic)", "batch-norm", "units",
      "conv(channels=9, kernel=4, weights=stochastic)", "batch-norm", "units",
      "flatten", "linear(outputs=3)"}},
};

const std::vector<Case> kRealCases = {
    {Shape::vector(70),
     {"linear(outputs=90)", "units", "linear(outputs=5, weights=real)"}},
    {Shape::vector(33),
     {"linear(outputs=65)", "batch-norm", "units(encoding=bits)",
      "linear(outputs=40, bias=true)", "units(encoding=bits)", "dropout",
      "linear(outputs=11, weights=real, bias=true)"}},
    {Shape::map(1, 8, 9),
     {"conv(channels=20)", "batch-norm", "units", "max-pool", "flatten",
      "linear(outputs=4, weights=real)", "batch-norm"}},
    {Shape::vector(50),
     {"linear(outputs=70, bias=true)", "batch-norm", "units",
      "linear(outputs=4, weights=real, bias=true)", "batch-norm"}},
};

/// Proves a case on every level; the proof on the best of them.
Proof prove_on_every_level(const Case& c, uint64_t seed, int64_t examples) {
  const auto network = random_network(c.input, c.layers, seed);
  const auto packed = pack(*network, "x", {}, {});
  const auto outputs =
      static_cast<int>(summarize(network->spec()).back().output.values());
  const auto data = random_data(c.input, examples, outputs);
  Proof proof;
  for (const auto isa : runtime::available_isas()) {
    const auto model = model_of(packed.model, isa);
    EXPECT_EQ(model.isa(), std::min(isa, *runtime::choose_isa()));
    proof = prove(*network, packed, model, data);
    EXPECT_TRUE(proof.holds())
        << seed << " " << isa_name(isa) << ": " << proof.first_difference;
    EXPECT_EQ(proof.examples, examples);
    EXPECT_EQ(proof.scores, examples * outputs);
    EXPECT_EQ(proof.classes, examples);
  }
  return proof;
}

TEST(Pack, IsProvedEqualOnEveryLevel) {
  uint64_t seed = 1;
  for (const auto& c : kCases) prove_on_every_level(c, ++seed, 300);
}

TEST(Pack, OfImagesIsProvedEqualOnEveryLevel) {
  uint64_t seed = 20;
  for (const auto& c : kImageCases) prove_on_every_level(c, ++seed, 40);
}

TEST(Pack, OfRealWeightsIsProvedEqualOnEveryLevel) {
  uint64_t seed = 40;
  for (const auto& c : kRealCases) {
    const auto proof = prove_on_every_level(c, ++seed, 300);
    ASSERT_TRUE(proof.real);
    EXPECT_LE(proof.real->difference, proof.real->bound);
    // Far inside: the bound is for the worst of all orders and inputs.
    EXPECT_LT(proof.real->difference, proof.real->bound / 10);
    EXPECT_GT(proof.real->bound, 0);
    EXPECT_LT(proof.real->bound, 0.02);
    EXPECT_EQ(proof.real->ties, 0);
  }
  EXPECT_FALSE(prove_on_every_level(kCases[3], 2, 10).real);
}

TEST(Proof, CatchesARealWeightThatIsWrong) {
  const auto& c = kRealCases[1];
  const auto network = random_network(c.input, c.layers, 3);
  const auto packed = pack(*network, "x", {}, {});
  const auto data = random_data(c.input, 300, 11);
  const auto first_difference = [&](auto spoil) {
    auto wrong = packed.model;
    spoil(std::get<runtime::RealLinear>(wrong.layers.back()));
    return prove(*network, packed, model_of(wrong), data).first_difference;
  };
  EXPECT_EQ(first_difference([](auto&) {}), "");
  EXPECT_EQ(first_difference([](auto& head) {
              head.weights[45] += 0.01F;
            }).substr(0, 7),
            "score 1");
  EXPECT_EQ(first_difference([](auto& head) {
              head.scores.offset[3] -= 0.01F;
            }).substr(0, 7),
            "score 3");
  EXPECT_EQ(first_difference([](auto& head) {
              head.input = runtime::InputEncoding::signs;
            }).substr(0, 6),
            "score ");
}

// Two classes with the same weights in LibTorch and a last bit between them in
// the file: nobody can say which is greater.
TEST(Proof, LetsClassesDifferWhereScoresTie) {
  const auto& c = kRealCases[0];
  const auto network = random_network(c.input, c.layers, 3);
  auto& head = dynamic_cast<WeightedLayer&>(network->layer(2));
  {
    torch::NoGradGuard no_gradient;
    head.weight[3].copy_(head.weight[4]);
  }
  const auto packed = pack(*network, "x", {}, {});
  const auto data = random_data(c.input, 300, 5);
  auto moved = packed.model;
  std::get<runtime::RealLinear>(moved.layers.back()).scores.offset[4] = 1e-5F;
  const auto proof = prove(*network, packed, model_of(moved), data);
  EXPECT_TRUE(proof.holds()) << proof.first_difference;
  EXPECT_GT(proof.real->ties, 0);
  EXPECT_EQ(proof.classes, 300);
}

TEST(Proof, ComparesEverySumAndEveryBitThatTheNetworkHas) {
  const auto proof = prove_on_every_level(kImageCases[2], 9, 7);
  // Sums of 12x13x20, 6x6x66, 2x2x10 and 4; units of 6x6x20, 3x3x66, 2x2x10
  // and what is pooled of the last, 1x1x10.
  EXPECT_EQ(proof.integers, 7 * (12 * 13 * 20 + 6 * 6 * 66 + 4 * 10 + 4));
  EXPECT_EQ(proof.bits, 7 * (6 * 6 * 20 + 3 * 3 * 66 + 4 * 10 + 10));
}

TEST(Proof, CatchesOneWrongWeight) {
  const auto& c = kCases[4];
  const auto network = random_network(c.input, c.layers, 3);
  const auto packed = pack(*network, "x", {}, {});
  const auto data = random_data(c.input, 300, 3);
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

TEST(Proof, CatchesWhatIsWrongWithImages) {
  const auto& c = kImageCases[2];
  const auto network = random_network(c.input, c.layers, 3);
  const auto packed = pack(*network, "x", {}, {});
  const auto data = random_data(c.input, 40, 4);
  const auto difference = [&](const runtime::ModelDescription& wrong) {
    return prove(*network, packed, model_of(wrong), data).first_difference;
  };
  auto weight = packed.model;
  std::get<runtime::BinaryConv>(weight.layers[2]).weights[0] ^= 1;
  EXPECT_EQ(difference(weight).substr(0, 24), "pre-activation of 4.conv");
  auto padding = packed.model;
  std::get<runtime::BinaryConv>(padding.layers[2]).padding =
      runtime::Padding::plus;
  EXPECT_EQ(difference(padding).substr(0, 24), "pre-activation of 4.conv");
  auto pooling = packed.model;
  auto& least = std::get<runtime::MaxPool>(pooling.layers[1]).least;
  ASSERT_FALSE(least.empty()) << "no scale is negative";
  least.clear();
  EXPECT_EQ(difference(pooling).substr(0, 15), "unit of 3.units");
}

TEST(Proof, CatchesAThresholdOffByOne) {
  const auto& c = kCases[3];
  const auto network = random_network(c.input, c.layers, 3);
  const auto packed = pack(*network, "x", {}, {});
  const auto data = random_data(c.input, 3000, 4);
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
  const auto network = random_network(kCases[3].input, kCases[3].layers, 3);
  const auto packed = pack(*network, "x", {}, {});
  const auto proof = prove(*network, packed, model_of(packed.model),
                           random_data(kCases[3].input, 257, 4));
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

std::string refusal(const std::vector<std::string>& layers,
                    const Shape& input = Shape::vector(8)) {
  try {
    pack(*random_network(input, layers, 1), "x", {}, {});
  } catch (const UsageError& error) {
    return error.what();
  }
  return "packed";
}

TEST(Pack, RefusesWhatTheRuntimeCannotRun) {
  EXPECT_EQ(refusal({"linear(outputs=3, weights=real)"}),
            "export: layer 0.linear must have binary weights to be packed, but "
            "they are real");
  EXPECT_EQ(
      refusal({"linear(outputs=3)", "units", "linear(outputs=3, weights=real)",
               "units", "linear(outputs=3)"}),
      "export: layer 3.units follows real weights, which the runtime has "
      "in the last layer only");
  EXPECT_EQ(refusal({"linear(outputs=3)", "batch-norm", "batch-norm"}),
            "export: layer 2.batch-norm is the second batch norm in a row");
  EXPECT_EQ(refusal({"linear(outputs=3)", "units"}),
            "export: the network must end in a linear layer that gives the "
            "scores, but it ends in units");
  EXPECT_EQ(refusal({"linear(outputs=3)", "linear(outputs=3)"}),
            "export: layer 1.linear must follow units, which give the runtime "
            "its bits");
  EXPECT_EQ(refusal({"units", "linear(outputs=3)"}),
            "export: layer 0.units must follow a linear layer or a "
            "convolution");
  EXPECT_EQ(refusal({"linear(outputs=3)", "relu", "linear(outputs=3)"}),
            "export: layer 1.relu gives real values, but the runtime has units "
            "of one bit only");
  EXPECT_EQ(refusal({"linear(outputs=3)", "quantize", "linear(outputs=3)"}),
            "export: layer 1.quantize gives several bits, but the runtime has "
            "units of one bit only");
}

TEST(Pack, RefusesImagesThatTheRuntimeCannotRun) {
  const auto map = Shape::map(2, 8, 8);
  const auto behind_conv = [&](std::vector<std::string> layers) {
    layers.insert(layers.begin(), "conv(channels=3)");
    return refusal(layers, map);
  };
  EXPECT_EQ(refusal({"conv(channels=3, weights=real)", "units", "flatten",
                     "linear(outputs=3)"},
                    map),
            "export: layer 0.conv must have binary weights to be packed, but "
            "they are real");
  EXPECT_EQ(refusal({"max-pool", "conv(channels=3)", "units", "flatten",
                     "linear(outputs=3)"},
                    map),
            "export: layer 0.max-pool must follow a linear layer or a "
            "convolution");
  EXPECT_EQ(behind_conv({"flatten", "units", "linear(outputs=3)"}),
            "export: layer 1.flatten must follow units: the runtime has one "
            "threshold a channel");
  EXPECT_EQ(
      behind_conv({"units", "average-pool", "flatten", "linear(outputs=3)"}),
      "export: layer 2.average-pool takes means, but the runtime has "
      "bits between layers");
  EXPECT_EQ(behind_conv({"shortcut", "units", "conv(channels=3, padding=1)",
                         "add", "units", "flatten", "linear(outputs=3)"}),
            "export: layer 1.shortcut begins a residual block, which the "
            "runtime does not have");
  EXPECT_EQ(behind_conv({"batch-norm"}),
            "export: the network must end in a linear layer that gives the "
            "scores, but it ends in a convolution");
  EXPECT_EQ(behind_conv({"units(encoding=bits)",
                         "conv(channels=3, padding=1, pad=minus)", "units",
                         "flatten", "linear(outputs=3)"}),
            "export: model: layer 1 (2.conv): padding 'minus' is no value of "
            "inputs that are bits");
  EXPECT_EQ(refusal({"conv(channels=3, padding=1, pad=plus)", "units",
                     "flatten", "linear(outputs=3)"},
                    map),
            "export: model: layer 0 (0.conv): padding 'plus' is no value of "
            "inputs that are pixels");
}

TEST(Pack, RefusesAnInfiniteBatchNorm) {
  const auto network =
      random_network(Shape::vector(8), {"linear(outputs=3)", "batch-norm"}, 1);
  torch::NoGradGuard no_gradient;
  network->named_buffers()["1.mode_mean"][2] =
      std::numeric_limits<float>::infinity();
  EXPECT_THROW(pack(*network, "x", {}, {}), UsageError);
}

}  // namespace
}  // namespace signet
