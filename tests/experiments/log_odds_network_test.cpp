// A network from elsewhere, whose units are high with probability sigmoid(a).

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "signet/core/estimator.h"
#include "signet/core/torch.h"
#include "signet/data/atomic_file.h"
#include "signet/experiments/measured_network.h"

namespace signet {
namespace {

namespace fs = std::filesystem;

// 2-3-1 with bits: weights and biases of both layers.
constexpr double kW[3][2] = {{1.5, -2}, {0.25, 3}, {-4, 0.5}};
constexpr double kB[3] = {0.5, -1, 2};
constexpr double kV[3] = {2, -1.5, 0.75};
constexpr double kC = -0.3;
constexpr double kX[2][2] = {{0.5, -1}, {-0.25, 2}};
constexpr double kY[2] = {1, -1};

/// E log(1 + exp(-y eta)) over the eight states, P(x_i = 1) = 1/(1 +
/// exp(-scale a_i)), mean over both points.
double expected_loss(double scale) {
  double sum = 0;
  for (int p = 0; p < 2; ++p) {
    for (int state = 0; state < 8; ++state) {
      double probability = 1, eta = kC;
      for (int i = 0; i < 3; ++i) {
        const double a = kW[i][0] * kX[p][0] + kW[i][1] * kX[p][1] + kB[i];
        const double high = 1 / (1 + std::exp(-scale * a));
        const bool on = state >> i & 1;
        probability *= on ? high : 1 - high;
        eta += on ? kV[i] : 0;
      }
      sum += probability * std::log1p(std::exp(-kY[p] * eta)) / 2;
    }
  }
  return sum;
}

double measured_loss(const std::string& noise) {
  const auto folder =
      fs::temp_directory_path() / ("signet-log-odds-test-" + noise);
  fs::create_directories(folder);
  MeasuredNetworkFiles files{.network = folder / "net.toml",
                             .points = {.data = folder / "points.csv"}};
  write_atomically(files.network,
                   "inputs = 2\nlayers = ['linear(outputs=3, weights=real, "
                   "bias=true)', 'units(encoding=bits, noise=" +
                       noise +
                       ")', 'linear(outputs=1, weights=real, bias=true)']\n");
  write_atomically(files.points.data, "u,v,label\n0.5,-1,1\n-0.25,2,-1\n");
  auto problem = in_double(network_problem(files));
  const auto all = all_parameters(problem);
  const auto set = [&](size_t i, const double* values) {
    const auto& to = all.at(i);
    to.copy_(torch::from_blob(const_cast<double*>(values), to.sizes(),
                              torch::kDouble));
  };
  {
    torch::NoGradGuard no_gradient;
    set(0, &kW[0][0]);
    set(1, kB);
    set(2, kV);
    set(3, &kC);
  }
  std::vector<Tensor> leaves;
  for (const auto& p : all) leaves.push_back(p.unsqueeze(0).clone());
  const auto estimate = BoundEstimator("exact")(
      [&](Sampler& sampler) { return problem.loss(leaves, sampler); },
      Random(1));
  fs::remove_all(folder);
  return estimate.loss.mean().item<double>();
}

TEST(LogOdds, ANetworkOfSigmoidUnitsHasItsKnownLoss) {
  EXPECT_NEAR(measured_loss("sigmoid"), expected_loss(1), 1e-12);
  EXPECT_NEAR(measured_loss("logistic"), expected_loss(2), 1e-12);
  EXPECT_GT(std::abs(expected_loss(1) - expected_loss(2)), 0.01);
}

}  // namespace
}  // namespace signet
