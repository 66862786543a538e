#include "signet/experiments/measured_network.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "signet/core/torch.h"
#include "signet/data/atomic_file.h"
#include "signet/experiments/checkpoint.h"
#include "signet/measure/gradients.h"
#include "signet/models/network.h"

namespace signet {
namespace {

namespace fs = std::filesystem;

struct Files {
  fs::path folder = fs::temp_directory_path() / "signet-measured-network-test";
  MeasuredNetworkFiles files{.network = folder / "net.toml",
                             .points = {.data = folder / "points.csv"}};

  Files() {
    fs::create_directories(folder);
    write_atomically(files.network, R"toml(inputs = 2
layers = ["linear(outputs=3)", "batch-norm", "units", "dropout(rate=0.5)",
          "linear(outputs=1, weights=real, bias=true)"]
)toml");
    write_atomically(files.points.data,
                     "x,y,label\n0.5,-1,1\n-0.3,2,0\n1,1,1\n");
  }
  ~Files() { fs::remove_all(folder); }
};

TEST(MeasuredNetwork, HasTheGradientOfTheNetworkItself) {
  const Files f;
  const auto problem = network_problem(f.files);
  EXPECT_EQ(problem.examples, 3);
  ASSERT_EQ(problem.groups.size(), 3u);
  EXPECT_EQ(problem.groups[1].name, "1.batch-norm");

  // The same by a plain loop: the network of the same seed, in evaluation.
  Network network(parse_network(Shape::vector(2),
                                {"linear(outputs=3)", "batch-norm", "units",
                                 "linear(outputs=1, weights=real, bias=true)"}),
                  Random(1));
  network.eval();
  // Dropout has a place of its own, so the last layer another name and seed.
  {
    torch::NoGradGuard no_gradient;
    network.parameters()[3].copy_(problem.groups[2].parameters[0]);
    network.parameters()[4].copy_(problem.groups[2].parameters[1]);
  }
  const auto x = torch::tensor({0.5F, -1.F, -0.3F, 2.F, 1.F, 1.F}).view({3, 2});
  const auto y = torch::tensor({1.F, -1.F, 1.F});
  const BoundEstimator estimator("st-deterministic");
  const auto estimate = estimator(
      [&](Sampler& sampler) {
        const auto eta = network.forward(x, sampler).squeeze(-1);
        return torch::log1p(torch::exp(-y * eta));
      },
      Random(1));
  estimate.surrogate.mean().backward();
  std::vector<Tensor> rows;
  for (const auto& p : network.parameters()) rows.push_back(p.grad().flatten());
  const auto expected = torch::cat(rows);
  const auto got = sample_gradients(estimator, problem, 2, Random(1)).gradients;
  EXPECT_TRUE(at::allclose(got[0], expected, 1e-4, 1e-6));
  EXPECT_TRUE(at::allclose(got[1], expected, 1e-4, 1e-6));
  // The oracle takes it in double.
  EXPECT_EQ(sample_gradients(BoundEstimator("exact"), in_double(problem), 1,
                             Random(1))
                .gradients.numel(),
            expected.numel());
}

}  // namespace
}  // namespace signet
