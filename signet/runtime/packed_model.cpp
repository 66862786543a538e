#include "signet/runtime/packed_model.h"

#include <algorithm>

#include "signet/runtime/activations.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {
namespace {

std::int64_t map_bytes(const MapShape& shape) {
  return shape.pixels() * words_for(shape.channels) * 8;
}

template <class T>
constexpr bool kGivesBits = !std::is_same_v<std::decay_t<T>, PackedRealLinear>;

}  // namespace

PackedModel pack_model(const ModelDescription& description, Isa isa,
                       const BlockSizes& sizes) {
  PackedModel model{.input = InputEncoding::pixels,
                    .packers = &choose_packers(isa),
                    .sizes = sizes,
                    .layers = {}};
  for (const Layer& layer : description.layers) {
    const MapShape before =
        model.layers.empty() ? input_shape(layer) : model.layers.back().out;
    std::visit(
        [&](const auto& each) {
          model.layers.push_back(
              {before, output_shape(layer), pack_layer(each, isa, sizes)});
        },
        layer);
  }
  const Layer& first = description.layers.front();
  if (const auto* linear = std::get_if<BinaryLinear>(&first)) {
    model.input = linear->input;
  } else if (const auto* conv = std::get_if<BinaryConv>(&first)) {
    model.input = conv->input;
  } else if (const auto* real = std::get_if<RealLinear>(&first)) {
    model.input = real->input;
  }
  return model;
}

std::int64_t packed_bytes(const ModelDescription& description, Isa isa) {
  std::int64_t bytes = 0;
  for (const Layer& layer : description.layers) {
    bytes += static_cast<std::int64_t>(
        sizeof(PackedLayer) +
        std::visit([&](const auto& each) { return packed_bytes(each, isa); },
                   layer));
  }
  return bytes;
}

PassSizes pass_sizes(const PackedModel& model, std::int64_t max_batch) {
  const MapShape& in = model.layers.front().before;
  std::int64_t widest = std::max(map_bytes(in), in.values());
  std::size_t scratch = 0;
  for (const PackedLayer& layer : model.layers) {
    widest = std::max(widest, map_bytes(layer.out));
    std::visit(
        [&](const auto& packed) {
          scratch = std::max(scratch, scratch_bytes(packed));
        },
        layer.packed);
  }
  const std::int64_t fit =
      std::max<std::int64_t>(1, model.sizes.block_bytes / widest);
  const std::int64_t block = std::min({max_batch, model.sizes.max_block, fit});
  const std::int64_t outputs = model.layers.back().out.values();
  return {.block = block,
          .activations = block * widest,
          .sums = block * outputs * 4,
          .scratch = static_cast<std::int64_t>(scratch)};
}

PassMemory memory_for(const PackedModel& model, std::int64_t max_batch) {
  const PassSizes sizes = pass_sizes(model, max_batch);
  return {.block = sizes.block,
          .activations = {AlignedBuffer(sizes.activations),
                          AlignedBuffer(sizes.activations)},
          .sums = AlignedBuffer(sizes.sums),
          .scratch = AlignedBuffer(sizes.scratch)};
}

void run_block(const PackedModel& model, const std::uint8_t* inputs,
               std::int64_t examples, PassMemory& memory, float* scores,
               const BlockTrace* trace) {
  void* scratch = memory.scratch.data();
  Activations activations(inputs, memory);
  enter(model, examples, activations);
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const PackedLayer& layer = model.layers[i];
    join_pixels(layer, examples, activations);
    const void* from = activations.now();
    const std::int64_t values = layer.out.values();
    LayerTrace* traced = trace ? &trace->trace.layers[i] : nullptr;
    if (const auto* last = std::get_if<PackedRealLinear>(&layer.packed)) {
      return layer_scores(*last, last->scores, from, examples, scratch, scores);
    }
    if (i + 1 == model.layers.size()) {
      const auto& last = std::get<PackedBinaryLinear>(layer.packed);
      auto* sums = static_cast<std::int32_t*>(memory.sums.data());
      layer_sums(last, from, examples, scratch, sums);
      layer_scores(*last.scores, sums, examples, scores);
      if (traced) {
        std::copy_n(sums, examples * values,
                    traced->sums.data() + trace->first * values);
      }
      return;
    }
    auto* to = activations.next<std::uint64_t>();
    std::visit(
        [&](const auto& packed) {
          if constexpr (kGivesBits<decltype(packed)>) {
            layer_bits(packed, from, examples, scratch, to);
            if constexpr (kHasSums<decltype(packed)>) {
              if (!traced) return;
              layer_sums(packed, from, examples, scratch,
                         traced->sums.data() + trace->first * values);
            }
          }
        },
        layer.packed);
    if (traced) {
      unpack_rows(to, examples * layer.out.pixels(), layer.out.channels,
                  traced->bits.data() + trace->first * values);
    }
  }
}

}  // namespace signet::runtime
