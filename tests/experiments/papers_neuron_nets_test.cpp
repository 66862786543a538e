#include <gtest/gtest.h>

#include "signet/core/estimator.h"
#include "signet/core/torch.h"
#include "signet/experiments/papers/neuron_nets.h"

namespace signet {
namespace {

/// What an estimator multiplies the gradient of a hidden unit by, and
/// p (1 - p) of the same units, at slope m.
struct Factors {
  Tensor found, p;
};

Factors factors(const char* spelling, double slope) {
  NeuronNet net({3, 4, 2}, Random(1));
  const auto x = torch::tensor({{0.2, 0.5, 0.9}}, torch::kFloat);
  const auto v = torch::tensor({1.5, -0.5}, torch::kFloat);
  const BoundEstimator estimator(spelling);
  RuleSampler sampler(estimator, Random(2));
  net.classes(x, sampler, slope).mul(v).sum().backward();
  const auto of_units = net.weights[1].detach().mv(v);
  const auto a = (x.mm(net.weights[0]) + net.biases[0]).detach()[0];
  return {net.biases[0].grad() / of_units, torch::sigmoid(slope * a)};
}

void expect_close(const Tensor& a, const Tensor& b) {
  EXPECT_TRUE(torch::allclose(a, b, 1e-4, 1e-6)) << a << b;
}

// The estimators know logistic noise sigmoid(2a); the nets halve a for them.
TEST(NeuronNet, TheRulesMultiplyByTheSourcesFactors) {
  for (const double m : {1.0, 3.0}) {
    for (const auto* rule : {kSigmoidAdjusted, kDeterministic, kSigmoidUnits}) {
      const auto [found, p] = factors(rule, m);
      expect_close(found, m * p * (1 - p));
    }
  }
  const auto [found, p] = factors(kPassThrough, 1);
  expect_close(found, torch::ones(4));
}

TEST(NeuronNet, ThroughOpenUnitsOnlyClosedOnesPassNothing) {
  NeuronNet net({3, 40, 2}, Random(1));
  net.through_open_only = true;
  const BoundEstimator estimator(kPassThrough);
  RuleSampler sampler(estimator, Random(2));
  const auto x = torch::tensor({{0.2, 0.5, 0.9}}, torch::kFloat);
  const auto classes = net.classes(x, sampler);
  classes.select(1, 0).sum().backward();
  const auto open = net.weights[1].grad().select(1, 0);  // the units' states
  EXPECT_GT(open.sum().item<float>(), 0);
  EXPECT_LT(open.sum().item<float>(), 40);
  expect_close(net.biases[0].grad(), open * net.weights[1].select(1, 0));
}

/// Images of 4 pixels, the brightest of which is the class.
Examples toy(int64_t size) {
  const auto labels = torch::arange(size) % 4;
  auto images = torch::randint(0, 100, {size, 4}, torch::kUInt8);
  images.scatter_(1, labels.unsqueeze(1), 255);
  return {images, labels};
}

TEST(TrainNeurons, LearnsAToyProblemWithEveryEstimator) {
  torch::manual_seed(1);
  const auto train = toy(400), test = toy(1000);
  for (const auto* rule : {kSigmoidAdjusted, kDeterministic, kPassThrough,
                           kSigmoidUnits, kReinforceAdjusted}) {
    int64_t epochs = 0;
    const auto net = train_neurons(
        {.hidden = {20},
         .estimator = rule,
         .rate = 0.3,
         .epochs = 2,
         .steps_an_epoch = 300},
        train, Random(3), [&](int64_t, const NeuronNet&) { ++epochs; });
    EXPECT_EQ(epochs, 2);
    const auto units = rule == std::string(kSigmoidUnits) ? UnitPass::means
                       : rule == std::string(kDeterministic)
                           ? UnitPass::rounded
                           : UnitPass::sampled;
    EXPECT_GT(accuracy(net, test, units, 1, Random(4), 8), 90) << rule;
  }
}

// Large slopes leave nothing to chance.
TEST(Accuracy, SampledUnitsOfGreatSlopeAreTheRoundedOnes) {
  torch::manual_seed(2);
  const auto examples = toy(500);
  const NeuronNet net({4, 30, 10}, Random(5));
  EXPECT_EQ(accuracy(net, examples, UnitPass::sampled, 1e6, Random(6)),
            accuracy(net, examples, UnitPass::rounded, 1, Random(7)));
}

TEST(AnnealedSlope, EndsAtTheSourcesSlopeInAnyNumberOfEpochs) {
  EXPECT_NEAR(annealed_slope(20, 20), 6.7275, 1e-4);
  EXPECT_NEAR(annealed_slope(6, 6), 6.7275, 1e-4);
  EXPECT_EQ(annealed_slope(0, 6), 1);
}

}  // namespace
}  // namespace signet
