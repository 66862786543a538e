// Every kernel of every level that this machine runs, against plain loops.
#include <gtest/gtest.h>

#include <algorithm>
#include <climits>

#include "signet/runtime/format/check_description.h"
#include "signet/runtime/layers/binary_linear.h"
#include "signet/runtime/packing.h"
#include "tests/runtime/random_model.h"

namespace signet::runtime {

/// How GoogleTest shows a level.
void PrintTo(Isa isa, std::ostream* out) { *out << isa_name(isa); }

namespace {

constexpr InputEncoding kEncodings[] = {
    InputEncoding::pixels, InputEncoding::signs, InputEncoding::bits};
constexpr std::int64_t kSizes[] = {1,  3,  15,  16,  31,  32,  33,  63,
                                   64, 65, 127, 128, 200, 784, 1000};

/// Runs both entries of the layer's kernel and compares them with the loops.
/// Buffers are exactly as large as promised, so that a sanitizer sees a write
/// or a read past them, and full of ones, so that a bit left unwritten shows.
void expect_exact(const BinaryLinear& layer,
                  const std::vector<std::uint8_t>& inputs, Isa isa) {
  const std::int64_t rows =
      static_cast<std::int64_t>(inputs.size()) / layer.inputs;
  const PackedBinaryLinear packed = pack_layer(layer, isa);
  std::vector<std::uint64_t> words(rows * words_for(layer.inputs));
  const void* input = inputs.data();
  if (layer.input != InputEncoding::pixels) {
    pack_rows(inputs.data(), rows, layer.inputs, words.data());
    input = words.data();
  }
  AlignedBuffer scratch(scratch_bytes(packed));
  const auto sums = naive_sums(layer, inputs);
  std::vector<std::int32_t> got_sums(sums.size(), -1);
  layer_sums(packed, input, rows, scratch.data(), got_sums.data());
  ASSERT_EQ(got_sums, sums)
      << packed.chosen.kernel->name << " rows " << rows << " inputs "
      << layer.inputs << " outputs " << layer.outputs;

  const auto bits = naive_bits(std::get<Thresholds>(layer.output), sums);
  std::vector<std::uint64_t> expected(rows * words_for(layer.outputs));
  pack_rows(bits.data(), rows, layer.outputs, expected.data());
  std::vector<std::uint64_t> got_bits(expected.size(), ~std::uint64_t{0});
  layer_bits(packed, input, rows, scratch.data(), got_bits.data());
  ASSERT_EQ(got_bits, expected)
      << packed.chosen.kernel->name << " rows " << rows << " inputs "
      << layer.inputs << " outputs " << layer.outputs;
}

class Kernels : public testing::TestWithParam<Isa> {};

TEST_P(Kernels, AgreeOnAGridOfSizes) {
  Engine engine(2);
  for (const auto encoding : kEncodings) {
    for (const std::int64_t inputs : kSizes) {
      for (const std::int64_t outputs : kSizes) {
        const auto layer = random_layer(engine, encoding, inputs, outputs);
        expect_exact(layer, random_inputs(engine, encoding, 1, inputs),
                     GetParam());
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(Kernels, AgreeOnEveryNumberOfRows) {
  Engine engine(3);
  for (const auto encoding : kEncodings) {
    for (const std::int64_t rows : {1, 2, 3, 4, 5, 7, 8, 13, 64}) {
      for (const std::int64_t outputs : {33, 256, 300}) {
        const auto layer = random_layer(engine, encoding, 100, outputs);
        expect_exact(layer, random_inputs(engine, encoding, rows, 100),
                     GetParam());
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(Kernels, AgreeAtExtremeThresholds) {
  Engine engine(4);
  for (const auto encoding : kEncodings) {
    auto layer = random_layer(engine, encoding, 77, 40);
    const auto inputs = random_inputs(engine, encoding, 3, 77);
    const auto sums = naive_sums(layer, inputs);
    std::vector<std::int32_t> values = {
        INT_MIN, INT_MIN + 1, -255 * 77 - 1, -255 * 77,    -78,    -77, 0,
        77,      78,          255 * 77,      255 * 77 + 1, INT_MAX};
    // Equal to a sum, and one beside it: >= and > differ here.
    for (std::size_t j = values.size(); j < 40; ++j) {
      values.push_back(sums[j] + static_cast<int>(j % 3) - 1);
    }
    layer.output = Thresholds{values};
    expect_exact(layer, inputs, GetParam());
  }
}

TEST_P(Kernels, DoNotOverflowOnTheLargestSums) {
  // 5000 white pixels under weights of one sign: 16-bit sums would wrap.
  for (const std::uint64_t word : {std::uint64_t{0}, ~std::uint64_t{0}}) {
    Engine engine(5);
    auto layer = random_layer(engine, InputEncoding::pixels, 64 * 78, 70);
    for (auto& weights : layer.weights) weights = word;
    const std::vector<std::uint8_t> white(2 * layer.inputs, 255);
    expect_exact(layer, white, GetParam());
    expect_exact(layer, {white.begin(), white.begin() + layer.inputs},
                 GetParam());
  }
}

TEST_P(Kernels, HoldTheWidestRow) {
  Engine engine(6);
  for (const auto encoding : kEncodings) {
    auto layer = random_layer(engine, encoding, kMaxWidth, 1);
    std::fill(layer.weights.begin(), layer.weights.end(), ~std::uint64_t{0});
    expect_exact(layer,
                 std::vector<std::uint8_t>(
                     kMaxWidth, encoding == InputEncoding::pixels ? 255 : 1),
                 GetParam());
  }
}

INSTANTIATE_TEST_SUITE_P(Levels, Kernels, testing::ValuesIn(available_isas()),
                         [](const auto& info) {
                           return std::string(isa_name(info.param));
                         });

TEST(CountLimit, IsTheLastCountThatReachesTheThreshold) {
  Engine engine(7);
  for (const auto encoding : {InputEncoding::signs, InputEncoding::bits}) {
    const auto layer = random_layer(engine, encoding, 20, 1);
    const LinearLayer view{20, 1, encoding, layer.weights.data()};
    const CountRule rule = count_rule(view, 0);
    for (std::int32_t t = -50; t <= 50; ++t) {
      const std::int32_t limit = count_limit(view, 0, t);
      for (std::int32_t c = 0; c <= 20; ++c) {
        EXPECT_EQ(c <= limit, rule.base - rule.step * c >= t);
      }
    }
    EXPECT_EQ(count_limit(view, 0, INT_MIN), 20);
    EXPECT_EQ(count_limit(view, 0, INT_MAX), -1);
  }
}

}  // namespace
}  // namespace signet::runtime
