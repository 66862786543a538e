#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

#include "signet/runtime/format/check_description.h"
#include "signet/runtime/format/crc32.h"
#include "signet/runtime/format/model_file.h"
#include "signet/runtime/model.h"
#include "tests/runtime/random_model.h"

namespace signet::runtime {
namespace {

using Bytes = std::vector<std::uint8_t>;

ModelDescription small_model() {
  Engine engine(10);
  return random_model(engine, InputEncoding::pixels, {30, 65, 7, 3});
}

ModelDescription real_model() {
  Engine engine(14);
  auto model = random_model(engine, InputEncoding::pixels, {30, 7, 3});
  model.layers.back() = random_real_layer(engine, InputEncoding::signs, 7, 3);
  return model;
}

ModelDescription image_model() {
  Engine engine(13);
  return random_image_model(engine, InputEncoding::pixels, 5);
}

BinaryLinear& layer_of(ModelDescription& model, std::size_t i) {
  return std::get<BinaryLinear>(model.layers[i]);
}

BinaryConv& conv_of(ModelDescription& model, std::size_t i) {
  return std::get<BinaryConv>(model.layers[i]);
}

MaxPool& pool_of(ModelDescription& model, std::size_t i) {
  return std::get<MaxPool>(model.layers[i]);
}

Bytes bytes_of(const ModelDescription& model) {
  const auto bytes = serialize(model);
  EXPECT_TRUE(bytes.ok()) << bytes.error().message;
  return *bytes;
}

ModelDescription sampled_model() {
  Engine engine(14);
  ModelDescription model = image_model();
  add_random_noise(engine, model);
  return model;
}

TEST(ModelFile, RoundTripOfNoise) {
  const ModelDescription model = sampled_model();
  const auto back = parse(bytes_of(model));
  ASSERT_TRUE(back.ok()) << back.error().message;
  ASSERT_EQ(back->sampled.size(), 6);
  for (std::size_t i = 0; i < model.sampled.size(); ++i) {
    EXPECT_EQ(back->sampled[i].noise, model.sampled[i].noise);
    EXPECT_EQ(back->sampled[i].scale, model.sampled[i].scale);
    EXPECT_EQ(back->sampled[i].offset, model.sampled[i].offset);
    EXPECT_EQ(back->sampled[i].pools, model.sampled[i].pools);
  }
  EXPECT_EQ(parse(bytes_of(image_model()))->sampled.size(), 0);
}

TEST(ModelFile, RefusesNoiseThatDoesNotFit) {
  const std::vector<
      std::pair<const char*, std::function<void(ModelDescription&)>>>
      cases = {
          {"fewer than layers with weights",
           [](auto& m) { m.sampled.pop_back(); }},
          {"more than layers with weights",
           [](auto& m) { m.sampled.push_back(m.sampled.back()); }},
          {"sampled layer 1: scales and offsets: expected 66, got 65",
           [](auto& m) { m.sampled[1].scale.pop_back(); }},
          {"sampled layer 0: scales and offsets: expected 5, got 6",
           [](auto& m) { m.sampled[0].offset.push_back(0); }},
          {"sampled layer 2: logit 7 can leave the range of a float",
           [](auto& m) { m.sampled[2].scale[7] = 1e37F; }},
          {"sampled layer 4: logit 0 can leave the range of a float",
           [](auto& m) { m.sampled[4].offset[0] = std::nanf(""); }},
          {"sampled layer 1: pools must be in 0..1, got 2",
           [](auto& m) { m.sampled[1].pools = 2; }},
          {"sampled layer 0: pools must be in 0..0, got -1",
           [](auto& m) { m.sampled[0].pools = -1; }},
          {"sampled layer 5: the last layer's scores have no noise",
           [](auto& m) { m.sampled[5].noise = NoiseFamily::logistic; }},
      };
  for (const auto& [says, spoil] : cases) {
    ModelDescription model = sampled_model();
    spoil(model);
    const auto checked = check_description(model);
    ASSERT_FALSE(checked.ok()) << says;
    EXPECT_NE(checked.error().message.find(says), std::string::npos)
        << checked.error().message;
  }
}

TEST(ModelFile, RoundTrip) {
  const ModelDescription model = small_model();
  const Bytes bytes = bytes_of(model);
  const auto back = parse(bytes);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->name, model.name);
  EXPECT_EQ(back->inputs, model.inputs);
  EXPECT_EQ(back->classes, model.classes);
  EXPECT_EQ(back->metadata, model.metadata);
  ASSERT_EQ(back->layers.size(), model.layers.size());
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const auto& a = std::get<BinaryLinear>(model.layers[i]);
    const auto& b = std::get<BinaryLinear>(back->layers[i]);
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.inputs, b.inputs);
    EXPECT_EQ(a.outputs, b.outputs);
    EXPECT_EQ(a.input, b.input);
    EXPECT_EQ(a.weights, b.weights);
    ASSERT_EQ(a.output.index(), b.output.index());
    if (const auto* scores = std::get_if<Scores>(&a.output)) {
      EXPECT_EQ(scores->scale, std::get<Scores>(b.output).scale);
      EXPECT_EQ(scores->offset, std::get<Scores>(b.output).offset);
    } else {
      EXPECT_EQ(std::get<Thresholds>(a.output).values,
                std::get<Thresholds>(b.output).values);
    }
  }
  EXPECT_EQ(bytes_of(*back), bytes);
}

TEST(ModelFile, RoundTripOfImages) {
  const ModelDescription model = image_model();
  const Bytes bytes = bytes_of(model);
  const auto back = parse(bytes);
  ASSERT_TRUE(back.ok()) << back.error().message;
  ASSERT_EQ(back->layers.size(), model.layers.size());
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    EXPECT_EQ(name_of(back->layers[i]), name_of(model.layers[i]));
    EXPECT_EQ(input_shape(back->layers[i]), input_shape(model.layers[i]));
    EXPECT_EQ(output_shape(back->layers[i]), output_shape(model.layers[i]));
    ASSERT_EQ(back->layers[i].index(), model.layers[i].index());
    if (const auto* a = std::get_if<BinaryConv>(&model.layers[i])) {
      const auto& b = std::get<BinaryConv>(back->layers[i]);
      EXPECT_EQ(a->window.height, b.window.height);
      EXPECT_EQ(a->window.width, b.window.width);
      EXPECT_EQ(a->window.stride, b.window.stride);
      EXPECT_EQ(a->window.pad, b.window.pad);
      EXPECT_EQ(a->padding, b.padding);
      EXPECT_EQ(a->input, b.input);
      EXPECT_EQ(a->weights, b.weights);
      EXPECT_EQ(a->thresholds.values, b.thresholds.values);
    } else if (const auto* a = std::get_if<MaxPool>(&model.layers[i])) {
      const auto& b = std::get<MaxPool>(back->layers[i]);
      EXPECT_EQ(a->window.height, b.window.height);
      EXPECT_EQ(a->window.width, b.window.width);
      EXPECT_EQ(a->window.stride, b.window.stride);
      EXPECT_EQ(a->least, b.least);
    }
  }
  EXPECT_EQ(bytes_of(*back), bytes);
}

TEST(ModelFile, RoundTripOfRealWeights) {
  const ModelDescription model = real_model();
  const Bytes bytes = bytes_of(model);
  const auto back = parse(bytes);
  ASSERT_TRUE(back.ok()) << back.error().message;
  const auto& a = std::get<RealLinear>(model.layers[1]);
  const auto& b = std::get<RealLinear>(back->layers[1]);
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.inputs, b.inputs);
  EXPECT_EQ(a.outputs, b.outputs);
  EXPECT_EQ(a.input, b.input);
  EXPECT_EQ(a.weights, b.weights);
  EXPECT_EQ(a.scores.scale, b.scores.scale);
  EXPECT_EQ(a.scores.offset, b.scores.offset);
  EXPECT_EQ(bytes_of(*back), bytes);
}

TEST(ModelFile, CostsLittleMoreThanItsBits) {
  Engine engine(11);
  const auto model =
      random_model(engine, InputEncoding::pixels, {784, 1024, 1024, 10});
  const std::size_t fp32 = 4 * (784 * 1024 + 1024 * 1024 + 1024 * 10);
  EXPECT_LT(29 * bytes_of(model).size(), fp32);
}

TEST(ModelFile, TruncatedAtEveryLengthIsAnError) {
  for (const auto& model : {small_model(), image_model(), real_model()}) {
    const Bytes bytes = bytes_of(model);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      const Bytes part(bytes.begin(), bytes.begin() + length);
      const auto model = Model::from_bytes(part);
      ASSERT_FALSE(model.ok()) << length;
      ASSERT_FALSE(model.error().message.empty());
    }
    Bytes longer = bytes;
    longer.push_back(0);
    EXPECT_FALSE(Model::from_bytes(longer).ok());
  }
}

TEST(ModelFile, BytesNeedNoAlignment) {
  const Bytes bytes = bytes_of(small_model());
  for (std::size_t shift = 0; shift < 16; ++shift) {
    Bytes moved(shift);
    moved.insert(moved.end(), bytes.begin(), bytes.end());
    EXPECT_TRUE(parse(std::span(moved).subspan(shift)).ok()) << shift;
  }
}

std::uint32_t checksum_around(const Bytes& bytes, std::size_t at) {
  const std::span all(bytes);
  return crc32(all.subspan(at + 4), crc32(all.first(at)));
}

/// Where a file has its checksum.
std::size_t find_checksum(const Bytes& bytes) {
  for (std::size_t at = 0; at + 4 <= bytes.size(); at += 4) {
    std::uint32_t here;
    std::memcpy(&here, bytes.data() + at, 4);
    if (here == checksum_around(bytes, at)) return at;
  }
  ADD_FAILURE() << "no checksum";
  return 0;
}

/// Makes the checksum right again, so that damage gets past it.
void reseal(Bytes& bytes, std::size_t at) {
  const std::uint32_t checksum = checksum_around(bytes, at);
  std::memcpy(bytes.data() + at, &checksum, 4);
}

/// Loads damaged bytes; what loads must also run.
void expect_no_crash(const Bytes& bytes, int* loaded) {
  const auto model = Model::from_bytes(
      bytes, {.isa = {}, .max_memory = 16 << 20, .max_steps = 1 << 20});
  if (!model) {
    EXPECT_FALSE(model.error().message.empty());
    return;
  }
  ++*loaded;
  auto workspace = Workspace::create(*model, 2);
  ASSERT_TRUE(workspace.ok());
  const Bytes inputs(2 * model->info().inputs, 200);
  std::vector<float> scores(2 * model->info().outputs);
  EXPECT_TRUE(model->forward(inputs, 2, *workspace, scores).ok());
}

TEST(ModelFile, FlippedBitsDoNotCrash) {
  for (const auto& model : {small_model(), image_model(), real_model()}) {
    const Bytes bytes = bytes_of(model);
    const std::size_t checksum = find_checksum(bytes);
    int loaded = 0;
    // Every third bit: each byte, each place in a byte.
    for (std::size_t bit = 0; bit < 8 * bytes.size(); bit += 3) {
      Bytes damaged = bytes;
      damaged[bit / 8] ^= 1 << bit % 8;
      ASSERT_FALSE(parse(damaged).ok()) << bit;
      reseal(damaged, checksum);
      expect_no_crash(damaged, &loaded);
    }
    // Most bits are weights and thresholds, which no check can doubt.
    EXPECT_GT(loaded, 0);
    EXPECT_LT(loaded, static_cast<int>(8 * bytes.size()));
  }
}

TEST(ModelFile, RandomDamageDoesNotCrash) {
  Engine engine(12);
  for (const auto& model : {small_model(), image_model(), real_model()}) {
    const Bytes bytes = bytes_of(model);
    const std::size_t checksum = find_checksum(bytes);
    int loaded = 0;
    for (int trial = 0; trial < 10000; ++trial) {
      Bytes damaged = bytes;
      const int changes = 1 + static_cast<int>(engine() % 8);
      for (int i = 0; i < changes; ++i) {
        damaged[engine() % damaged.size()] =
            static_cast<std::uint8_t>(engine());
      }
      reseal(damaged, checksum);
      expect_no_crash(damaged, &loaded);
    }
  }
}

/// Where a string of the file begins, at its length.
std::size_t find_text(const Bytes& bytes, const std::string& text) {
  const auto found =
      std::search(bytes.begin(), bytes.end(), text.begin(), text.end());
  EXPECT_NE(found, bytes.end());
  return found - bytes.begin() - 4;
}

TEST(ModelFile, PartsThatOverlapAreRefused) {
  // 50 values of the metadata are turned into the one long text: a file of
  // about 10 kB would become half a megabyte.
  ModelDescription model = small_model();
  model.metadata = {{"long", std::string(10000, 'x')}};
  for (int i = 10; i < 60; ++i) {
    model.metadata.emplace_back("key", "value " + std::to_string(i));
  }
  Bytes bytes = bytes_of(model);
  const std::size_t checksum = find_checksum(bytes);
  const std::size_t target = find_text(bytes, std::string(10000, 'x'));
  for (int i = 10; i < 60; ++i) {
    const std::size_t from = find_text(bytes, "value " + std::to_string(i));
    for (std::size_t at = 0; at < from; at += 4) {
      std::uint32_t offset;
      std::memcpy(&offset, bytes.data() + at, 4);
      if (at + offset != from) continue;
      offset = static_cast<std::uint32_t>(target - at);
      std::memcpy(bytes.data() + at, &offset, 4);
    }
  }
  reseal(bytes, checksum);
  const auto parsed = parse(bytes);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().message, "model file: damaged: its parts overlap");
}

TEST(ModelFile, AnotherMajorVersionIsRefusedWithAdvice) {
  Bytes bytes = bytes_of(small_model());
  // The two version numbers stand side by side: find 1, 0 as a changed byte
  // that is reported as a version.
  bool found = false;
  for (std::size_t i = 0; i < bytes.size() && !found; ++i) {
    if (bytes[i] != kFormatMajor) continue;
    bytes[i] = 9;
    const auto model = parse(bytes);
    found = !model.ok() && model.error().message ==
                               "model file: format 9." +
                                   std::to_string(kFormatMinor) +
                                   ", but this signet reads 1.x; update "
                                   "signet, or export the model with this "
                                   "version";
    bytes[i] = kFormatMajor;
  }
  EXPECT_TRUE(found);
}

TEST(ModelFile, UnknownLayerKindIsRefused) {
  Bytes bytes = bytes_of(small_model());
  const std::size_t checksum = find_checksum(bytes);
  bool found = false;
  for (std::size_t i = 0; i < bytes.size() && !found; ++i) {
    if (bytes[i] != 1) continue;  // LayerKind.BinaryLinear
    bytes[i] = 99;
    reseal(bytes, checksum);
    const auto model = parse(bytes);
    found = !model.ok() &&
            model.error().message ==
                "model file: unknown kind of layer (number 99); update signet";
    bytes[i] = 1;
  }
  EXPECT_TRUE(found);
}

TEST(ModelFile, OtherFilesAreNotModels) {
  const Bytes text(1000, 'x');
  EXPECT_EQ(parse(text).error().message,
            "model file: not a signet model (no SGNT mark)");
  EXPECT_FALSE(parse({}).ok());
}

/// A change that makes a description one that cannot be run, and what the
/// message must say.
struct Spoiled {
  const char* says;
  std::function<void(ModelDescription&)> spoil;
};

TEST(CheckDescription, RefusesWhatCannotRun) {
  const Spoiled cases[] = {
      {"layers must number", [](auto& m) { m.layers.clear(); }},
      {"30 come in, but 31", [](auto& m) { layer_of(m, 0).inputs = 31; }},
      {"expected 65, got 64",
       [](auto& m) {
         std::get<Thresholds>(layer_of(m, 0).output).values.pop_back();
       }},
      {"weight words", [](auto& m) { layer_of(m, 1).weights.pop_back(); }},
      {"not padded with 0",
       [](auto& m) {
         layer_of(m, 1).weights.back() |= std::uint64_t{1} << 63;
       }},
      {"must be in 1..", [](auto& m) { layer_of(m, 1).outputs = 0; }},
      {"must be in 1..",
       [](auto& m) { layer_of(m, 1).outputs = kMaxWidth + 1; }},
      {"must be in 1..", [](auto& m) { layer_of(m, 1).outputs = -7; }},
      {"only the first layer can read pixels",
       [](auto& m) { layer_of(m, 1).input = InputEncoding::pixels; }},
      {"must give scores", [](auto& m) { m.layers.pop_back(); }},
      {"must give scores",
       [](auto& m) { layer_of(m, 0).output = layer_of(m, 2).output; }},
      {"leave the range of a float",
       [](auto& m) {
         std::get<Scores>(layer_of(m, 2).output).scale[1] = std::nanf("");
       }},
      {"leave the range of a float",
       [](auto& m) {
         std::get<Scores>(layer_of(m, 2).output).offset[1] =
             std::numeric_limits<float>::infinity();
       }},
      {"leave the range of a float",
       [](auto& m) {
         std::get<Scores>(layer_of(m, 2).output).scale[0] = 3e38F;
       }},
      {"class names", [](auto& m) { m.classes.pop_back(); }},
  };
  ASSERT_TRUE(check_description(small_model()).ok());
  for (const auto& [says, spoil] : cases) {
    ModelDescription model = small_model();
    spoil(model);
    const auto checked = check_description(model);
    ASSERT_FALSE(checked.ok()) << says;
    EXPECT_NE(checked.error().message.find(says), std::string::npos)
        << checked.error().message;
    EXPECT_FALSE(serialize(model).ok());
    EXPECT_FALSE(Model::from_description(model).ok());
  }
}

TEST(CheckDescription, RefusesImagesThatCannotRun) {
  constexpr std::int64_t kHuge = std::int64_t{1} << 62;
  const Spoiled cases[] = {
      {"297 come in, but 9x10x3", [](auto& m) { conv_of(m, 0).in.width = 10; }},
      {"9x11x5 come in, but 11x9x5",
       [](auto& m) {
         conv_of(m, 1).in = {11, 9, 5};
       }},
      {"9x11x66 come in, but 9x11x65",
       [](auto& m) { pool_of(m, 2).in.channels = 65; }},
      {"must be in 1..", [](auto& m) { conv_of(m, 1).in.height = 0; }},
      {"must be in 1..", [](auto& m) { conv_of(m, 1).in.height = -9; }},
      {"sizes of the inputs must be in",
       [](auto& m) { conv_of(m, 1).in.height = kHuge; }},
      {"sizes of the inputs must number at most",
       [](auto& m) {
         conv_of(m, 1).in = {1 << 21, 1 << 21, 1 << 21};
       }},
      {"must be in 1..", [](auto& m) { conv_of(m, 1).window.height = 0; }},
      {"must be in 1..", [](auto& m) { conv_of(m, 1).window.width = kHuge; }},
      {"sizes of the window must number",
       [](auto& m) {
         conv_of(m, 1).window = {1 << 20, 1 << 20, 1, 0};
       }},
      {"inputs of a sum must number",
       [](auto& m) {
         conv_of(m, 1).window = {2000, 2000, 1, 1999};
       }},
      {"sizes of the padded inputs must number",
       [](auto& m) {
         conv_of(m, 1).window = {915, 915, 914, 914};
       }},
      {"stride must be in 1..",
       [](auto& m) { conv_of(m, 1).window.stride = 0; }},
      {"stride must be in 1..",
       [](auto& m) { conv_of(m, 1).window.stride = kHuge; }},
      {"pad must be in 0..2", [](auto& m) { conv_of(m, 1).window.pad = 3; }},
      {"pad must be in 0..2", [](auto& m) { conv_of(m, 1).window.pad = -1; }},
      {"pad must be in 0..1", [](auto& m) { conv_of(m, 3).window.pad = 2; }},
      {"a window of 3x14 does not fit into 9x11x5 with pad 1",
       [](auto& m) { conv_of(m, 1).window.width = 14; }},
      {"sizes of the outputs must number",
       [](auto& m) { conv_of(m, 1).outputs = 1 << 20; }},
      {"outputs must be in 1..", [](auto& m) { conv_of(m, 1).outputs = 0; }},
      {"padding 'plus' is no value of inputs that are pixels",
       [](auto& m) { conv_of(m, 0).padding = Padding::plus; }},
      {"padding 'minus' is no value of inputs that are pixels",
       [](auto& m) { conv_of(m, 0).padding = Padding::minus; }},
      {"padding 'minus' is no value of inputs that are bits",
       [](auto& m) { conv_of(m, 3).padding = Padding::minus; }},
      {"only the first layer can read pixels",
       [](auto& m) { conv_of(m, 1).input = InputEncoding::pixels; }},
      {"weight words", [](auto& m) { conv_of(m, 1).weights.pop_back(); }},
      {"not padded with 0",
       [](auto& m) { conv_of(m, 1).weights[0] |= std::uint64_t{1} << 63; }},
      {"thresholds: expected 66, got 65",
       [](auto& m) { conv_of(m, 1).thresholds.values.pop_back(); }},
      {"the last layer, and no other, must give scores",
       [](auto& m) { m.layers.resize(6); }},
      {"the last layer, and no other, must give scores",
       [](auto& m) { m.layers.resize(5); }},
      {"the first layer must be linear or a convolution",
       [](auto& m) {
         m.layers.erase(m.layers.begin(), m.layers.begin() + 2);
         m.inputs = 9 * 11 * 66;
       }},
      {"max pooling has no padding",
       [](auto& m) { pool_of(m, 2).window.pad = 1; }},
      {"stride must be in 1..",
       [](auto& m) { pool_of(m, 2).window.stride = 0; }},
      {"does not fit", [](auto& m) { pool_of(m, 2).window.height = 10; }},
      {"take the least: expected 2, got 1",
       [](auto& m) { pool_of(m, 2).least.pop_back(); }},
      {"not padded with 0",
       [](auto& m) { pool_of(m, 2).least[1] |= std::uint64_t{1} << 63; }},
      {"inputs: ", [](auto& m) { layer_of(m, 6).inputs += 1; }},
  };
  ASSERT_TRUE(check_description(image_model()).ok());
  for (const auto& [says, spoil] : cases) {
    ModelDescription model = image_model();
    spoil(model);
    const auto checked = check_description(model);
    ASSERT_FALSE(checked.ok()) << says;
    EXPECT_NE(checked.error().message.find(says), std::string::npos)
        << checked.error().message;
    EXPECT_EQ(checked.error().message.find('\n'), std::string::npos);
    EXPECT_FALSE(serialize(model).ok());
    EXPECT_FALSE(Model::from_description(model).ok());
  }
}

}  // namespace
}  // namespace signet::runtime
