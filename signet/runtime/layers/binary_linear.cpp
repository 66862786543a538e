#include "signet/runtime/layers/binary_linear.h"

namespace signet::runtime {
namespace {

LinearCall call_of(const PackedBinaryLinear& layer, const void* input,
                   std::int64_t rows, void* scratch) {
  return {.inputs = layer.inputs,
          .outputs = layer.outputs,
          .packed = layer.weights.data(),
          .thresholds = layer.thresholds.data(),
          .input = input,
          .rows = rows,
          .scratch = scratch};
}

}  // namespace

PackedBinaryLinear pack_layer(const BinaryLinear& layer, Isa isa) {
  const ChosenKernel chosen = choose_kernel(layer.input, isa);
  const LinearKernel& kernel = *chosen.kernel;
  const auto* thresholds = std::get_if<Thresholds>(&layer.output);
  const auto* scores = std::get_if<Scores>(&layer.output);
  PackedBinaryLinear packed{
      .inputs = layer.inputs,
      .outputs = layer.outputs,
      .input = layer.input,
      .chosen = chosen,
      .weights =
          AlignedBuffer(kernel.packed_bytes(layer.inputs, layer.outputs)),
      .thresholds =
          AlignedBuffer(thresholds ? kernel.threshold_bytes(layer.outputs) : 0),
      .scores = scores ? std::optional(*scores) : std::nullopt};
  const LinearLayer view{.inputs = layer.inputs,
                         .outputs = layer.outputs,
                         .input = layer.input,
                         .weights = layer.weights.data()};
  kernel.pack(view, packed.weights.data());
  if (thresholds) {
    kernel.pack_thresholds(view, thresholds->values.data(),
                           packed.thresholds.data());
  }
  return packed;
}

std::size_t scratch_bytes(const PackedBinaryLinear& layer) {
  return layer.chosen.kernel->scratch_bytes(layer.inputs, layer.outputs);
}

void layer_bits(const PackedBinaryLinear& layer, const void* input,
                std::int64_t rows, void* scratch, std::uint64_t* out) {
  layer.chosen.kernel->bits(call_of(layer, input, rows, scratch), out);
}

void layer_sums(const PackedBinaryLinear& layer, const void* input,
                std::int64_t rows, void* scratch, std::int32_t* out) {
  layer.chosen.kernel->sums(call_of(layer, input, rows, scratch), out);
}

void layer_scores(const PackedBinaryLinear& layer, const std::int32_t* sums,
                  std::int64_t rows, float* scores) {
  const float* scale = layer.scores->scale.data();
  const float* offset = layer.scores->offset.data();
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t j = 0; j < layer.outputs; ++j) {
      *scores++ =
          static_cast<float>(double{scale[j]} * *sums++ + double{offset[j]});
    }
  }
}

}  // namespace signet::runtime
