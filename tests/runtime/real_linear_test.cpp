// Real weights: every level against plain loops, and both against the weights
// that were not rounded.
#include "signet/runtime/layers/real_linear.h"

#include <gtest/gtest.h>

#include <cmath>

#include "signet/runtime/format/check_description.h"
#include "signet/runtime/model.h"
#include "signet/runtime/packing.h"
#include "tests/runtime/random_model.h"

namespace signet::runtime {
namespace {

constexpr InputEncoding kEncodings[] = {InputEncoding::signs,
                                        InputEncoding::bits};

std::vector<float> scores_on(const RealLinear& layer,
                             const std::vector<std::uint8_t>& inputs, Isa isa) {
  const auto rows = static_cast<std::int64_t>(inputs.size()) / layer.inputs;
  std::vector<std::uint64_t> bits(rows * words_for(layer.inputs));
  pack_rows(inputs.data(), rows, layer.inputs, bits.data());
  const PackedRealLinear packed = pack_layer(layer, isa);
  AlignedBuffer scratch(scratch_bytes(packed));
  std::vector<float> scores(rows * layer.outputs, -1);
  layer_scores(packed, packed.scores, bits.data(), rows, scratch.data(),
               scores.data());
  return scores;
}

TEST(RealLinear, IsTheSameOnEveryLevel) {
  Engine engine(50);
  for (const auto encoding : kEncodings) {
    for (const std::int64_t inputs :
         {1, 15, 16, 17, 63, 64, 65, 255, 511, 512, 513, 1040}) {
      for (const std::int64_t outputs : {1, 2, 3, 7, 8, 9, 10, 17}) {
        const auto layer = random_real_layer(engine, encoding, inputs, outputs);
        for (const std::int64_t rows : {1, 3, 4, 9}) {
          const auto bytes = random_inputs(engine, encoding, rows, inputs);
          const auto expected = naive_scores(layer, bytes);
          for (const Isa isa : available_isas()) {
            ASSERT_EQ(scores_on(layer, bytes, isa), expected)
                << isa_name(isa) << " " << rows << "x" << inputs << "x"
                << outputs;
          }
        }
      }
    }
  }
}

// Weights one below a power of two round up to 2^25 units: the largest that a
// lane of a kernel meets.
TEST(RealLinear, DoesNotOverflowOnTheLargestWeights) {
  for (const float largest :
       {std::nextafter(1.0F, 0.0F), -std::nextafter(1.0F, 0.0F), 1.0F}) {
    const std::int64_t inputs = 5000;
    const RealLinear layer{.inputs = inputs,
                           .outputs = 2,
                           .input = InputEncoding::bits,
                           .weights = std::vector<float>(2 * inputs, largest),
                           .scores = {{1, 2}, {0, 0}}};
    const std::vector<std::uint8_t> ones(4 * inputs, 1);
    for (const Isa isa : available_isas()) {
      EXPECT_EQ(scores_on(layer, ones, isa), naive_scores(layer, ones));
      EXPECT_NEAR(scores_on(layer, ones, isa)[0], inputs * largest, 0.001);
    }
  }
}

TEST(RealLinear, HoldsTheExtremesOfAFloat) {
  constexpr float kLeast = std::numeric_limits<float>::denorm_min();
  const RealLinear layer{.inputs = 3,
                         .outputs = 4,
                         .input = InputEncoding::signs,
                         .weights = {kLeast, 3 * kLeast, 0, 0x1p126F, -0x1p126F,
                                     0x1p110F, 0, 0, 0, -0.0F, 1, kLeast},
                         .scores = {{1, 1, 1, 1}, {0, 0, 5, 0}}};
  const std::vector<std::uint8_t> inputs = {1, 1, 1, 1, 0, 0};
  for (const Isa isa : available_isas()) {
    const auto scores = scores_on(layer, inputs, isa);
    EXPECT_EQ(scores, naive_scores(layer, inputs));
    EXPECT_EQ(scores[0], 4 * kLeast);
    EXPECT_EQ(scores[1], 0x1p110F);
    EXPECT_EQ(scores[2], 5);
    EXPECT_EQ(scores[3], 1);
    EXPECT_EQ(scores[5], 0x1p127F - 0x1p110F);
  }
}

// |s - exact| <= n u / 2 with u <= 2^-24 max |w|: what description.h promises.
TEST(RealLinear, LosesNoMoreThanItSays) {
  Engine engine(51);
  for (const auto encoding : kEncodings) {
    auto layer = random_real_layer(engine, encoding, 1000, 8);
    layer.scores = {std::vector<float>(8, 1), std::vector<float>(8, 0)};
    const auto inputs = random_inputs(engine, encoding, 20, 1000);
    const auto scores = scores_on(layer, inputs, available_isas().back());
    for (int row = 0; row < 20; ++row) {
      for (int j = 0; j < 8; ++j) {
        double exact = 0, largest = 0;
        for (int k = 0; k < 1000; ++k) {
          const double w = layer.weights[j * 1000 + k];
          const bool bit = inputs[row * 1000 + k];
          exact += bit ? w : encoding == InputEncoding::signs ? -w : 0;
          largest = std::max(largest, std::abs(w));
        }
        const double rounded = std::abs(exact) * std::ldexp(1.0, -24);
        EXPECT_NEAR(scores[row * 8 + j], exact,
                    1000 * std::ldexp(largest, -25) + rounded);
      }
    }
  }
}

ModelDescription with_real_head(Engine& engine, InputEncoding reads) {
  auto model =
      random_model(engine, InputEncoding::pixels, {50, 130, 70, 40, 10});
  model.layers.pop_back();
  model.layers.push_back(random_real_layer(engine, reads, 40, 10));
  return model;
}

TEST(RealLinear, EndsAModel) {
  Engine engine(52);
  for (const auto encoding : kEncodings) {
    const auto description = with_real_head(engine, encoding);
    const auto inputs = random_inputs(engine, InputEncoding::pixels, 70, 50);
    const auto expected = naive_trace(description, inputs);
    for (const Isa isa : available_isas()) {
      const auto model = Model::from_description(description, {.isa = isa});
      ASSERT_TRUE(model.ok()) << model.error().message;
      for (const std::int64_t max_batch : {1, 7, 64}) {
        auto workspace = Workspace::create(*model, max_batch);
        std::vector<float> scores(70 * 10, -1);
        ASSERT_TRUE(model->forward(inputs, 70, *workspace, scores).ok());
        EXPECT_EQ(scores, expected.scores);
        const auto trace = model->trace(inputs, 70, *workspace);
        ASSERT_TRUE(trace.ok());
        EXPECT_EQ(trace->scores, expected.scores);
        EXPECT_EQ(trace->layers[2].bits, expected.layers[2].bits);
        EXPECT_TRUE(trace->layers[3].sums.empty());
        EXPECT_TRUE(trace->layers[3].bits.empty());
      }
    }
  }
}

// Behind an image whose pixels do not fill words, and in front of all.
TEST(RealLinear, ReadsImagesAndBytes) {
  Engine engine(53);
  ModelDescription images{.name = "images", .inputs = 6 * 6};
  images.layers = {
      random_conv(engine, InputEncoding::pixels, {6, 6, 1}, 35, {3, 3, 1, 0}),
      random_real_layer(engine, InputEncoding::signs, 560, 3)};
  ModelDescription alone{.name = "alone", .inputs = 100};
  alone.layers = {random_real_layer(engine, InputEncoding::bits, 100, 3)};
  for (const auto& description : {images, alone}) {
    const auto reads =
        &description == &images ? InputEncoding::pixels : InputEncoding::bits;
    const auto inputs = random_inputs(engine, reads, 5, description.inputs);
    const auto model = Model::from_description(description);
    ASSERT_TRUE(model.ok()) << model.error().message;
    auto workspace = Workspace::create(*model);
    std::vector<float> scores(15);
    ASSERT_TRUE(model->forward(inputs, 5, *workspace, scores).ok());
    EXPECT_EQ(scores, naive_scores(description, inputs));
  }
}

TEST(RealLinear, SaysWhatItIs) {
  Engine engine(54);
  const auto model = Model::from_description(
      with_real_head(engine, InputEncoding::signs), {.isa = Isa::scalar});
  ASSERT_TRUE(model.ok());
  const LayerInfo& info = model->info().layers.back();
  EXPECT_EQ(info.kind, "real linear");
  EXPECT_EQ(info.weights, 40 * 10);
  EXPECT_EQ(info.weight_bits, 32);
  EXPECT_EQ(info.file_bytes, 4 * 40 * 10 + 8 * 10);
  EXPECT_EQ(info.kernel, "scalar: weights under 1 bits, one by one");
  EXPECT_TRUE(info.gives_scores);
}

TEST(RealLinear, IsRefusedWhereItCannotRun) {
  Engine engine(55);
  const auto good = with_real_head(engine, InputEncoding::signs);
  ASSERT_TRUE(check_description(good).ok());
  const auto refusal = [&](const auto& spoil) {
    auto model = good;
    spoil(model, std::get<RealLinear>(model.layers.back()));
    const auto checked = check_description(model);
    return checked.ok() ? "runs" : checked.error().message;
  };
  const auto expect = [&](const char* says, const auto& spoil) {
    const auto message = refusal(spoil);
    EXPECT_NE(message.find(says), std::string::npos) << message;
  };
  expect("weights: expected 400, got 399",
         [](auto&, auto& real) { real.weights.pop_back(); });
  expect("40 come in, but 41", [](auto&, auto& real) { real.inputs = 41; });
  expect("must be in 1..", [](auto&, auto& real) { real.outputs = 0; });
  expect("signs or bits",
         [](auto&, auto& real) { real.input = InputEncoding::pixels; });
  expect("scales and offsets: expected 10, got 9",
         [](auto&, auto& real) { real.scores.scale.pop_back(); });
  expect("leave the range of a float",
         [](auto&, auto& real) { real.weights[7] = std::nanf(""); });
  expect("leave the range of a float", [](auto&, auto& real) {
    real.weights[7] = std::numeric_limits<float>::infinity();
    real.scores.scale[0] = 0;
  });
  expect("leave the range of a float", [](auto&, auto& real) {
    real.weights[7] = 3e38F;
    real.scores.scale[0] = 1;
  });
  expect("no other, must give scores", [](auto& model, auto&) {
    model.layers.push_back(model.layers.back());
    std::get<RealLinear>(model.layers[3]).weights.resize(40 * 40);
    std::get<RealLinear>(model.layers[3]).outputs = 40;
  });
}

}  // namespace
}  // namespace signet::runtime
