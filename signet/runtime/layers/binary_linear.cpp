#include "signet/runtime/layers/binary_linear.h"

#include "signet/runtime/packing.h"

namespace signet::runtime {
namespace {

LinearCall call_of(const PackedBinaryLinear& layer, const void* input,
                   std::int64_t rows, std::int64_t out_stride, void* scratch) {
  const std::int64_t row_bytes = layer.input == InputEncoding::pixels
                                     ? layer.inputs
                                     : words_for(layer.inputs) * 8;
  return {.inputs = layer.inputs,
          .outputs = layer.outputs,
          .packed = layer.weights.data(),
          .thresholds = layer.thresholds.data(),
          .input = input,
          .rows = rows,
          .row_stride = row_bytes,
          .segments = 1,
          .segment_stride = row_bytes,
          .out_stride = out_stride,
          .scratch = scratch};
}

LinearLayer view_of(const BinaryLinear& layer) {
  return {.inputs = layer.inputs,
          .outputs = layer.outputs,
          .input = layer.input,
          .weights = layer.weights.data()};
}

}  // namespace

PackedBinaryLinear pack_layer(const BinaryLinear& layer, Isa isa,
                              const BlockSizes&) {
  const LinearLayer view = view_of(layer);
  const ChosenKernel chosen = choose_kernel(view, isa);
  const LinearKernel& kernel = *chosen.kernel;
  const auto* thresholds = std::get_if<Thresholds>(&layer.output);
  const auto* scores = std::get_if<Scores>(&layer.output);
  PackedBinaryLinear packed{
      .inputs = layer.inputs,
      .outputs = layer.outputs,
      .input = layer.input,
      .chosen = chosen,
      .scratch_bytes = kernel.scratch_bytes(view),
      .weights = AlignedBuffer(kernel.packed_bytes(view)),
      .thresholds =
          AlignedBuffer(thresholds ? kernel.threshold_bytes(view) : 0),
      .scores = scores ? std::optional(*scores) : std::nullopt};
  kernel.pack(view, packed.weights.data());
  if (thresholds) {
    kernel.pack_thresholds(view, thresholds->values.data(),
                           packed.thresholds.data());
  }
  return packed;
}

std::size_t packed_bytes(const BinaryLinear& layer, Isa isa) {
  const LinearLayer view = view_of(layer);
  const LinearKernel& kernel = *choose_kernel(view, isa).kernel;
  // Scores are copied as they are.
  return kernel.packed_bytes(view) +
         (std::holds_alternative<Scores>(layer.output)
              ? layer.outputs * 2 * sizeof(float)
              : kernel.threshold_bytes(view));
}

std::size_t scratch_bytes(const PackedBinaryLinear& layer) {
  return layer.scratch_bytes;
}

void layer_bits(const PackedBinaryLinear& layer, const void* input,
                std::int64_t rows, void* scratch, std::uint64_t* out) {
  layer.chosen.kernel->bits(
      call_of(layer, input, rows, words_for(layer.outputs), scratch), out);
}

void layer_sums(const PackedBinaryLinear& layer, const void* input,
                std::int64_t rows, void* scratch, std::int32_t* out) {
  layer.chosen.kernel->sums(call_of(layer, input, rows, layer.outputs, scratch),
                            out);
}

void layer_scores(const Scores& affine, const std::int32_t* sums,
                  std::int64_t rows, float* scores) {
  const auto& [scale, offset] = affine;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::size_t j = 0; j < scale.size(); ++j) {
      *scores++ =
          static_cast<float>(double{scale[j]} * *sums++ + double{offset[j]});
    }
  }
}

}  // namespace signet::runtime
