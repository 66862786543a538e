// Networks whose units are drawn from their noise.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "signet/runtime/drawing/philox.h"
#include "signet/runtime/model.h"
#include "signet/runtime/packing.h"
#include "tests/runtime/random_model.h"

namespace signet::runtime {
namespace {

/// F in double.
double distribution(NoiseFamily noise, double a) {
  const double below = -std::abs(a);
  const double tail = [&] {
    switch (noise) {
      case NoiseFamily::none:
        return a == 0 ? 1.0 : 0.0;
      case NoiseFamily::logistic:
        return 1 / (1 + std::exp(-2 * below));
      case NoiseFamily::uniform:
        return std::max(0.0, (1 + below) / 2);
      case NoiseFamily::triangular:
        return std::pow(std::max(0.0, 2 + below), 2) / 8;
      case NoiseFamily::laplace:
        return std::exp(below) / 2;
      case NoiseFamily::sigmoid:
        return 1 / (1 + std::exp(-below));
    }
    return 0.0;
  }();
  return a < 0 ? tail : 1 - tail;
}

/// Element e of a stream, as core/random.h has it.
double uniform_number(std::uint64_t seed, std::uint32_t step,
                      std::uint32_t replica, std::uint32_t site,
                      std::int64_t e) {
  const auto block = static_cast<std::uint32_t>(e / 64 * 16 + e % 16);
  const auto words = philox4x32({block, site, step, replica},
                                {static_cast<std::uint32_t>(seed),
                                 static_cast<std::uint32_t>(seed >> 32)});
  return (2.0 * (words[e % 64 / 16] >> 9) + 1) / (1 << 24);
}

struct Options {
  std::uint64_t seed;
  std::uint32_t image;
  std::uint32_t replica;
};

/// One pass of one image by plain loops. Where u is so near to F that a float
/// cannot tell, the bit of `traced` is taken; `close` counts these.
Trace naive_pass(const ModelDescription& model,
                 const std::vector<std::uint8_t>& image, const Options& o,
                 const Trace& traced, std::int64_t row, std::int64_t& close) {
  Trace trace;
  auto now = channels_last(image, input_shape(model.layers.front()));
  std::size_t weighted = 0;
  std::uint32_t site = 0;
  std::int64_t pools = 0;
  std::vector<std::int32_t> sums;
  for (std::size_t l = 0; l < model.layers.size(); ++l) {
    const Layer& layer = model.layers[l];
    LayerTrace& made = trace.layers.emplace_back();
    const bool last = l + 1 == model.layers.size();
    if (const auto* pool = std::get_if<MaxPool>(&layer)) {
      if (pools == 0) {
        now = made.bits = naive_pool(*pool, now);
        continue;
      }
      sums = naive_pool(*pool, sums);
      --pools;
    } else {
      const auto* conv = std::get_if<BinaryConv>(&layer);
      sums = conv ? naive_sums(*conv, now)
                  : naive_sums(std::get<BinaryLinear>(layer), now);
      made.sums = sums;
      pools = model.sampled[weighted++].pools;
    }
    if (pools != 0) continue;
    const SampledLayer& sampled = model.sampled[weighted - 1];
    const auto values = static_cast<std::int64_t>(sums.size());
    for (std::int64_t e = 0; e < values; ++e) {
      const std::size_t c = e % sampled.scale.size();
      const auto a =
          static_cast<float>(static_cast<double>(sampled.scale[c]) * sums[e] +
                             static_cast<double>(sampled.offset[c]));
      if (last) {
        trace.scores.push_back(a);
        continue;
      }
      const double f = distribution(sampled.noise, a);
      const double u = uniform_number(o.seed, o.image, o.replica, site, e);
      const bool unclear =
          sampled.noise != NoiseFamily::none && std::abs(u - f) < 0x1p-21;
      close += unclear;
      made.bits.push_back(unclear ? traced.layers[l].bits[row * values + e]
                                  : u < f);
    }
    now = made.bits;
    site += sampled.noise != NoiseFamily::none;
  }
  return trace;
}

ModelDescription with_noise(Engine& engine, ModelDescription model) {
  add_random_noise(engine, model);
  return model;
}

std::vector<ModelDescription> models() {
  Engine engine(31);
  std::vector<ModelDescription> all;
  all.push_back(with_noise(engine, random_model(engine, InputEncoding::pixels,
                                                {30, 65, 130, 7, 3})));
  all.push_back(with_noise(
      engine, random_model(engine, InputEncoding::bits, {64, 128, 64, 5})));
  for (const std::int64_t channels : {5, 64}) {
    all.push_back(with_noise(
        engine, random_image_model(engine, InputEncoding::pixels, channels)));
  }
  // Sums of the first layer are pooled, twice.
  Engine other(32);
  ModelDescription pooled{.name = "pooled", .inputs = 12 * 10 * 2};
  auto at = MapShape{12, 10, 2};
  const auto add = [&](Layer layer) {
    pooled.layers.push_back(std::move(layer));
    at = output_shape(pooled.layers.back());
  };
  add(random_conv(other, InputEncoding::signs, at, 70, {3, 3, 1, 1}));
  add(random_pool(other, at, {2, 2, 1}));
  add(random_pool(other, at, {2, 2, 2}));
  add(random_pool(other, at, {2, 2, 1}));
  add(random_layer(other, InputEncoding::bits, at.values(), 4, true));
  add_random_noise(other, pooled);
  pooled.sampled[0].noise = NoiseFamily::triangular;
  pooled.sampled[0].pools = 2;
  all.push_back(pooled);
  return all;
}

Model load(const ModelDescription& description,
           std::optional<Isa> isa = std::nullopt) {
  auto model = Model::from_description(description, {.isa = isa});
  EXPECT_TRUE(model.ok()) << model.error().message;
  return *model;
}

struct Sampled {
  std::vector<float> probabilities, entropy, mutual_information;
  bool operator==(const Sampled&) const = default;
};

Sampled sample(const Model& model, std::span<const std::uint8_t> inputs,
               const SampleOptions& options, std::int64_t max_batch = 64) {
  const std::int64_t batch =
      static_cast<std::int64_t>(inputs.size()) / model.info().inputs;
  auto workspace = Workspace::create(model, max_batch);
  Sampled out{std::vector<float>(batch * model.info().outputs),
              std::vector<float>(batch), std::vector<float>(batch)};
  const auto done =
      model.sample(inputs, batch, options, *workspace,
                   {out.probabilities, out.entropy, out.mutual_information});
  EXPECT_TRUE(done.ok()) << done.error().message;
  return out;
}

InputEncoding input_of(const ModelDescription& model) {
  const auto* conv = std::get_if<BinaryConv>(&model.layers.front());
  return conv ? conv->input : std::get<BinaryLinear>(model.layers[0]).input;
}

// By an F in double, so a bit may differ where u is as near as 2^-21 to F; of
// the draws here, about 70,000, few are.
TEST(Sampling, EveryLevelDrawsWhatTheStreamsSay) {
  Engine engine(33);
  for (const auto& description : models()) {
    const auto inputs =
        random_inputs(engine, input_of(description), 3, description.inputs);
    for (const Isa isa : available_isas()) {
      const Model model = load(description, isa);
      auto workspace = Workspace::create(model);
      const SampleOptions options{
          .samples = 4, .seed = 0x123456789ABCDEF, .first_image = 70};
      const auto traced = model.trace_samples(inputs, 3, options, *workspace);
      ASSERT_TRUE(traced.ok()) << traced.error().message;
      std::int64_t close = 0;
      for (std::int64_t row = 0; row < 12; ++row) {
        const std::int64_t image = row / 4;
        const std::vector<std::uint8_t> one(
            inputs.begin() + image * description.inputs,
            inputs.begin() + (image + 1) * description.inputs);
        const auto expected =
            naive_pass(description, one,
                       {.seed = options.seed,
                        .image = static_cast<std::uint32_t>(70 + image),
                        .replica = static_cast<std::uint32_t>(row % 4)},
                       *traced, row, close);
        const auto part = [&](const auto& all, const auto& like) {
          const auto n = static_cast<std::int64_t>(like.size());
          return std::decay_t<decltype(like)>(all.begin() + row * n,
                                              all.begin() + (row + 1) * n);
        };
        for (std::size_t l = 0; l < description.layers.size(); ++l) {
          const auto& [sums, bits] = expected.layers[l];
          ASSERT_EQ(traced->layers[l].sums.size(), 12 * sums.size());
          ASSERT_EQ(traced->layers[l].bits.size(), 12 * bits.size());
          ASSERT_EQ(part(traced->layers[l].sums, sums), sums)
              << description.name << " " << l << " " << isa_name(isa);
          ASSERT_EQ(part(traced->layers[l].bits, bits), bits)
              << description.name << " " << l << " " << isa_name(isa);
        }
        ASSERT_EQ(part(traced->scores, expected.scores), expected.scores);
      }
      EXPECT_LT(close, 10);
    }
  }
}

TEST(Sampling, DoesNotDependOnLevelBatchOrBlock) {
  Engine engine(34);
  for (const auto& description : models()) {
    const std::int64_t n = description.inputs;
    const auto inputs = random_inputs(engine, input_of(description), 9, n);
    const SampleOptions options{.samples = 7, .seed = 5, .first_image = 100};
    const auto all = sample(load(description), inputs, options);
    for (const Isa isa : available_isas()) {
      EXPECT_EQ(sample(load(description, isa), inputs, options), all);
    }
    const Model model = load(description);
    for (const std::int64_t max_batch : {1, 3, 10}) {
      EXPECT_EQ(sample(model, inputs, options, max_batch), all);
    }
    for (std::int64_t i = 0; i < 9; ++i) {
      const auto one =
          sample(model, std::span(inputs).subspan(i * n, n),
                 {.samples = 7, .seed = 5, .first_image = 100 + i});
      EXPECT_EQ(one.entropy[0], all.entropy[i]);
      EXPECT_EQ(one.mutual_information[0], all.mutual_information[i]);
    }
    EXPECT_NE(sample(model, inputs, {.samples = 7, .seed = 6}), all);
  }
}

// Units that nothing is drawn for, at the same thresholds: the same scores,
// also of real weights.
TEST(Sampling, WithoutNoiseIsTheNetworkItself) {
  Engine engine(38);
  for (const bool real : {false, true}) {
    auto description =
        random_model(engine, InputEncoding::pixels, {30, 65, 130, 5});
    if (real) {
      description.layers.back() =
          random_real_layer(engine, InputEncoding::bits, 130, 5);
    }
    for (const Layer& layer : description.layers) {
      SampledLayer& sampled = description.sampled.emplace_back();
      if (const auto* last = std::get_if<RealLinear>(&layer)) {
        sampled.scale = last->scores.scale;
        sampled.offset = last->scores.offset;
        continue;
      }
      const auto& output = std::get<BinaryLinear>(layer).output;
      if (const auto* scores = std::get_if<Scores>(&output)) {
        sampled.scale = scores->scale;
        sampled.offset = scores->offset;
        continue;
      }
      for (const std::int32_t t : std::get<Thresholds>(output).values) {
        sampled.scale.push_back(1);
        sampled.offset.push_back(static_cast<float>(-t));
      }
    }
    const auto inputs = random_inputs(engine, InputEncoding::pixels, 4, 30);
    for (const Isa isa : available_isas()) {
      const Model model = load(description, isa);
      auto workspace = Workspace::create(model);
      std::vector<float> scores(4 * 5);
      ASSERT_TRUE(model.forward(inputs, 4, *workspace, scores).ok());
      const auto trace =
          model.trace_samples(inputs, 4, {.samples = 2}, *workspace);
      for (std::size_t row = 0; row < 8; ++row) {
        for (std::size_t j = 0; j < 5; ++j) {
          EXPECT_EQ(trace->scores[row * 5 + j], scores[row / 2 * 5 + j]);
        }
      }
    }
  }
}

TEST(Sampling, AveragesProbabilitiesAndEntropies) {
  Engine engine(35);
  const auto description = models()[0];
  const Model model = load(description);
  const auto inputs = random_inputs(engine, InputEncoding::pixels, 5, 30);
  // More samples than rows of a block, and fewer.
  for (const std::int64_t samples : {1, 5, 200}) {
    const SampleOptions options{.samples = samples, .seed = 2};
    auto workspace = Workspace::create(model);
    const auto trace = model.trace_samples(inputs, 5, options, *workspace);
    const auto out = sample(model, inputs, options);
    for (std::int64_t i = 0; i < 5; ++i) {
      double mean[3] = {}, mean_entropy = 0;
      for (std::int64_t s = 0; s < samples; ++s) {
        const float* scores = trace->scores.data() + (i * samples + s) * 3;
        double p[3], total = 0;
        for (int j = 0; j < 3; ++j) total += p[j] = std::exp(double{scores[j]});
        for (int j = 0; j < 3; ++j) {
          p[j] /= total;
          mean[j] += p[j] / static_cast<double>(samples);
          mean_entropy -= p[j] * std::log(p[j]) / static_cast<double>(samples);
        }
      }
      double entropy = 0;
      for (int j = 0; j < 3; ++j) {
        EXPECT_NEAR(out.probabilities[i * 3 + j], mean[j], 1e-6);
        entropy -= mean[j] * std::log(mean[j]);
      }
      EXPECT_NEAR(out.entropy[i], entropy, 1e-6);
      EXPECT_NEAR(out.mutual_information[i], entropy - mean_entropy, 1e-6);
      EXPECT_GE(out.mutual_information[i], 0);
      if (samples == 1) {
        EXPECT_EQ(out.mutual_information[i], 0);
      }
    }
  }
}

// A chi-square over the units of a layer: the squared deviations of their
// counts from S F(a), by their variances, add up to n on average with variance
// 2 n and more, 1/(S p q), where counts are small; those of F near 0 or 1 are
// left out. 7 standard deviations: false alarms below 1e-9 for each.
TEST(Sampling, UnitsHaveTheProbabilitiesOfTheirNoise) {
  Engine engine(36);
  for (int family = 1; family < kNoiseFamilies; ++family) {
    auto description =
        random_model(engine, InputEncoding::pixels, {40, 1000, 3});
    add_random_noise(engine, description);
    auto& units = description.sampled[0];
    units.noise = static_cast<NoiseFamily>(family);
    const auto inputs = random_inputs(engine, InputEncoding::pixels, 1, 40);
    const Model model = load(description);
    auto workspace = Workspace::create(model);
    constexpr std::int64_t kSamples = 3000;
    const auto trace = model.trace_samples(
        inputs, 1, {.samples = kSamples, .seed = 9}, *workspace);
    double chi_square = 0, variance = 0;
    int counted = 0;
    for (std::int64_t j = 0; j < 1000; ++j) {
      const double a =
          static_cast<double>(units.scale[j]) * trace->layers[0].sums[j] +
          static_cast<double>(units.offset[j]);
      const double p = distribution(units.noise, a);
      const double spread = kSamples * p * (1 - p);
      std::int64_t ones = 0;
      for (std::int64_t s = 0; s < kSamples; ++s) {
        ones += trace->layers[0].bits[s * 1000 + j];
      }
      if (spread < 10) continue;
      ++counted;
      chi_square += std::pow(ones - kSamples * p, 2) / spread;
      variance += 2 + 1 / spread;
    }
    EXPECT_GT(counted, 400);
    EXPECT_LT(std::abs(chi_square - counted), 7 * std::sqrt(variance))
        << noise_name(units.noise);
  }
}

TEST(Sampling, SaysWhatIsWrong) {
  Engine engine(37);
  auto description = random_model(engine, InputEncoding::pixels, {8, 70, 3});
  const Model plain = load(description);
  EXPECT_FALSE(plain.info().has_noise);
  add_random_noise(engine, description);
  const Model model = load(description);
  EXPECT_TRUE(model.info().has_noise);
  EXPECT_EQ(model.info().layers[0].noise, NoiseFamily::logistic);
  const auto error = [&](const Model& model, const SampleOptions& options,
                         std::size_t probabilities = 6,
                         std::size_t entropies = 2) {
    auto workspace = Workspace::create(model);
    const std::vector<std::uint8_t> inputs(16);
    std::vector<float> p(probabilities), h(entropies), mi(2);
    const auto done = model.sample(inputs, 2, options, *workspace, {p, h, mi});
    return done ? "" : done.error().message;
  };
  EXPECT_EQ(error(model, {}), "");
  EXPECT_EQ(error(plain, {}),
            "sample: the model has no noise to draw units from; export it "
            "again with --noise");
  EXPECT_EQ(error(model, {.samples = 0}),
            "sample: samples must be in 1..1048576, but got 0");
  const std::string number =
      "sample: images must be numbered from 0 to 2^32 - 1";
  EXPECT_EQ(error(model, {.first_image = -1}), number);
  EXPECT_EQ(error(model, {.first_image = 0xFFFFFFFF}), number);
  EXPECT_EQ(error(model, {.first_image = 0xFFFFFFFE}), "");
  EXPECT_NE(error(model, {}, 5), "");
  EXPECT_NE(error(model, {}, 6, 1), "");
  auto other = Workspace::create(plain);
  const auto trace =
      model.trace_samples(std::vector<std::uint8_t>(16), 2, {}, *other);
  EXPECT_FALSE(trace.ok());
}

}  // namespace
}  // namespace signet::runtime
