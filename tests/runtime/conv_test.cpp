// Convolutions and max pooling on every level that this machine runs, against
// plain loops.
#include <gtest/gtest.h>

#include <climits>

#include "signet/runtime/layers/binary_conv.h"
#include "signet/runtime/layers/max_pool.h"
#include "signet/runtime/packing.h"
#include "tests/runtime/amx_emulated.h"
#include "tests/runtime/random_model.h"

namespace signet::runtime {

#if defined(SIGNET_EMULATED_AMX)
extern const LinearKernel kAvx512Binary;
extern const LinearKernel kAvx512Pixels;
#endif

namespace {

struct Kind {
  InputEncoding input;
  Padding padding;
};

constexpr Kind kKinds[] = {
    {InputEncoding::pixels, Padding::zero},
    {InputEncoding::signs, Padding::zero},
    {InputEncoding::signs, Padding::minus},
    {InputEncoding::signs, Padding::plus},
    {InputEncoding::bits, Padding::zero},
    {InputEncoding::bits, Padding::plus},
};

std::vector<std::uint64_t> packed_rows(const std::vector<std::uint8_t>& bits,
                                       std::int64_t n) {
  const auto rows = static_cast<std::int64_t>(bits.size()) / n;
  std::vector<std::uint64_t> words(rows * words_for(n));
  pack_rows(bits.data(), rows, n, words.data());
  return words;
}

std::string text(const BinaryConv& layer, Isa isa) {
  return std::string(isa_name(isa)) + " " + to_string(layer.in) + " -> " +
         std::to_string(layer.outputs) + ", " +
         std::to_string(layer.window.height) + "x" +
         std::to_string(layer.window.width) + " stride " +
         std::to_string(layer.window.stride) + " pad " +
         std::to_string(layer.window.pad) + " " + padding_name(layer.padding) +
         " of " + encoding_name(layer.input);
}

/// Puts the AMX kernel over emulated tiles in the place of the AVX-512 kernel
/// whose packed weights it reads; says whether it can.
bool use_emulated_tiles([[maybe_unused]] const BinaryConv& layer,
                        [[maybe_unused]] PackedBinaryConv& packed) {
#if defined(SIGNET_EMULATED_AMX)
  if (!amx_emulation_runs_here()) return false;
  const LinearLayer rows{
      .inputs = layer.patch(),
      .outputs = layer.outputs,
      .input = layer.input,
      .weights = layer.weights.data(),
      .segments = packed.direct ? layer.window.height : std::int64_t{1}};
  const LinearKernel* kernel = nullptr;
  if (packed.chosen.kernel == &kAvx512Binary) kernel = &kEmulatedAmxBinary;
  if (packed.chosen.kernel == &kAvx512Pixels) kernel = &kEmulatedAmxPixels;
  if (kernel == nullptr || !kernel->takes(rows)) return false;
  packed.chosen.kernel = kernel;
  packed.kernel_scratch = kernel->scratch_bytes(rows);
  return true;
#else
  return false;
#endif
}

/// Buffers are exactly as large as promised and full of ones, as in
/// kernels_test.cpp.
void expect_exact(const BinaryConv& layer,
                  const std::vector<std::uint8_t>& images) {
  const auto count =
      static_cast<std::int64_t>(images.size()) / layer.in.values();
  const auto words = packed_rows(images, layer.in.channels);
  const void* input = layer.input == InputEncoding::pixels
                          ? static_cast<const void*>(images.data())
                          : words.data();
  const auto sums = naive_sums(layer, images);
  const auto bits =
      packed_rows(naive_bits(layer.thresholds, sums), layer.outputs);
  for (const Isa isa : available_isas()) {
    PackedBinaryConv packed = pack_layer(layer, isa);
    // What is packed for AVX-512, tiles read as well.
    for (const bool tiles : {false, true}) {
      if (tiles && !use_emulated_tiles(layer, packed)) break;
      AlignedBuffer scratch(scratch_bytes(packed));
      std::vector<std::int32_t> got_sums(sums.size(), -1);
      layer_sums(packed, input, count, scratch.data(), got_sums.data());
      ASSERT_EQ(got_sums, sums) << text(layer, isa) << " " << tiles;
      std::vector<std::uint64_t> got_bits(bits.size(), ~std::uint64_t{0});
      layer_bits(packed, input, count, scratch.data(), got_bits.data());
      ASSERT_EQ(got_bits, bits) << text(layer, isa) << " " << tiles;
    }
  }
}

/// Heights and widths are the window's.
void expect_exact_on_a_grid(std::int64_t height, std::int64_t width,
                            std::uint64_t seed) {
  Engine engine(seed);
  const std::int64_t least = std::min(height, width);
  std::vector<std::int64_t> pads = {0};
  if (least > 1) pads.push_back(least / 2);
  if (least > 2) pads.push_back(least - 1);
  for (const auto& [input, padding] : kKinds) {
    for (const std::int64_t channels : {1, 3, 63, 64, 65, 128}) {
      for (const std::int64_t stride : {1, 2, 3}) {
        for (const std::int64_t pad : pads) {
          const auto layer =
              random_conv(engine, input, {5, 7, channels}, 1 + channels / 2,
                          {height, width, stride, pad}, padding);
          expect_exact(layer, random_inputs(engine, input, 2, 35 * channels));
          if (testing::Test::HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST(BinaryConv, Agrees1x1) { expect_exact_on_a_grid(1, 1, 30); }
TEST(BinaryConv, Agrees3x3) { expect_exact_on_a_grid(3, 3, 31); }
TEST(BinaryConv, Agrees5x5) { expect_exact_on_a_grid(5, 5, 32); }
TEST(BinaryConv, Agrees2x3) { expect_exact_on_a_grid(2, 3, 33); }

TEST(BinaryConv, AgreesOnManyPatchesAndOutputs) {
  Engine engine(34);
  for (const auto& [input, padding] : kKinds) {
    for (const std::int64_t outputs : {64, 200, 256}) {
      // More patches than are gathered at once, several images.
      const auto layer = random_conv(engine, input, {17, 19, 64}, outputs,
                                     {3, 3, 1, 1}, padding);
      expect_exact(layer, random_inputs(engine, input, 3, 17 * 19 * 64));
      if (HasFatalFailure()) return;
    }
  }
}

TEST(BinaryConv, AgreesOnManySmallImages) {
  // Windows are walked along images where lines are short.
  Engine engine(38);
  for (const auto& [input, padding] : kKinds) {
    for (const std::int64_t size : {1, 2, 4, 7}) {
      for (const std::int64_t pad : {0, 1}) {
        if (size + 2 * pad < 3) continue;
        const auto layer = random_conv(engine, input, {size, size, 64}, 70,
                                       {3, 3, 1, pad}, padding);
        expect_exact(layer, random_inputs(engine, input, 20, size * size * 64));
        if (HasFatalFailure()) return;
      }
    }
  }
}

// Kernels for patches read a few bytes beyond them, but not beyond the images.
TEST(BinaryConv, AgreesOnPixelsOfFewChannels) {
  Engine engine(39);
  for (const std::int64_t channels : {1, 2, 3, 4}) {
    for (const std::int64_t side : {1, 2, 3, 5, 7}) {
      for (const std::int64_t pad : {std::int64_t{0}, side / 2}) {
        const auto layer =
            random_conv(engine, InputEncoding::pixels, {9, 8, channels}, 72,
                        {side, side, 1, pad}, Padding::zero);
        expect_exact(layer,
                     random_inputs(engine, layer.input, 3, 72 * channels));
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(BinaryConv, AgreesWhereTheWindowIsTheImage) {
  Engine engine(35);
  for (const auto& [input, padding] : kKinds) {
    for (const std::int64_t pad : {0, 2}) {
      const auto layer =
          random_conv(engine, input, {3, 4, 70}, 20, {3, 4, 1, pad}, padding);
      expect_exact(layer, random_inputs(engine, input, 2, 3 * 4 * 70));
    }
    const auto jump =
        random_conv(engine, input, {3, 4, 5}, 20, {3, 3, 1000, 1}, padding);
    expect_exact(jump, random_inputs(engine, input, 2, 3 * 4 * 5));
  }
}

TEST(BinaryConv, AgreesAtExtremeThresholds) {
  Engine engine(36);
  for (const auto& [input, padding] : kKinds) {
    auto layer =
        random_conv(engine, input, {5, 5, 20}, 60, {3, 3, 1, 1}, padding);
    const auto images = random_inputs(engine, input, 1, 5 * 5 * 20);
    const auto sums = naive_sums(layer, images);
    auto& values = layer.thresholds.values;
    values = {INT_MIN, INT_MIN + 1, INT_MIN + 90, -181,         -180,
              0,       180,         181,          INT_MAX - 90, INT_MAX};
    // Equal to a sum, at the border or inside, and one beside it.
    for (std::size_t j = values.size(); j < 60; ++j) {
      const std::size_t place = j % 25;
      values.push_back(sums[place * 60 + j] + static_cast<int>(j % 3) - 1);
    }
    expect_exact(layer, images);
  }
}

// Padding of another kind gives other sums, or the tests above prove nothing.
TEST(BinaryConv, KindsOfPaddingDiffer) {
  Engine engine(37);
  auto layer = random_conv(engine, InputEncoding::signs, {5, 5, 20}, 30,
                           {3, 3, 1, 1}, Padding::zero);
  const auto images = random_inputs(engine, layer.input, 1, 5 * 5 * 20);
  const auto zero = naive_sums(layer, images);
  layer.padding = Padding::minus;
  const auto minus = naive_sums(layer, images);
  layer.padding = Padding::plus;
  const auto plus = naive_sums(layer, images);
  for (std::size_t i = 0; i < zero.size(); ++i) {
    EXPECT_EQ(2 * zero[i], minus[i] + plus[i]);
  }
  EXPECT_NE(minus, plus);
}

TEST(MaxPool, TakesTheGreatestOrTheLeast) {
  Engine engine(40);
  for (const std::int64_t channels : {1, 3, 63, 64, 65, 128}) {
    for (const Window& window :
         {Window{2, 2, 2}, Window{3, 3, 2}, Window{3, 3, 1}, Window{1, 1, 1},
          Window{2, 3, 3}, Window{7, 5, 1}}) {
      auto layer = random_pool(engine, {7, 9, channels}, window);
      for (const bool masked : {true, false}) {
        if (!masked) layer.least.clear();
        const auto images =
            random_inputs(engine, InputEncoding::bits, 2, 7 * 9 * channels);
        const auto expected = packed_rows(naive_pool(layer, images), channels);
        const auto input = packed_rows(images, channels);
        std::vector<std::uint64_t> got(expected.size(), ~std::uint64_t{0});
        const auto packed = pack_layer(layer, Isa::scalar);
        layer_bits(packed, input.data(), 2, nullptr, got.data());
        ASSERT_EQ(got, expected) << channels;
      }
    }
  }
}

// Why pooling is on bits: the threshold of the greatest sum is the greatest
// bit, and with the weights turned around, the least.
TEST(MaxPool, OfBitsIsTheBitOfTheMaxOfSums) {
  Engine engine(41);
  const auto layer =
      random_conv(engine, InputEncoding::signs, {6, 6, 40}, 50, {3, 3, 1, 1});
  const auto images = random_inputs(engine, layer.input, 1, 36 * 40);
  const auto sums = naive_sums(layer, images);
  for (std::int64_t j = 0; j < 50; ++j) {
    const std::int32_t t = layer.thresholds.values[j];
    for (const int direction : {1, -1}) {
      std::int32_t greatest = INT_MIN;
      bool any = false, all = true;
      for (const int place : {0, 1, 6, 7}) {
        const std::int32_t sum = sums[place * 50 + j];
        greatest = std::max(greatest, sum);
        any |= direction * sum >= t;
        all &= direction * sum >= t;
      }
      EXPECT_EQ(direction * greatest >= t, direction > 0 ? any : all);
    }
  }
}

}  // namespace
}  // namespace signet::runtime
