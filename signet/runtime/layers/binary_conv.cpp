#include "signet/runtime/layers/binary_conv.h"

#include <algorithm>
#include <limits>

#include "signet/runtime/kernels/limits.h"
#include "signet/runtime/layers/frame.h"
#include "signet/runtime/layers/walk.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {
namespace {

std::size_t whole_lines(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

bool has_pixels(const PackedBinaryConv& layer) {
  return layer.input == InputEncoding::pixels;
}

std::int64_t row_bytes(const PackedBinaryConv& layer) {
  const std::int64_t patch = layer.grid.patch();
  return has_pixels(layer) ? patch : words_for(patch) * 8;
}

/// Of the input.
std::int64_t pixel_bytes(const PackedBinaryConv& layer) {
  const std::int64_t channels = layer.grid.in.channels;
  return has_pixels(layer) ? channels : words_for(channels) * 8;
}

std::int64_t framed_image_bytes(const PackedBinaryConv& layer) {
  return framed_bytes(layer.grid.in, layer.grid.window.pad, pixel_bytes(layer));
}

/// Kernels may read a little beyond pixels, so they never run on the caller's.
bool needs_frame(const PackedBinaryConv& layer) {
  return layer.grid.window.pad != 0 || has_pixels(layer);
}

/// Images to frame or rows to gather at once. Kernels take 4 rows.
std::int64_t count_at_once(const PackedBinaryConv& layer,
                           const BlockSizes& sizes) {
  if (!layer.direct) {
    const std::int64_t fit = sizes.gathered_bytes / row_bytes(layer);
    return std::max<std::int64_t>(4, fit / 4 * 4);
  }
  return std::clamp<std::int64_t>(
      sizes.framed_bytes / framed_image_bytes(layer), 1, sizes.max_block);
}

/// Bytes of scratch in front of the kernel's.
std::size_t prepared_bytes(const PackedBinaryConv& layer) {
  if (!layer.direct) {
    return whole_lines(layer.at_once * row_bytes(layer));
  }
  if (!needs_frame(layer)) return 0;
  return whole_lines(layer.at_once * framed_image_bytes(layer) +
                     kReadableBeyond);
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

/// What the calls of a layer have in common.
LinearCall call_of(const PackedBinaryConv& layer, void* scratch) {
  return {.inputs = layer.grid.patch(),
          .outputs = layer.grid.out.channels,
          .packed = layer.weights.data(),
          .thresholds = nullptr,
          .input = nullptr,
          .rows = 0,
          .row_stride = 0,
          .segments = 1,
          .segment_stride = 0,
          .out_stride = 0,
          .scratch = static_cast<std::byte*>(scratch) + prepared_bytes(layer)};
}

const void* thresholds_of(const PackedBinaryConv& layer,
                          std::int32_t border_case) {
  return static_cast<const std::byte*>(layer.thresholds.data()) +
         border_case * layer.threshold_stride;
}

/// Calls each(LinearCall, first patch, border case) for all patches, gathered;
/// out_stride is that of `row` words or int32s for each patch.
template <class Each>
void for_gathered(const PackedBinaryConv& layer, const void* input,
                  std::int64_t images, void* scratch, std::int64_t row,
                  const Each& each) {
  const std::int64_t patches = images * layer.grid.out.pixels();
  auto* rows = static_cast<std::byte*>(scratch);
  LinearCall call = call_of(layer, scratch);
  call.row_stride = row_bytes(layer);
  call.out_stride = row;
  const std::int64_t step = layer.at_once;
  for (std::int64_t start = 0; start < patches; start += step) {
    const std::int64_t count = std::min(step, patches - start);
    gather_bits(layer.grid, static_cast<const std::uint64_t*>(input), layer.pad,
                start, count, reinterpret_cast<std::uint64_t*>(rows));
    for (std::int64_t done = 0; done < count; done += call.rows) {
      const Run run = run_at(layer, start + done, count - done);
      call.input = rows + done * row_bytes(layer);
      call.rows = run.count;
      call.thresholds = thresholds_of(layer, run.border_case);
      each(call, start + done, run.border_case);
    }
  }
}

/// The first place behind `first` of another border case.
std::int64_t end_of_case(const std::vector<std::int32_t>& cases,
                         std::int64_t first) {
  const auto start = cases.begin() + first;
  return std::find_if(start, cases.end(),
                      [&](std::int32_t c) { return c != *start; }) -
         cases.begin();
}

/// The same in place: windows of images in a frame.
template <class Each>
void for_direct(const PackedBinaryConv& layer, const void* input,
                std::int64_t images, void* scratch, std::int64_t row,
                const Each& each) {
  const auto& [in, out, window] = layer.grid;
  const BorderCases& border = layer.border;
  const std::int64_t pixel = pixel_bytes(layer);
  const bool framed = needs_frame(layer);
  const std::int64_t step = framed ? layer.at_once : images;
  LinearCall call = call_of(layer, scratch);
  call.segments = window.height;
  for (std::int64_t first = 0; first < images; first += step) {
    const std::int64_t count = std::min(step, images - first);
    const std::byte* start =
        static_cast<const std::byte*>(input) + first * in.pixels() * pixel;
    const ImageView view =
        framed ? frame_images(in, window.pad, pixel,
                              layer.pad ? std::byte{0xff} : std::byte{0}, start,
                              count, scratch)
               : images_in_place(in, pixel, start);
    call.segment_stride = view.line;
    for (std::int64_t y = 0, bottom = 0; y < out.height; y = bottom) {
      bottom = end_of_case(border.of_row, y);
      for (std::int64_t x = 0, right = 0; x < out.width; x = right) {
        right = end_of_case(border.of_column, x);
        const std::int32_t border_case = border.at(y, x);
        call.thresholds = thresholds_of(layer, border_case);
        const std::byte* corner =
            view.first + window.stride * (y * view.line + x * view.pixel);
        const std::int64_t patch = (first * out.height + y) * out.width + x;
        walk({right - x, window.stride * view.pixel, 1},
             {bottom - y, window.stride * view.line, out.width},
             {count, view.image, out.pixels()},
             layer.chosen.kernel->takes_groups,
             [&](const Axis& rows, const Axis& groups, std::int64_t in_offset,
                 std::int64_t out_offset) {
               call.input = corner + in_offset;
               call.rows = rows.count;
               call.row_stride = rows.in;
               call.out_stride = rows.out * row;
               call.groups = groups.count;
               call.group_stride = groups.in;
               call.group_out_stride = groups.out * row;
               each(call, patch + out_offset, border_case);
             });
      }
    }
  }
}

template <class Each>
void for_each_call(const PackedBinaryConv& layer, const void* input,
                   std::int64_t images, void* scratch, std::int64_t row,
                   const Each& each) {
  if (layer.direct) {
    for_direct(layer, input, images, scratch, row, each);
  } else {
    for_gathered(layer, input, images, scratch, row, each);
  }
}

/// Whether windows are read where they are: lines of whole words are pieces of
/// a window in place.
bool is_direct(const BinaryConv& layer) {
  return layer.input == InputEncoding::pixels || layer.in.channels % 64 == 0 ||
         layer.window.height * layer.window.width == 1;
}

LinearLayer rows_of(const BinaryConv& layer) {
  return {.inputs = layer.patch(),
          .outputs = layer.outputs,
          .input = layer.input,
          .weights = layer.weights.data(),
          .segments = is_direct(layer) ? layer.window.height : 1};
}

/// Whether sums at the border must be put right.
bool counts_nothing(const BinaryConv& layer) {
  return layer.padding == Padding::zero &&
         layer.input == InputEncoding::signs && layer.window.pad != 0;
}

}  // namespace

std::size_t packed_bytes(const BinaryConv& layer, Isa isa) {
  const LinearLayer rows = rows_of(layer);
  const LinearKernel& kernel = *choose_kernel(rows, isa).kernel;
  const MapShape out = output_shape(layer);
  const std::size_t cases =
      counts_nothing(layer) ? count_border_cases(layer) : 1;
  // Of find_border_cases() and moved(), for a while.
  const std::size_t corners =
      counts_nothing(layer)
          ? (layer.window.height + 1) * (layer.window.width + 1)
          : 0;
  return kernel.packed_bytes(rows) +
         cases * whole_lines(kernel.threshold_bytes(rows)) +
         4 * (cases * layer.outputs + out.height + out.width + corners +
              2 * layer.outputs);
}

PackedBinaryConv pack_layer(const BinaryConv& layer, Isa isa,
                            const BlockSizes& sizes) {
  const LinearLayer rows = rows_of(layer);
  const ChosenKernel chosen = choose_kernel(rows, isa);
  const LinearKernel& kernel = *chosen.kernel;
  const std::size_t stride = whole_lines(kernel.threshold_bytes(rows));
  PackedBinaryConv packed{.grid = {layer.in, output_shape(layer), layer.window},
                          .input = layer.input,
                          .pad = layer.padding == Padding::plus,
                          .direct = is_direct(layer),
                          .at_once = 0,
                          .border = counts_nothing(layer)
                                        ? find_border_cases(layer)
                                        : no_border_cases(layer),
                          .chosen = chosen,
                          .kernel_scratch = kernel.scratch_bytes(rows),
                          .weights = AlignedBuffer(kernel.packed_bytes(rows)),
                          .thresholds = AlignedBuffer(0),
                          .threshold_stride = stride};
  packed.at_once = count_at_once(packed, sizes);
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
  return prepared_bytes(layer) + layer.kernel_scratch;
}

void layer_bits(const PackedBinaryConv& layer, const void* input,
                std::int64_t images, void* scratch, std::uint64_t* out) {
  const std::int64_t words = words_for(layer.grid.out.channels);
  for_each_call(layer, input, images, scratch, words,
                [&](const LinearCall& call, std::int64_t first, std::int32_t) {
                  layer.chosen.kernel->bits(call, out + first * words);
                });
}

void layer_sums(const PackedBinaryConv& layer, const void* input,
                std::int64_t images, void* scratch, std::int32_t* out) {
  const std::int64_t outputs = layer.grid.out.channels;
  for_each_call(layer, input, images, scratch, outputs,
                [&](const LinearCall& call, std::int64_t first,
                    std::int32_t border_case) {
                  std::int32_t* to = out + first * outputs;
                  layer.chosen.kernel->sums(call, to);
                  const std::int32_t* missing =
                      layer.border.missing.data() + border_case * outputs;
                  for (std::int64_t g = 0; g < call.groups; ++g) {
                    for (std::int64_t r = 0; r < call.rows; ++r) {
                      std::int32_t* of_row =
                          to + g * call.group_out_stride + r * call.out_stride;
                      for (std::int64_t j = 0; j < outputs; ++j) {
                        of_row[j] += missing[j];
                      }
                    }
                  }
                });
}

}  // namespace signet::runtime
