// Networks whose units are drawn: the packed one against LibTorch's.
#include <gtest/gtest.h>

#include <cmath>

#include "signet/base/error.h"
#include "signet/core/samplers.h"
#include "signet/core/torch.h"
#include "signet/export/expect.h"
#include "signet/export/pack.h"
#include "signet/runtime/format/model_file.h"
#include "signet/runtime/model.h"
#include "tests/export/random_network.h"

namespace signet {
namespace {

runtime::Model model_of(const PackedNetwork& packed,
                        std::optional<runtime::Isa> isa = {}) {
  const auto bytes = expect(runtime::serialize(packed.model));
  return expect(runtime::Model::from_bytes(bytes, {.isa = isa}));
}

/// Images of the bytes 0, 1 and 2, so that logits of first layers are small.
Dataset faint_data(const Shape& shape, int64_t size) {
  auto data = random_data(shape, size, 2);
  for (auto& pixel : data.images) pixel %= 3;
  return data;
}

Tensor images_of(const Dataset& data, int64_t first, int64_t count) {
  return torch::tensor(std::vector<int>(data.images.begin(), data.images.end()))
      .view({data.size(), -1})
      .narrow(0, first, count)
      .to(torch::kFloat);
}

/// Every unit and score of every pass, one image at a time in LibTorch and all
/// together in the runtime. The number of units compared.
int64_t compare_draws(const Shape& input,
                      const std::vector<std::string>& layers, uint64_t seed) {
  torch::NoGradGuard no_gradient;
  constexpr int64_t kImages = 4, kSamples = 5, kFirst = 30;
  const auto network = random_network(input, layers, seed);
  const auto packed = pack(*network, "x", {}, {}, {.noise = true});
  const auto data = faint_data(input, kImages);
  int64_t units = 0, compared = 0, changed = 0;
  for (const auto isa : runtime::available_isas()) {
    const auto model = model_of(packed, isa);
    auto workspace = expect(runtime::Workspace::create(model));
    const auto trace = expect(model.trace_samples(
        data.images, kImages,
        {.samples = kSamples, .seed = seed, .first_image = kFirst}, workspace));
    for (int64_t row = 0; row < kImages * kSamples; ++row) {
      const int64_t image = row / kSamples;
      IndependentSampler sampler(
          Random(seed)
              .at_step(static_cast<uint32_t>(kFirst + image))
              .replica(static_cast<uint32_t>(row % kSamples)));
      std::vector<Tensor> outputs;
      const auto scores =
          network
              ->forward(images_of(data, image, 1), sampler,
                        [&](size_t, const Tensor& h) { outputs.push_back(h); })
              .contiguous();
      for (size_t l = 0; l < packed.layers.size(); ++l) {
        const auto& layer = packed.layers[l];
        const auto& bits = trace.layers[l].bits;
        if (!layer.bits) {
          EXPECT_TRUE(bits.empty());
          continue;
        }
        const auto expected =
            (outputs[*layer.bits] > 0).to(torch::kUInt8).flatten().contiguous();
        const auto* of_row = bits.data() + row * expected.numel();
        EXPECT_TRUE(std::equal(of_row, of_row + expected.numel(),
                               expected.data_ptr<uint8_t>()))
            << layer_name(network->spec(), *layer.bits) << " of pass " << row
            << ", seed " << seed << ", " << isa_name(isa);
        units += expected.numel();
        if (row % kSamples == 0) continue;
        compared += expected.numel();
        for (int64_t j = 0; j < expected.numel(); ++j)
          changed += of_row[j] != of_row[j - expected.numel()];
      }
      const auto* of_row = trace.scores.data() + row * scores.numel();
      EXPECT_TRUE(
          std::equal(of_row, of_row + scores.numel(), scores.data_ptr<float>()))
          << "scores of pass " << row;
    }
  }
  // Else only signs of logits would be compared.
  EXPECT_GT(changed, compared / 20);
  return units;
}

const std::vector<std::string> kFamilies = {"logistic", "uniform", "triangular",
                                            "laplace", "sigmoid"};
const std::vector<std::string> kEncodings = {"signs", "bits"};

TEST(Sampling, OfRowsEqualsLibTorchBitByBit) {
  uint64_t seed = 100;
  for (const auto& family : kFamilies) {
    for (const auto& encoding : kEncodings) {
      const auto units =
          "units(noise=" + family + ", encoding=" + encoding + ")";
      compare_draws(
          Shape::vector(50),
          {"linear(outputs=130)", "batch-norm", units,
           "linear(outputs=64, bias=true)", units, "dropout",
           "linear(outputs=77, bias=true)", "batch-norm(affine=false)", units,
           "linear(outputs=5)", "batch-norm"},
          ++seed);
    }
  }
}

// Sums, logits and units are pooled; channels that fill words, and not; units
// that nothing is drawn for between others.
TEST(Sampling, OfImagesEqualsLibTorchBitByBit) {
  uint64_t seed = 200;
  for (const auto& family : kFamilies) {
    for (const auto& encoding : kEncodings) {
      const auto units =
          "units(noise=" + family + ", encoding=" + encoding + ")";
      const auto compared =
          compare_draws(Shape::map(2, 11, 12),
                        {"conv(channels=20, padding=1, bias=true)",
                         "max-pool",
                         "batch-norm",
                         units,
                         "conv(channels=64, padding=1)",
                         "batch-norm",
                         "max-pool(size=2, stride=1)",
                         "max-pool(size=2, stride=1)",
                         units,
                         "conv(channels=66, padding=1, pad=plus)",
                         "batch-norm",
                         "units(deterministic=true)",
                         "max-pool(size=2, stride=1)",
                         "conv(channels=64, kernel=2)",
                         "batch-norm",
                         units,
                         "flatten",
                         "linear(outputs=30)",
                         "batch-norm",
                         units,
                         "linear(outputs=4)",
                         "batch-norm"},
                        ++seed);
      EXPECT_GT(compared, 20 * (5 * 6 * 20 + 3 * 4 * 64 + 3 * 4 * 66));
    }
  }
}

// The network's own ensemble, with other draws: class probabilities of the two
// differ by what their standard errors allow. 160 comparisons at 6.5 standard
// deviations: false alarms below 1e-7, the tails of means of 800 being normal.
TEST(Sampling, EnsemblesAgree) {
  torch::NoGradGuard no_gradient;
  constexpr int64_t kImages = 40, kSamples = 800, kClasses = 4;
  const auto input = Shape::vector(50);
  const auto network = random_network(
      input,
      {"linear(outputs=130)", "batch-norm", "units", "linear(outputs=64)",
       "batch-norm", "units", "linear(outputs=4)", "batch-norm"},
      300);
  const auto data = faint_data(input, kImages);
  const auto model = model_of(pack(*network, "x", {}, {}, {.noise = true}));
  auto workspace = expect(runtime::Workspace::create(model));
  std::vector<float> packed(kImages * kClasses), entropy(kImages),
      mutual_information(kImages);
  expect(model.sample(data.images, kImages, {.samples = kSamples, .seed = 1},
                      workspace, {packed, entropy, mutual_information}));
  const auto x = images_of(data, 0, kImages);
  auto sum = torch::zeros({kImages, kClasses}, torch::kDouble);
  auto squares = sum.clone();
  for (uint32_t s = 0; s < kSamples; ++s) {
    IndependentSampler sampler(Random(2).replica(s));
    const auto p =
        torch::softmax(network->forward(x, sampler).to(torch::kDouble), 1);
    sum += p;
    squares += p * p;
  }
  const auto mean = (sum / kSamples).contiguous();
  // Of the difference of two means of as many samples.
  const auto error =
      ((squares / kSamples - mean * mean) * (2.0 / kSamples) + 1e-12)
          .sqrt()
          .contiguous();
  double greatest = 0;
  for (int64_t i = 0; i < kImages * kClasses; ++i) {
    const double difference =
        packed[static_cast<size_t>(i)] - mean.data_ptr<double>()[i];
    greatest =
        std::max(greatest, std::abs(difference) / error.data_ptr<double>()[i]);
  }
  EXPECT_LT(greatest, 6.5);
  EXPECT_GT(greatest, 0.5) << "these are the same draws";
}

std::string refusal(const std::vector<std::string>& layers) {
  try {
    pack(*random_network(Shape::vector(8), layers, 1), "x", {}, {},
         {.noise = true});
  } catch (const UsageError& error) {
    return error.what();
  }
  return "packed";
}

TEST(Sampling, RefusesWhatTheRuntimeCannotDraw) {
  EXPECT_EQ(refusal({"linear(outputs=3)", "units(noise=cauchy)",
                     "linear(outputs=2)"}),
            "export: layer 1.units has cauchy noise, which the runtime cannot "
            "draw; export without it");
  EXPECT_EQ(refusal({"linear(outputs=3, weights=stochastic)", "units",
                     "linear(outputs=2)"}),
            "export: layer 0.linear draws its weights, which the runtime does "
            "not; export without noise");
}

}  // namespace
}  // namespace signet
