#include "signet/runtime/format/model_file.h"

#include <cstring>
#include <optional>

#include "model_generated.h"
#include "signet/runtime/format/check_description.h"
#include "signet/runtime/format/crc32.h"
#include "signet/runtime/out_of_memory.h"
#include "signet/runtime/over_limit.h"

namespace signet::runtime {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

constexpr std::size_t kMaxBytes = FLATBUFFERS_MAX_BUFFER_SIZE - 1;

Error bad_file(const std::string& what) {
  return Error{"model file: " + what, ErrorKind::format};
}

// ---- writing

Offset<fb::Thresholds> write(FlatBufferBuilder& out, const Thresholds& t) {
  return fb::CreateThresholds(out, out.CreateVector(t.values));
}

Offset<fb::Scores> write(FlatBufferBuilder& out, const Scores& scores) {
  const auto scale = out.CreateVector(scores.scale);
  const auto offset = out.CreateVector(scores.offset);
  return fb::CreateScores(out, scale, offset);
}

Offset<fb::Layer> write(FlatBufferBuilder& out, const BinaryLinear& layer) {
  const auto name = out.CreateString(layer.name);
  const auto weights = out.CreateVector(layer.weights);
  auto kind = fb::Output::Thresholds;
  Offset<void> output;
  if (const auto* scores = std::get_if<Scores>(&layer.output)) {
    kind = fb::Output::Scores;
    output = write(out, *scores).Union();
  } else {
    output = write(out, std::get<Thresholds>(layer.output)).Union();
  }
  const auto linear = fb::CreateBinaryLinear(
      out, name, layer.inputs, layer.outputs,
      static_cast<fb::InputEncoding>(layer.input), weights, kind, output);
  return fb::CreateLayer(out, fb::LayerKind::BinaryLinear, linear.Union());
}

Offset<fb::Layer> write(FlatBufferBuilder& out, const BinaryConv& layer) {
  const auto name = out.CreateString(layer.name);
  const auto weights = out.CreateVector(layer.weights);
  const auto thresholds = write(out, layer.thresholds);
  const auto conv = fb::CreateBinaryConv(
      out, name, layer.in.height, layer.in.width, layer.in.channels,
      layer.outputs, layer.window.height, layer.window.width,
      layer.window.stride, layer.window.pad,
      static_cast<fb::Padding>(layer.padding),
      static_cast<fb::InputEncoding>(layer.input), weights, thresholds);
  return fb::CreateLayer(out, fb::LayerKind::BinaryConv, conv.Union());
}

Offset<fb::Layer> write(FlatBufferBuilder& out, const MaxPool& layer) {
  const auto name = out.CreateString(layer.name);
  const auto least = out.CreateVector(layer.least);
  const auto pool = fb::CreateMaxPool(
      out, name, layer.in.height, layer.in.width, layer.in.channels,
      layer.window.height, layer.window.width, layer.window.stride, least);
  return fb::CreateLayer(out, fb::LayerKind::MaxPool, pool.Union());
}

Offset<fb::SampledLayer> write(FlatBufferBuilder& out,
                               const SampledLayer& layer) {
  const auto scale = out.CreateVector(layer.scale);
  const auto offset = out.CreateVector(layer.offset);
  return fb::CreateSampledLayer(out, static_cast<fb::NoiseFamily>(layer.noise),
                                scale, offset, layer.pools);
}

Offset<fb::Layer> write(FlatBufferBuilder& out, const RealLinear& layer) {
  const auto name = out.CreateString(layer.name);
  const auto weights = out.CreateVector(layer.weights);
  const auto scores = write(out, layer.scores);
  const auto linear = fb::CreateRealLinear(
      out, name, layer.inputs, layer.outputs,
      static_cast<fb::InputEncoding>(layer.input), weights, scores);
  return fb::CreateLayer(out, fb::LayerKind::RealLinear, linear.Union());
}

/// Most bytes of the vectors of a layer.
std::size_t vector_bytes(const BinaryLinear& layer) {
  return 8 * (layer.weights.size() + static_cast<std::size_t>(layer.outputs));
}
std::size_t vector_bytes(const BinaryConv& layer) {
  return 8 * (layer.weights.size() + static_cast<std::size_t>(layer.outputs));
}
std::size_t vector_bytes(const MaxPool& layer) {
  return 8 * layer.least.size();
}
std::size_t vector_bytes(const RealLinear& layer) {
  return 4 * layer.weights.size() + 8 * static_cast<std::size_t>(layer.outputs);
}

// ---- reading

/// Copies out of the file, at most as many bytes as it has: parts that overlap
/// could otherwise take many times its size. Copied as bytes: the verifier of
/// FlatBuffers 2 lets vectors of 64-bit words stand unaligned.
class Reader {
 public:
  explicit Reader(std::size_t bytes) : left_(bytes) {}

  /// Whether more was asked for; the copies are then not complete.
  bool overdrawn() const { return overdrawn_; }

  std::string text(const flatbuffers::String* string) {
    if (!string || !take(string->size())) return {};
    return string->str();
  }

  template <class T>
  std::vector<T> values(const flatbuffers::Vector<T>* vector) {
    if (!vector || vector->size() == 0) return {};
    if (!take(vector->size() * sizeof(T))) return {};
    std::vector<T> copy(vector->size());
    std::memcpy(copy.data(), vector->Data(), copy.size() * sizeof(T));
    return copy;
  }

 private:
  bool take(std::size_t bytes) {
    overdrawn_ |= bytes > left_;
    if (overdrawn_) return false;
    left_ -= bytes;
    return true;
  }

  std::size_t left_;
  bool overdrawn_ = false;
};

Scores scores_of(Reader& reader, const fb::Scores& from) {
  return {reader.values(from.scale()), reader.values(from.offset())};
}

Error unknown_encoding() {
  return bad_file("unknown input encoding; update signet");
}

Result<Layer> read(Reader& reader, const fb::BinaryLinear& from) {
  if (from.input() > fb::InputEncoding::MAX) return unknown_encoding();
  BinaryLinear layer{.name = reader.text(from.name()),
                     .inputs = from.inputs(),
                     .outputs = from.outputs(),
                     .input = static_cast<InputEncoding>(from.input())};
  layer.weights = reader.values(from.weights());
  if (const auto* thresholds = from.output_as_Thresholds()) {
    layer.output = Thresholds{reader.values(thresholds->values())};
  } else if (const auto* scores = from.output_as_Scores()) {
    layer.output = scores_of(reader, *scores);
  } else {
    return bad_file("unknown kind of layer output; update signet");
  }
  return Layer(std::move(layer));
}

Result<Layer> read(Reader& reader, const fb::BinaryConv& from) {
  if (from.input() > fb::InputEncoding::MAX) return unknown_encoding();
  if (from.padding() > fb::Padding::MAX) {
    return bad_file("unknown kind of padding; update signet");
  }
  return Layer(
      BinaryConv{.name = reader.text(from.name()),
                 .in = {from.height(), from.width(), from.channels()},
                 .outputs = from.outputs(),
                 .window = {from.window_height(), from.window_width(),
                            from.stride(), from.pad()},
                 .padding = static_cast<Padding>(from.padding()),
                 .input = static_cast<InputEncoding>(from.input()),
                 .weights = reader.values(from.weights()),
                 .thresholds = {from.thresholds()
                                    ? reader.values(from.thresholds()->values())
                                    : std::vector<std::int32_t>()}});
}

Result<Layer> read(Reader& reader, const fb::MaxPool& from) {
  return Layer(MaxPool{.name = reader.text(from.name()),
                       .in = {from.height(), from.width(), from.channels()},
                       .window = {.height = from.window_height(),
                                  .width = from.window_width(),
                                  .stride = from.stride()},
                       .least = reader.values(from.least())});
}

Result<Layer> read(Reader& reader, const fb::RealLinear& from) {
  if (from.input() > fb::InputEncoding::MAX) return unknown_encoding();
  return Layer(RealLinear{
      .name = reader.text(from.name()),
      .inputs = from.inputs(),
      .outputs = from.outputs(),
      .input = static_cast<InputEncoding>(from.input()),
      .weights = reader.values(from.weights()),
      .scores = from.scores() ? scores_of(reader, *from.scores()) : Scores()});
}

Result<Layer> read(Reader& reader, const fb::Layer& from) {
  if (const auto* linear = from.kind_as_BinaryLinear())
    return read(reader, *linear);
  if (const auto* conv = from.kind_as_BinaryConv()) return read(reader, *conv);
  if (const auto* pool = from.kind_as_MaxPool()) return read(reader, *pool);
  if (const auto* real = from.kind_as_RealLinear()) return read(reader, *real);
  return bad_file("unknown kind of layer (number " +
                  std::to_string(static_cast<int>(from.kind_type())) +
                  "); update signet");
}

Result<SampledLayer> read(Reader& reader, const fb::SampledLayer& from) {
  if (from.noise() > fb::NoiseFamily::MAX) {
    return bad_file("unknown noise; update signet");
  }
  return SampledLayer{.noise = static_cast<NoiseFamily>(from.noise()),
                      .scale = reader.values(from.scale()),
                      .offset = reader.values(from.offset()),
                      .pools = from.pools()};
}

Result<ModelDescription> read(Reader& reader, const fb::Model& from) {
  ModelDescription model;
  model.name = reader.text(from.name());
  model.inputs = from.inputs();
  if (from.layers()) {
    // A layer could be listed any number of times.
    if (from.layers()->size() > kMaxLayers) {
      return bad_file("layers must number at most " +
                      std::to_string(kMaxLayers));
    }
    for (const auto* each : *from.layers()) {
      auto layer = read(reader, *each);
      if (!layer) return layer.error();
      model.layers.push_back(std::move(layer).value());
    }
  }
  if (from.classes()) {
    for (const auto* name : *from.classes()) {
      model.classes.push_back(reader.text(name));
    }
  }
  if (from.metadata()) {
    for (const auto* entry : *from.metadata()) {
      model.metadata.emplace_back(reader.text(entry->key()),
                                  reader.text(entry->value()));
    }
  }
  if (from.sampled()) {
    if (from.sampled()->size() > kMaxLayers) {
      return bad_file("sampled layers must number at most " +
                      std::to_string(kMaxLayers));
    }
    for (const auto* each : *from.sampled()) {
      auto layer = read(reader, *each);
      if (!layer) return layer.error();
      model.sampled.push_back(std::move(layer).value());
    }
  }
  if (reader.overdrawn()) return bad_file("damaged: its parts overlap");
  const auto checked = check_description(model);
  if (!checked) return checked.error();
  return model;
}

/// The size prefix and the identifier, neither of which a verifier needs.
std::optional<Error> check_envelope(std::span<const std::uint8_t> bytes) {
  constexpr std::size_t kSmallest = 16;
  if (bytes.size() < kSmallest ||
      std::memcmp(bytes.data() + 8, fb::ModelIdentifier(), 4) != 0) {
    return bad_file("not a signet model (no SGNT mark)");
  }
  const std::size_t promised =
      flatbuffers::GetPrefixedSize(bytes.data()) + std::size_t{4};
  if (promised != bytes.size() || promised > kMaxBytes) {
    return bad_file("truncated or damaged: " + std::to_string(promised) +
                    " bytes expected, " + std::to_string(bytes.size()) +
                    " found");
  }
  return std::nullopt;
}

std::optional<Error> check_version(std::span<const std::uint8_t> bytes) {
  flatbuffers::Verifier verifier(bytes.data(), bytes.size());
  if (!verifier.VerifySizePrefixedBuffer<fb::Header>(fb::ModelIdentifier())) {
    return bad_file("damaged");
  }
  const auto* header =
      flatbuffers::GetSizePrefixedRoot<fb::Header>(bytes.data());
  if (header->major() == kFormatMajor) return std::nullopt;
  const std::string has =
      std::to_string(header->major()) + "." + std::to_string(header->minor());
  const std::string reads = std::to_string(kFormatMajor) + ".x";
  return bad_file(
      "format " + has + ", but this signet reads " + reads +
      (header->major() > kFormatMajor
           ? "; update signet, or export the model with this version"
           : "; export the model again with this version"));
}

/// The checksum of a verified file, or where its writer leaves space for it.
const std::uint8_t* find_checksum(std::span<const std::uint8_t> bytes) {
  return flatbuffers::GetSizePrefixedRoot<flatbuffers::Table>(bytes.data())
      ->GetAddressOf(fb::Model::VT_CHECKSUM);
}

std::uint32_t checksum_around(std::span<const std::uint8_t> bytes,
                              const std::uint8_t* checksum) {
  const std::size_t before = checksum - bytes.data();
  return crc32(bytes.subspan(before + 4), crc32(bytes.first(before)));
}

std::optional<Error> check_checksum(std::span<const std::uint8_t> bytes,
                                    const fb::Model& model) {
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
  return std::nullopt;  // what a fuzzer damages must get past this door
#endif
  constexpr int kFirstMinor = 2;
  const auto promised = model.checksum();
  if (!promised && model.minor() < kFirstMinor) return std::nullopt;
  if (promised && *promised == checksum_around(bytes, find_checksum(bytes))) {
    return std::nullopt;
  }
  return bad_file("damaged: its checksum is not that of its bytes");
}

/// More than parse() will allocate for a verified file: what is copied out of
/// it, and structs for things that it may list at 4 bytes each.
std::int64_t memory_bound(std::size_t bytes, const fb::Model& model) {
  const auto count = [](const auto* vector) -> std::size_t {
    return vector ? vector->size() : 0;
  };
  using Description = ModelDescription;
  return static_cast<std::int64_t>(
      bytes + count(model.layers()) * sizeof(Layer) +
      count(model.classes()) * sizeof(Description::classes[0]) +
      count(model.metadata()) * sizeof(Description::metadata[0]));
}

Result<ModelDescription> parse_aligned(std::span<const std::uint8_t> bytes,
                                       std::int64_t max_memory) {
  if (auto error = check_envelope(bytes)) return *error;
  if (auto error = check_version(bytes)) return *error;
  flatbuffers::Verifier verifier(bytes.data(), bytes.size());
  if (!fb::VerifySizePrefixedModelBuffer(verifier)) return bad_file("damaged");
  const fb::Model& model = *fb::GetSizePrefixedModel(bytes.data());
  if (auto error = check_checksum(bytes, model)) return *error;
  const std::int64_t needed = memory_bound(bytes.size(), model);
  if (needed > max_memory)
    return over_limit("model file: needs", needed, "bytes", max_memory);
  Reader reader(bytes.size());
  return read(reader, model);
}

/// The bytes of a finished file, with its checksum.
std::vector<std::uint8_t> seal(const FlatBufferBuilder& out) {
  std::vector<std::uint8_t> bytes(out.GetBufferPointer(),
                                  out.GetBufferPointer() + out.GetSize());
  const std::uint8_t* checksum = find_checksum(bytes);
  flatbuffers::WriteScalar(bytes.data() + (checksum - bytes.data()),
                           checksum_around(bytes, checksum));
  return bytes;
}

}  // namespace

std::size_t size_bound(const ModelDescription& model) {
  std::size_t bytes = 4096 + model.name.size();
  for (const auto& each : model.layers) {
    bytes += sizeof(Layer) + 512 + name_of(each).size();
    bytes +=
        std::visit([](const auto& layer) { return vector_bytes(layer); }, each);
  }
  for (const auto& layer : model.sampled) {
    bytes += 128 + 4 * (layer.scale.size() + layer.offset.size());
  }
  for (const auto& name : model.classes) bytes += 32 + name.size();
  for (const auto& [key, value] : model.metadata) {
    bytes += 64 + key.size() + value.size();
  }
  return bytes;
}

Result<std::vector<std::uint8_t>> serialize(const ModelDescription& model) {
  using Bytes = Result<std::vector<std::uint8_t>>;
  return or_out_of_memory([&]() -> Bytes {
    const auto checked = check_description(model);
    if (!checked) return checked.error();
    // FlatBuffers aborts when it meets its limit.
    if (size_bound(model) > kMaxBytes) {
      return Error{"model file: the model needs more than 2 GiB",
                   ErrorKind::limit};
    }
    FlatBufferBuilder out(size_bound(model));
    std::vector<Offset<fb::Layer>> layers;
    for (const auto& layer : model.layers) {
      layers.push_back(std::visit(
          [&](const auto& each) { return write(out, each); }, layer));
    }
    std::vector<Offset<fb::Entry>> metadata;
    for (const auto& [key, value] : model.metadata) {
      const auto key_text = out.CreateString(key);
      metadata.push_back(
          fb::CreateEntry(out, key_text, out.CreateString(value)));
    }
    const auto name = out.CreateString(model.name);
    const auto layer_list = out.CreateVector(layers);
    const auto classes = out.CreateVectorOfStrings(model.classes);
    const auto entries = out.CreateVector(metadata);
    // Left out where there is none, so that such a file is as small as ever.
    Offset<flatbuffers::Vector<Offset<fb::SampledLayer>>> sampled;
    if (!model.sampled.empty()) {
      std::vector<Offset<fb::SampledLayer>> list;
      for (const auto& layer : model.sampled) list.push_back(write(out, layer));
      sampled = out.CreateVector(list);
    }
    fb::FinishSizePrefixedModelBuffer(
        out, fb::CreateModel(out, kFormatMajor, kFormatMinor, name,
                             model.inputs, layer_list, classes, entries,
                             sampled, std::uint32_t{0}));
    return seal(out);
  });
}

Result<ModelDescription> parse(std::span<const std::uint8_t> bytes,
                               std::int64_t max_memory) {
  return or_out_of_memory([&]() -> Result<ModelDescription> {
    // FlatBuffers reads in place, so the bytes must be aligned as in a file.
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % 16 == 0) {
      return parse_aligned(bytes, max_memory);
    }
    const auto size = static_cast<std::int64_t>(bytes.size());
    if (size > max_memory)
      return over_limit("model file: needs", size, "bytes", max_memory);
    const std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());
    return parse_aligned(copy, max_memory - size);
  });
}

}  // namespace signet::runtime
