// Calls of every kernel of every level that this machine runs, with strides and
// segments of all kinds, against plain loops on rows gathered beforehand.
#include <gtest/gtest.h>

#include <algorithm>

#include "signet/runtime/aligned_buffer.h"
#include "signet/runtime/kernels/levels.h"
#include "signet/runtime/kernels/limits.h"
#include "signet/runtime/packing.h"
#include "tests/runtime/amx_emulated.h"
#include "tests/runtime/random_model.h"

namespace signet::runtime {
namespace {

/// How the inputs and outputs of a call lie in memory; strides in bytes, those
/// of the output in words for bits, in int32s for sums.
struct Layout {
  std::int64_t rows = 1;
  std::int64_t row_stride = 0;
  std::int64_t segments = 1;
  std::int64_t segment_stride = 0;
  std::int64_t bits_stride = 0;
  std::int64_t sums_stride = 0;
};

std::int64_t segment_bytes(const LinearLayer& layer) {
  return layer.input == InputEncoding::pixels
             ? layer.inputs / layer.segments
             : words_for(layer.inputs / layer.segments) * 8;
}

/// Exactly the bytes that a call may read. Nothing is aligned beyond a value.
std::vector<std::uint64_t> random_memory(Engine& engine,
                                         const LinearLayer& layer,
                                         const Layout& layout,
                                         std::int64_t& bytes) {
  bytes = (layout.rows - 1) * layout.row_stride +
          (layout.segments - 1) * layout.segment_stride + segment_bytes(layer);
  if (layer.input == InputEncoding::pixels && layer.segments > 1) {
    bytes += kReadableBeyond;
  }
  std::vector<std::uint64_t> memory(words_for(8 * bytes));
  for (auto& word : memory) word = engine();
  if (layer.inputs % 64 != 0 && layer.input != InputEncoding::pixels) {
    const std::uint64_t used = (std::uint64_t{1} << layer.inputs % 64) - 1;
    for (std::int64_t r = 0; r < layout.rows; ++r) {
      const std::int64_t end = r * layout.row_stride + segment_bytes(layer);
      memory[end / 8 - 1] &= used;
    }
  }
  return memory;
}

/// The rows of a call as bytes, for the plain loops.
std::vector<std::uint8_t> gathered(const LinearLayer& layer,
                                   const Layout& layout,
                                   const std::uint8_t* memory) {
  const std::int64_t length = layer.inputs / layer.segments;
  std::vector<std::uint8_t> values;
  for (std::int64_t r = 0; r < layout.rows; ++r) {
    for (std::int64_t s = 0; s < layout.segments; ++s) {
      const std::uint8_t* at =
          memory + r * layout.row_stride + s * layout.segment_stride;
      for (std::int64_t k = 0; k < length; ++k) {
        values.push_back(layer.input == InputEncoding::pixels
                             ? at[k]
                             : at[k / 8] >> (k % 8) & 1);
      }
    }
  }
  return values;
}

/// The kernels of every level of this machine, and of AMX over emulated tiles.
std::vector<std::pair<std::string, std::vector<const LinearKernel*>>>
kernels_here() {
  std::vector<std::pair<std::string, std::vector<const LinearKernel*>>> all;
  for (const Level* level : levels()) {
    if (!level->supported()) continue;
    auto& [name, kernels] = all.emplace_back();
    name = isa_name(level->isa);
    for (auto each = level->kernels; *each != nullptr; ++each) {
      kernels.push_back(*each);
    }
  }
#if defined(SIGNET_EMULATED_AMX)
  if (amx_emulation_runs_here()) {
    all.push_back({"emulated amx", {&kEmulatedAmxPixels, &kEmulatedAmxBinary}});
  }
#endif
  return all;
}

/// All kernels here that take the layer. What lies between rows of the output
/// must be left alone.
void expect_exact(Engine& engine, const BinaryLinear& plain,
                  const Layout& layout) {
  const LinearLayer layer{.inputs = plain.inputs,
                          .outputs = plain.outputs,
                          .input = plain.input,
                          .weights = plain.weights.data(),
                          .segments = layout.segments};
  std::int64_t bytes = 0;
  const auto random = random_memory(engine, layer, layout, bytes);
  AlignedBuffer memory(bytes);
  std::memcpy(memory.data(), random.data(), bytes);
  const auto values =
      gathered(layer, layout, static_cast<std::uint8_t*>(memory.data()));
  const auto sums = naive_sums(plain, values);
  const auto& thresholds = std::get<Thresholds>(plain.output);
  const auto bits = naive_bits(thresholds, sums);

  const std::int64_t last = layout.rows - 1;
  const std::int64_t words = words_for(plain.outputs);
  std::vector<std::int32_t> expected_sums(
      last * layout.sums_stride + plain.outputs, -7);
  std::vector<std::uint64_t> expected_bits(last * layout.bits_stride + words,
                                           ~std::uint64_t{0});
  auto got_sums = expected_sums;
  auto got_bits = expected_bits;
  for (std::int64_t r = 0; r < layout.rows; ++r) {
    std::copy_n(sums.begin() + r * plain.outputs, plain.outputs,
                expected_sums.begin() + r * layout.sums_stride);
    pack_rows(bits.data() + r * plain.outputs, 1, plain.outputs,
              expected_bits.data() + r * layout.bits_stride);
  }
  const auto untouched_sums = got_sums;
  const auto untouched_bits = got_bits;
  int seen = 0;
  for (const auto& [level, kernels] : kernels_here()) {
    for (const LinearKernel* each : kernels) {
      const LinearKernel& kernel = *each;
      if (!kernel.takes(layer)) continue;
      ++seen;
      AlignedBuffer packed(kernel.packed_bytes(layer));
      AlignedBuffer limits(kernel.threshold_bytes(layer));
      AlignedBuffer scratch(kernel.scratch_bytes(layer));
      kernel.pack(layer, packed.data());
      kernel.pack_thresholds(layer, thresholds.values.data(), limits.data());
      LinearCall call{.inputs = layer.inputs,
                      .outputs = layer.outputs,
                      .packed = packed.data(),
                      .thresholds = limits.data(),
                      .input = memory.data(),
                      .rows = layout.rows,
                      .row_stride = layout.row_stride,
                      .segments = layout.segments,
                      .segment_stride = layout.segment_stride,
                      .out_stride = layout.bits_stride,
                      .scratch = scratch.data()};
      got_bits = untouched_bits;
      kernel.bits(call, got_bits.data());
      call.out_stride = layout.sums_stride;
      got_sums = untouched_sums;
      kernel.sums(call, got_sums.data());
      const auto what = [&] {
        return level + " " + kernel.name + ", " + std::to_string(layout.rows) +
               " rows of " + std::to_string(layout.segments) + " segments, " +
               std::to_string(layer.inputs) + " x " +
               std::to_string(layer.outputs);
      };
      ASSERT_EQ(got_bits, expected_bits) << what();
      ASSERT_EQ(got_sums, expected_sums) << what();
    }
  }
  EXPECT_GE(seen, 1);
}

std::int64_t pick(Engine& engine, std::vector<std::int64_t> values) {
  return values[engine() % values.size()];
}

TEST(Calls, AgreeWithRandomStridesAndSegments) {
  Engine engine(50);
  for (int trial = 0; trial < 1500; ++trial) {
    const auto input = static_cast<InputEncoding>(engine() % 3);
    const bool pixels = input == InputEncoding::pixels;
    const std::int64_t unit = pixels ? 1 : 8;
    Layout layout{.rows = pick(engine, {1, 2, 3, 4, 5, 7, 8, 12, 17, 33})};
    layout.segments = pick(engine, {1, 1, 2, 3, 3, 5});
    const std::int64_t length = pixels ? 1 + static_cast<int>(engine() % 40)
                                : layout.segments == 1
                                    ? 1 + static_cast<int>(engine() % 400)
                                    : 64 * (1 + static_cast<int>(engine() % 5));
    const std::int64_t outputs =
        pick(engine, {1, 10, 16, 31, 33, 48, 64, 65, 128, 200, 256, 260});
    const auto layer =
        random_layer(engine, input, length * layout.segments, outputs);
    // Rows overlap or have gaps; only whole rows of bits that end in a word
    // that is not full must not overlap.
    const std::int64_t whole = pixels ? length : words_for(length) * 8;
    const bool apart = !pixels && length % 64 != 0;
    layout.row_stride =
        (apart ? whole : unit) + unit * static_cast<int>(engine() % 9);
    layout.segment_stride = whole + unit * static_cast<int>(engine() % 9);
    layout.bits_stride = words_for(outputs) + static_cast<int>(engine() % 3);
    layout.sums_stride = outputs + static_cast<int>(engine() % 20);
    expect_exact(engine, layer, layout);
    if (HasFatalFailure()) return;
  }
}

// A window of 3 x 3 pixels that walks along a line of an image, and down a
// column of it.
TEST(Calls, AgreeOnWindowsOfAnImage) {
  Engine engine(51);
  for (const auto input :
       {InputEncoding::pixels, InputEncoding::signs, InputEncoding::bits}) {
    for (const std::int64_t channels : {1, 2, 3, 64, 128}) {
      if (input != InputEncoding::pixels && channels % 64 != 0) continue;
      const std::int64_t pixel =
          input == InputEncoding::pixels ? channels : channels / 8;
      for (const std::int64_t outputs : {16, 64, 100}) {
        const auto layer = random_layer(engine, input, 9 * channels, outputs);
        const std::int64_t line = 14 * pixel;
        for (const std::int64_t row_stride : {pixel, 2 * pixel, line}) {
          expect_exact(engine, layer,
                       {.rows = 12,
                        .row_stride = row_stride,
                        .segments = 3,
                        .segment_stride = line,
                        .bits_stride = 2 * words_for(outputs),
                        .sums_stride = 2 * outputs});
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

#if defined(SIGNET_EMULATED_AMX)

// Rows that fill tiles, leave some to popcount or do not, or are more than a
// chunk; inputs on both sides of a tile's 64 or 60, of the 8 tiles whose
// weights are expanded at once, and of the most that are taken; outputs around
// tiles, pairs and panels.
TEST(Tiles, AgreeOnAGridOfSizes) {
  if (!amx_emulation_runs_here()) GTEST_SKIP() << "no AVX-512 VBMI, GFNI";
  Engine engine(52);
  const TileUse before = emulated_tile_use();
  const auto expect = [&](InputEncoding input, std::int64_t rows,
                          std::int64_t inputs, std::int64_t outputs) {
    const auto layer = random_layer(engine, input, inputs, outputs);
    const std::int64_t bytes =
        input == InputEncoding::pixels ? inputs : words_for(inputs) * 8;
    expect_exact(engine, layer,
                 {.rows = rows,
                  .row_stride = bytes,
                  .segment_stride = bytes,
                  .bits_stride = words_for(outputs),
                  .sums_stride = outputs});
  };
  for (const auto input :
       {InputEncoding::pixels, InputEncoding::signs, InputEncoding::bits}) {
    for (const std::int64_t rows : {15, 16, 24, 25, 32, 33, 48, 57}) {
      for (const std::int64_t outputs : {32, 33, 65, 112, 130}) {
        expect(input, rows, 100, outputs);
        if (HasFatalFailure()) return;
      }
    }
    for (const std::int64_t inputs :
         {1, 31, 32, 33, 59, 60, 61, 64, 65, 120, 480, 481, 511, 513, 1100}) {
      expect(input, 17 + inputs % 16, inputs, 48);
      if (HasFatalFailure()) return;
    }
    for (const std::int64_t rows : {128, 129, 160, 300}) {
      expect(input, rows, 70, 40);
      if (HasFatalFailure()) return;
    }
    expect(input, 16, kAmxMaxInputs, 33);
    expect(input, 16, kAmxMaxInputs + 1, 33);  // not taken
  }
  const TileUse after = emulated_tile_use();
  EXPECT_GT(after.products, before.products + 10000);
  EXPECT_EQ(after.faults, 0);
  EXPECT_FALSE(after.configured) << "tiles are not given back";
}

/// Calls a kernel for all groups, or for one after another if it takes no
/// groups: bits and sums, with -1 in the gaps between their rows.
struct Grouped {
  std::vector<std::uint64_t> bits;
  std::vector<std::int32_t> sums;

  Grouped(const LinearKernel& kernel, const LinearLayer& layer,
          const Thresholds& thresholds, LinearCall call) {
    AlignedBuffer packed(kernel.packed_bytes(layer));
    AlignedBuffer limits(kernel.threshold_bytes(layer));
    AlignedBuffer scratch(kernel.scratch_bytes(layer));
    kernel.pack(layer, packed.data());
    kernel.pack_thresholds(layer, thresholds.values.data(), limits.data());
    call.packed = packed.data();
    call.thresholds = limits.data();
    call.scratch = scratch.data();
    bits.resize(call.groups * call.group_out_stride, ~std::uint64_t{0});
    sums.resize(call.groups * call.group_out_stride, -1);
    if (kernel.takes_groups) {
      kernel.bits(call, bits.data());
      kernel.sums(call, sums.data());
      return;
    }
    for (std::int64_t g = 0; g < call.groups; ++g) {
      LinearCall one = call;
      one.groups = 1;
      one.input = static_cast<const char*>(call.input) + g * call.group_stride;
      kernel.bits(one, bits.data() + g * call.group_out_stride);
      kernel.sums(one, sums.data() + g * call.group_out_stride);
    }
  }
};

// Windows of all lines of an image at once, few and many in a line.
TEST(Tiles, TakeGroupsOfRows) {
  if (!amx_emulation_runs_here()) GTEST_SKIP() << "no AVX-512 VBMI, GFNI";
  Engine engine(54);
  for (const auto input :
       {InputEncoding::pixels, InputEncoding::signs, InputEncoding::bits}) {
    for (const std::int64_t columns : {1, 3, 12, 18, 40}) {
      for (const std::int64_t lines : {1, 5, 12}) {
        const bool pixels = input == InputEncoding::pixels;
        const std::int64_t channels = pixels ? 5 : 64;
        const std::int64_t pixel = pixels ? 5 : 8;
        const std::int64_t line = (columns + 2) * pixel;
        const auto plain = random_layer(engine, input, 9 * channels, 70);
        const LinearLayer layer{.inputs = plain.inputs,
                                .outputs = plain.outputs,
                                .input = input,
                                .weights = plain.weights.data(),
                                .segments = 3};
        std::vector<std::uint64_t> image((lines + 2) * line / 8 + 1);
        for (auto& word : image) word = engine();
        const LinearCall call{.inputs = layer.inputs,
                              .outputs = layer.outputs,
                              .packed = nullptr,
                              .thresholds = nullptr,
                              .input = image.data(),
                              .rows = columns,
                              .row_stride = pixel,
                              .segments = 3,
                              .segment_stride = line,
                              .out_stride = 71,
                              .scratch = nullptr,
                              .groups = lines,
                              .group_stride = line,
                              .group_out_stride = columns * 71 + 13};
        const auto& thresholds = std::get<Thresholds>(plain.output);
        const Grouped tiled(pixels ? kEmulatedAmxPixels : kEmulatedAmxBinary,
                            layer, thresholds, call);
        const Grouped expected(*choose_kernel(layer, Isa::scalar).kernel, layer,
                               thresholds, call);
        ASSERT_EQ(tiled.bits, expected.bits) << columns << " x " << lines;
        ASSERT_EQ(tiled.sums, expected.sums) << columns << " x " << lines;
      }
    }
  }
  EXPECT_EQ(emulated_tile_use().faults, 0);
}

TEST(Tiles, AreNotTouchedWithoutPermission) {
  if (!amx_emulation_runs_here()) GTEST_SKIP() << "no AVX-512 VBMI, GFNI";
  Engine engine(53);
  permit_emulated_tiles(false);
  const long before = emulated_tile_use().products;
  expect_exact(engine, random_layer(engine, InputEncoding::signs, 128, 64),
               {.rows = 33,
                .row_stride = 16,
                .segment_stride = 16,
                .bits_stride = 1,
                .sums_stride = 64});
  EXPECT_EQ(emulated_tile_use().products, before);
  permit_emulated_tiles(true);
}

#endif

}  // namespace
}  // namespace signet::runtime
