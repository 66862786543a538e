#include "signet/runtime/sampled_pass.h"

#include <algorithm>
#include <cstring>

#include "signet/runtime/activations.h"
#include "signet/runtime/packing.h"
#include "signet/runtime/uncertainty.h"

namespace signet::runtime {
namespace {

/// Sums of a block of rows before or after a layer, at most, unless one row has
/// more: they stay in an L2 cache.
constexpr std::int64_t kSumBytes = std::int64_t{512} << 10;

/// Values that a draw kernel may read behind the last.
constexpr std::int64_t kBehind = drawing::kGroup - 1;

std::int32_t* ints(AlignedBuffer& buffer) {
  return static_cast<std::int32_t*>(buffer.data());
}

class SampledPass {
 public:
  SampledPass(const PackedModel& model, const PackedSampling& sampling,
              const SampleRange& range, PassMemory& pass, SampleMemory& memory,
              const BlockTrace* trace)
      : model_(model),
        sampling_(sampling),
        range_(range),
        pass_(pass),
        memory_(memory),
        trace_(trace) {}

  /// Sums of the first layer for all images.
  void start(const std::uint8_t* inputs, std::int64_t images) {
    Activations activations(inputs, pass_);
    enter(model_, images, activations);
    first_drawn_ = write_sums(0, 0, activations, 0, images, memory_.image_sums);
  }

  /// Rows [first, first + rows) of the images, from their first draw to their
  /// scores.
  void run(std::int64_t first, std::int64_t rows) {
    Activations activations(nullptr, pass_);
    std::size_t i = first_drawn_;
    draw(0, i, first, rows, activations);
    for (std::size_t weighted = 1; ++i < model_.layers.size();) {
      const PackedLayer& layer = model_.layers[i];
      if (const auto* pool = std::get_if<PackedMaxPool>(&layer.packed)) {
        const void* from = activations.now();
        layer_bits(*pool, from, rows, nullptr,
                   activations.next<std::uint64_t>());
        note_bits(i, first, rows, activations);
        continue;
      }
      join_pixels(layer, rows, activations);
      if (const auto* last = std::get_if<PackedRealLinear>(&layer.packed)) {
        return layer_scores(*last, sampling_.scores, activations.now(), rows,
                            pass_.scratch.data(), scores());
      }
      i = write_sums(i, weighted, activations, first, rows, memory_.row_sums);
      if (i + 1 == model_.layers.size()) break;
      draw(weighted++, i, first, rows, activations);
    }
    layer_scores(sampling_.scores, ints(memory_.row_sums), rows, scores());
  }

 private:
  float* scores() { return static_cast<float*>(memory_.scores.data()); }

  /// Sums of layer i and through the poolings behind it that pool sums; the
  /// last one's place is the result.
  std::size_t write_sums(std::size_t i, std::size_t weighted,
                         const Activations& activations, std::int64_t first,
                         std::int64_t rows, AlignedBuffer& out) {
    const std::int64_t pools =
        weighted < sampling_.units.size() ? sampling_.units[weighted].pools : 0;
    std::int32_t* sums = pools == 0 ? ints(out) : ints(memory_.pool_sums[0]);
    std::visit(
        [&](const auto& packed) {
          if constexpr (kHasSums<decltype(packed)>) {
            layer_sums(packed, activations.now(), rows, pass_.scratch.data(),
                       sums);
          }
        },
        model_.layers[i].packed);
    if (trace_) note_sums(i, sums, first, rows);
    for (std::int64_t p = 1; p <= pools; ++p) {
      std::int32_t* pooled =
          p == pools ? ints(out) : ints(memory_.pool_sums[p % 2]);
      layer_sums(std::get<PackedMaxPool>(model_.layers[++i].packed), sums, rows,
                 nullptr, pooled);
      sums = pooled;
    }
    return i;
  }

  /// The units behind layer i, from image_sums or row_sums.
  void draw(std::size_t weighted, std::size_t i, std::int64_t first,
            std::int64_t rows, Activations& activations) {
    const DrawnUnits& units = sampling_.units[weighted];
    const MapShape& shape = model_.layers[i].out;
    const std::int64_t values = shape.values();
    const std::int64_t words = words_for(values);
    const bool split = shape.pixels() > 1 && shape.channels % 64 != 0;
    auto* out = activations.next<std::uint64_t>();
    auto* to =
        split ? static_cast<std::uint64_t*>(memory_.unsplit.data()) : out;
    const bool shared = weighted == 0;
    std::int64_t count;
    for (std::int64_t row = first; row < first + rows; row += count) {
      const std::int64_t image = row / range_.samples;
      const std::int64_t sample = row % range_.samples;
      count = std::min(range_.samples - sample, first + rows - row);
      const DrawCall call{
          .noise = units.noise,
          .address = {.seed = range_.seed,
                      .site = units.site,
                      .step = range_.first_image +
                              static_cast<std::uint32_t>(image),
                      .replica = static_cast<std::uint32_t>(sample)},
          .replicas = count,
          .units = values,
          .channels = shape.channels,
          .scale = units.scale.data(),
          .offset = units.offset.data(),
          .sums = shared ? ints(memory_.image_sums) + image * values
                         : ints(memory_.row_sums) + (row - first) * values,
          .sums_stride = shared ? 0 : values,
          .out_stride = words};
      sampling_.kernel->bits(call, to + (row - first) * words);
    }
    if (split) split_rows(to, rows, shape.pixels(), shape.channels, out);
    note_bits(i, first, rows, activations);
  }

  /// Passes in the whole trace.
  std::int64_t traced_rows() const {
    return static_cast<std::int64_t>(trace_->trace.scores.size()) /
           model_.layers.back().out.values();
  }

  /// What layer i makes of rows from `first` on. The first layer's rows are
  /// images, and each stands for all of its samples.
  void note_sums(std::size_t i, const std::int32_t* sums, std::int64_t first,
                 std::int64_t rows) {
    const std::int64_t values = model_.layers[i].out.values();
    auto& traced = trace_->trace.layers[i].sums;
    traced.resize(traced_rows() * values);
    const std::int64_t copies = i == 0 ? range_.samples : 1;
    std::int64_t to = (trace_->first * range_.samples + first) * values;
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t copy = 0; copy < copies; ++copy, to += values) {
        std::copy_n(sums + row * values, values, traced.data() + to);
      }
    }
  }

  void note_bits(std::size_t i, std::int64_t first, std::int64_t rows,
                 const Activations& activations) {
    if (!trace_) return;
    const MapShape& shape = model_.layers[i].out;
    auto& traced = trace_->trace.layers[i].bits;
    traced.resize(traced_rows() * shape.values());
    unpack_rows(activations.words(), rows * shape.pixels(), shape.channels,
                traced.data() +
                    (trace_->first * range_.samples + first) * shape.values());
  }

  const PackedModel& model_;
  const PackedSampling& sampling_;
  const SampleRange& range_;
  PassMemory& pass_;
  SampleMemory& memory_;
  const BlockTrace* trace_;
  std::size_t first_drawn_ = 0;  ///< the layer behind which units come first
};

/// Adds the probabilities and entropies of rows [first, first + rows) to those
/// of their images.
void add_rows(SampleMemory& memory, std::int64_t first, std::int64_t rows,
              std::int64_t samples, std::int64_t outputs) {
  const auto* scores = static_cast<const float*>(memory.scores.data());
  auto* probs = static_cast<double*>(memory.probs.data());
  auto* entropies = static_cast<double*>(memory.entropies.data());
  double* scratch = probs + memory.rows * outputs;
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t image = (first + row) / samples;
    entropies[image] += add_softmax(scores + row * outputs, outputs, scratch,
                                    probs + image * outputs);
  }
}

void write_output(SampleMemory& memory, std::int64_t images,
                  std::int64_t samples, std::int64_t outputs,
                  const SampleOutput& out) {
  auto* probs = static_cast<double*>(memory.probs.data());
  const auto* entropies = static_cast<const double*>(memory.entropies.data());
  const auto n = static_cast<double>(samples);
  for (std::int64_t image = 0; image < images; ++image) {
    double* mean = probs + image * outputs;
    for (std::int64_t j = 0; j < outputs; ++j) {
      mean[j] /= n;
      out.probabilities[image * outputs + j] = static_cast<float>(mean[j]);
    }
    const double total = entropy(mean, outputs);
    out.entropy[image] = static_cast<float>(total);
    // Concavity makes it positive, but for roundings.
    out.mutual_information[image] =
        static_cast<float>(std::max(0.0, total - entropies[image] / n));
  }
}

}  // namespace

SampleSizes sample_sizes(const PackedModel& model,
                         const PackedSampling& sampling,
                         std::int64_t max_rows) {
  std::int64_t widest = 1, pooled = 0, unsplit = 0;
  std::size_t weighted = 0;
  for (const PackedLayer& layer : model.layers) {
    if (std::holds_alternative<PackedMaxPool>(layer.packed)) continue;
    const std::int64_t values = layer.out.values();
    widest = std::max(widest, values);
    unsplit = std::max(unsplit, words_for(values));
    const bool pools =
        weighted < sampling.units.size() && sampling.units[weighted].pools != 0;
    if (pools) pooled = std::max(pooled, values);
    ++weighted;
  }
  const std::int64_t fit = std::max<std::int64_t>(1, kSumBytes / (4 * widest));
  const std::int64_t rows = std::min(max_rows, fit);
  const std::int64_t outputs = model.layers.back().out.values();
  return {.rows = rows,
          .sums = (rows * widest + kBehind) * 4,
          .pool_sums = rows * pooled * 4,
          .unsplit = rows * unsplit * 8,
          .scores = rows * outputs * 4,
          .probs = (rows + 1) * outputs * 8,
          .entropies = rows * 8};
}

SampleMemory memory_for(const PackedModel& model,
                        const PackedSampling& sampling, std::int64_t max_rows) {
  const SampleSizes sizes = sample_sizes(model, sampling, max_rows);
  return {.rows = sizes.rows,
          .image_sums = AlignedBuffer(sizes.sums),
          .row_sums = AlignedBuffer(sizes.sums),
          .pool_sums = {AlignedBuffer(sizes.pool_sums),
                        AlignedBuffer(sizes.pool_sums)},
          .unsplit = AlignedBuffer(sizes.unsplit),
          .scores = AlignedBuffer(sizes.scores),
          .probs = AlignedBuffer(sizes.probs),
          .entropies = AlignedBuffer(sizes.entropies)};
}

std::int64_t images_at_once(const SampleMemory& memory, std::int64_t samples) {
  return std::max<std::int64_t>(1, memory.rows / samples);
}

void sample_images(const PackedModel& model, const PackedSampling& sampling,
                   const std::uint8_t* inputs, std::int64_t images,
                   const SampleRange& range, PassMemory& pass,
                   SampleMemory& memory, const SampleOutput& out,
                   const BlockTrace* trace) {
  const std::int64_t outputs = model.layers.back().out.values();
  std::memset(memory.probs.data(), 0, memory.probs.size());
  std::memset(memory.entropies.data(), 0, memory.entropies.size());
  SampledPass passes(model, sampling, range, pass, memory, trace);
  passes.start(inputs, images);
  const std::int64_t all = images * range.samples;
  std::int64_t rows;
  for (std::int64_t first = 0; first < all; first += rows) {
    rows = std::min(memory.rows, all - first);
    passes.run(first, rows);
    add_rows(memory, first, rows, range.samples, outputs);
    if (!trace) continue;
    std::memcpy(trace->trace.scores.data() +
                    (trace->first * range.samples + first) * outputs,
                memory.scores.data(), rows * outputs * 4);
  }
  write_output(memory, images, range.samples, outputs, out);
}

}  // namespace signet::runtime
