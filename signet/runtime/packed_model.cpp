#include "signet/runtime/packed_model.h"

#include <algorithm>
#include <type_traits>

#include "signet/runtime/kernels/limits.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {
namespace {

std::int64_t map_bytes(const MapShape& shape) {
  return shape.pixels() * words_for(shape.channels) * 8;
}

/// Whether the inputs, [channels, height, width], must be put channels last.
bool has_planes(const MapShape& shape) {
  return shape.pixels() > 1 && shape.channels > 1;
}

/// Whether the pixels of an image, each a row of words, must be joined to be
/// the row that a linear layer reads.
bool needs_joining(const PackedLayer& layer) {
  return std::holds_alternative<PackedBinaryLinear>(layer.packed) &&
         layer.before.pixels() > 1 && layer.before.channels % 64 != 0;
}

template <class T>
constexpr bool kPools = std::is_same_v<std::decay_t<T>, PackedMaxPool>;

/// The activations of a block on their way through the layers.
class Activations {
 public:
  Activations(const std::uint8_t* inputs, PassMemory& memory)
      : now_(inputs), memory_(memory) {}

  const void* now() const { return now_; }
  const std::uint8_t* bytes() const {
    return static_cast<const std::uint8_t*>(now_);
  }
  const std::uint64_t* words() const {
    return static_cast<const std::uint64_t*>(now_);
  }

  /// Where to write what comes next; it is now() from here on.
  template <class T>
  T* next() {
    now_ = memory_.activations[turn_].data();
    turn_ ^= 1;
    return static_cast<T*>(const_cast<void*>(now_));
  }

 private:
  const void* now_;
  PassMemory& memory_;
  int turn_ = 0;
};

/// Bytes as a data set has them to what the first layer reads.
void enter(const PackedModel& model, std::int64_t examples,
           Activations& activations) {
  const MapShape& in = model.layers.front().before;
  if (has_planes(in)) {
    const std::uint8_t* planes = activations.bytes();
    put_channels_last(planes, examples, in.channels, in.pixels(),
                      activations.next<std::uint8_t>());
  }
  if (model.input != InputEncoding::pixels) {
    const std::uint8_t* bytes = activations.bytes();
    pack_rows(bytes, examples * in.pixels(), in.channels,
              activations.next<std::uint64_t>());
  }
}

}  // namespace

PackedModel pack_model(const ModelDescription& description, Isa isa) {
  PackedModel model{.input = InputEncoding::pixels, .layers = {}};
  for (const Layer& layer : description.layers) {
    const MapShape before =
        model.layers.empty() ? input_shape(layer) : model.layers.back().out;
    std::visit(
        [&](const auto& each) {
          model.layers.push_back(
              {before, output_shape(layer), pack_layer(each, isa)});
        },
        layer);
  }
  const Layer& first = description.layers.front();
  if (const auto* linear = std::get_if<BinaryLinear>(&first)) {
    model.input = linear->input;
  } else if (const auto* conv = std::get_if<BinaryConv>(&first)) {
    model.input = conv->input;
  }
  return model;
}

PassMemory memory_for(const PackedModel& model, std::int64_t max_batch) {
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
  const std::int64_t fit = std::max<std::int64_t>(1, kBlockBytes / widest);
  const std::int64_t block = std::min({max_batch, kMaxBlock, fit});
  const std::size_t bytes = block * widest;
  const std::int64_t outputs = model.layers.back().out.values();
  return {.block = block,
          .activations = {AlignedBuffer(bytes), AlignedBuffer(bytes)},
          .sums = AlignedBuffer(block * outputs * 4),
          .scratch = AlignedBuffer(scratch)};
}

void run_block(const PackedModel& model, const std::uint8_t* inputs,
               std::int64_t examples, PassMemory& memory, float* scores,
               const BlockTrace* trace) {
  void* scratch = memory.scratch.data();
  Activations activations(inputs, memory);
  enter(model, examples, activations);
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const PackedLayer& layer = model.layers[i];
    if (needs_joining(layer)) {
      const std::uint64_t* pixels = activations.words();
      join_rows(pixels, examples, layer.before.pixels(), layer.before.channels,
                activations.next<std::uint64_t>());
    }
    const void* from = activations.now();
    const std::int64_t values = layer.out.values();
    LayerTrace* traced = trace ? &trace->trace.layers[i] : nullptr;
    if (i + 1 == model.layers.size()) {
      const auto& last = std::get<PackedBinaryLinear>(layer.packed);
      auto* sums = static_cast<std::int32_t*>(memory.sums.data());
      layer_sums(last, from, examples, scratch, sums);
      layer_scores(last, sums, examples, scores);
      if (traced) {
        std::copy_n(sums, examples * values,
                    traced->sums.data() + trace->first * values);
      }
      return;
    }
    auto* to = activations.next<std::uint64_t>();
    std::visit(
        [&](const auto& packed) {
          layer_bits(packed, from, examples, scratch, to);
          if constexpr (!kPools<decltype(packed)>) {
            if (!traced) return;
            layer_sums(packed, from, examples, scratch,
                       traced->sums.data() + trace->first * values);
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
