#include "signet/runtime/layers/binary_conv.h"

#include <algorithm>
#include <limits>

#include "signet/runtime/kernels/limits.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {
namespace {

std::size_t whole_lines(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

std::int64_t row_bytes(const PackedBinaryConv& layer) {
  const std::int64_t patch = layer.grid.patch();
  return layer.input == InputEncoding::pixels ? patch : words_for(patch) * 8;
}

/// A multiple of 4, the rows that kernels take at once.
std::int64_t gathered_rows(const PackedBinaryConv& layer) {
  const std::int64_t fit = kGatheredBytes / row_bytes(layer);
  return std::max<std::int64_t>(4, fit / 4 * 4);
}

std::size_t gathered_bytes(const PackedBinaryConv& layer) {
  return whole_lines(gathered_rows(layer) * row_bytes(layer));
}

std::int32_t clamp32(std::int64_t value) {
  return static_cast<std::int32_t>(
      std::clamp<std::int64_t>(value, std::numeric_limits<std::int32_t>::min(),
                               std::numeric_limits<std::int32_t>::max()));
}

/// s + missing >= t is s >= t - missing. At the ends of the range it is always
/// or never, as t itself, for |s| and |missing| are at most 2^22.
std::vector<std::int32_t> moved(const std::vector<std::int32_t>& thresholds,
                                const std::int32_t* missing) {
  std::vector<std::int32_t> moved;
  for (const std::int32_t t : thresholds) {
    moved.push_back(clamp32(std::int64_t{t} - *missing++));
  }
  return moved;
}

/// The patches from `first` on, at most `count`, that are of one border case.
struct Run {
  std::int32_t border_case;
  std::int64_t count;
};

Run run_at(const PackedBinaryConv& layer, std::int64_t first,
           std::int64_t count) {
  if (layer.border.count() == 1) return {0, count};
  const MapShape& out = layer.grid.out;
  const std::int64_t row = first % out.pixels() / out.width;
  const std::int64_t column = first % out.width;
  Run run{layer.border.at(row, column), 1};
  const std::int64_t longest = std::min(count, out.width - column);
  while (run.count < longest &&
         layer.border.at(row, column + run.count) == run.border_case) {
    ++run.count;
  }
  return run;
}

/// Calls each(LinearCall, first patch, border case) for all patches, gathered.
template <class Each>
void for_each_run(const PackedBinaryConv& layer, const void* input,
                  std::int64_t images, void* scratch, std::int64_t out_stride,
                  const Each& each) {
  const std::int64_t patches = images * layer.grid.out.pixels();
  auto* rows = static_cast<std::byte*>(scratch);
  LinearCall call{.inputs = layer.grid.patch(),
                  .outputs = layer.grid.out.channels,
                  .packed = layer.weights.data(),
                  .thresholds = nullptr,
                  .input = nullptr,
                  .rows = 0,
                  .row_stride = row_bytes(layer),
                  .segments = 1,
                  .segment_stride = row_bytes(layer),
                  .out_stride = out_stride,
                  .scratch = rows + gathered_bytes(layer)};
  const std::int64_t step = gathered_rows(layer);
  for (std::int64_t start = 0; start < patches; start += step) {
    const std::int64_t count = std::min(step, patches - start);
    if (layer.input == InputEncoding::pixels) {
      gather_bytes(layer.grid, static_cast<const std::uint8_t*>(input), start,
                   count, reinterpret_cast<std::uint8_t*>(rows));
    } else {
      gather_bits(layer.grid, static_cast<const std::uint64_t*>(input),
                  layer.pad, start, count,
                  reinterpret_cast<std::uint64_t*>(rows));
    }
    for (std::int64_t done = 0; done < count; done += call.rows) {
      const Run run = run_at(layer, start + done, count - done);
      call.input = rows + done * row_bytes(layer);
      call.rows = run.count;
      call.thresholds = static_cast<const std::byte*>(layer.thresholds.data()) +
                        run.border_case * layer.threshold_stride;
      each(call, start + done, run.border_case);
    }
  }
}

}  // namespace

PackedBinaryConv pack_layer(const BinaryConv& layer, Isa isa) {
  const LinearLayer rows{.inputs = layer.patch(),
                         .outputs = layer.outputs,
                         .input = layer.input,
                         .weights = layer.weights.data()};
  const ChosenKernel chosen = choose_kernel(rows, isa);
  const LinearKernel& kernel = *chosen.kernel;
  const bool counts_nothing = layer.padding == Padding::zero &&
                              layer.input == InputEncoding::signs &&
                              layer.window.pad != 0;
  const std::size_t stride = whole_lines(kernel.threshold_bytes(rows));
  PackedBinaryConv packed{.grid = {layer.in, output_shape(layer), layer.window},
                          .input = layer.input,
                          .pad = layer.padding == Padding::plus,
                          .border = counts_nothing ? find_border_cases(layer)
                                                   : no_border_cases(layer),
                          .chosen = chosen,
                          .kernel_scratch = kernel.scratch_bytes(rows),
                          .weights = AlignedBuffer(kernel.packed_bytes(rows)),
                          .thresholds = AlignedBuffer(0),
                          .threshold_stride = stride};
  packed.thresholds = AlignedBuffer(stride * packed.border.count());
  kernel.pack(rows, packed.weights.data());
  for (std::int32_t c = 0; c < packed.border.count(); ++c) {
    const auto thresholds =
        moved(layer.thresholds.values,
              packed.border.missing.data() + c * layer.outputs);
    kernel.pack_thresholds(
        rows, thresholds.data(),
        static_cast<std::byte*>(packed.thresholds.data()) + c * stride);
  }
  return packed;
}

std::size_t scratch_bytes(const PackedBinaryConv& layer) {
  return gathered_bytes(layer) + layer.kernel_scratch;
}

void layer_bits(const PackedBinaryConv& layer, const void* input,
                std::int64_t images, void* scratch, std::uint64_t* out) {
  const std::int64_t words = words_for(layer.grid.out.channels);
  for_each_run(layer, input, images, scratch, words,
               [&](const LinearCall& call, std::int64_t first, std::int32_t) {
                 layer.chosen.kernel->bits(call, out + first * words);
               });
}

void layer_sums(const PackedBinaryConv& layer, const void* input,
                std::int64_t images, void* scratch, std::int32_t* out) {
  const std::int64_t outputs = layer.grid.out.channels;
  for_each_run(layer, input, images, scratch, outputs,
               [&](const LinearCall& call, std::int64_t first,
                   std::int32_t border_case) {
                 std::int32_t* to = out + first * outputs;
                 layer.chosen.kernel->sums(call, to);
                 const std::int32_t* missing =
                     layer.border.missing.data() + border_case * outputs;
                 for (std::int64_t row = 0; row < call.rows; ++row) {
                   for (std::int64_t j = 0; j < outputs; ++j) {
                     *to++ += missing[j];
                   }
                 }
               });
}

}  // namespace signet::runtime
