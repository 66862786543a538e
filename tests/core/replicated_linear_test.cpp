#include "signet/core/replicated_linear.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cstring>
#include <vector>

#include "signet/base/error.h"
#include "signet/core/kernels/level.h"
#include "signet/core/random.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

using at::Tensor;

Tensor numbers(at::IntArrayRef shape, uint32_t site,
               at::ScalarType type = at::kFloat) {
  return RandomStream{.seed = 5, .site = site}.uniform(
             shape, at::TensorOptions(type)) -
         0.5;
}

struct Shape {
  int64_t samples, replicates, rows, inputs, outputs;
};

/// Result and the derivatives of a weighted sum of it.
std::vector<Tensor> everything(decltype(replicated_linear)* function,
                               at::IntArrayRef x_shape, const Shape& s,
                               bool with_bias, at::ScalarType type) {
  const auto x = numbers(x_shape, 1, type).requires_grad_();
  const auto w =
      numbers({s.replicates, s.outputs, s.inputs}, 2, type).requires_grad_();
  const auto b = numbers({s.replicates, s.outputs}, 3, type).requires_grad_();
  const auto y = function(x, w, with_bias ? b : Tensor());
  (y * numbers(y.sizes(), 4, type)).sum().backward();
  std::vector<Tensor> all{y.detach(), x.grad(), w.grad()};
  if (with_bias) all.push_back(b.grad());
  return all;
}

class ReplicatedLinearShapes : public testing::TestWithParam<Shape> {};
INSTANTIATE_TEST_SUITE_P(
    , ReplicatedLinearShapes,
    testing::Values(Shape{1, 3, 200, 2, 5}, Shape{1, 3, 200, 5, 5},
                    Shape{2, 3, 17, 5, 1}, Shape{1, 2, 1, 1, 1},
                    Shape{1, 1, 2, 7, 8}, Shape{3, 2, 5, 8, 7},
                    Shape{1, 2, 6, 9, 9}, Shape{1, 2, 9, 64, 6},
                    Shape{2, 2, 3, 13, 64}, Shape{1, 2, 4, 65, 3},
                    Shape{1, 2, 4, 3, 65}, Shape{1, 2, 0, 3, 4}));

TEST_P(ReplicatedLinearShapes, EqualsBatchedProducts) {
  const auto s = GetParam();
  for (const auto& x_shape : std::vector<std::vector<int64_t>>{
           {s.rows, s.inputs},
           {s.replicates, s.rows, s.inputs},
           {s.samples, s.replicates, s.rows, s.inputs}}) {
    for (bool bias : {false, true}) {
      const auto got =
          everything(replicated_linear, x_shape, s, bias, at::kFloat);
      const auto same =
          everything(replicated_linear, x_shape, s, bias, at::kDouble);
      const auto expected = everything(replicated_linear_reference, x_shape, s,
                                       bias, at::kDouble);
      for (size_t i = 0; i < expected.size(); ++i) {
        ASSERT_EQ(got[i].sizes(), expected[i].sizes()) << i;
        // At most 64 products, or 3 * 200 * R of them, of numbers below 1/2.
        EXPECT_TRUE(at::allclose(got[i].to(at::kDouble), expected[i], 0, 2e-5))
            << i;
        EXPECT_TRUE(at::allclose(same[i], expected[i], 0, 1e-12)) << i;
      }
    }
  }
}

TEST(ReplicatedLinear, HasASecondDerivative) {
  const auto x = numbers({2, 3, 4}, 1).requires_grad_();
  const auto w = numbers({2, 5, 4}, 2).requires_grad_();
  const auto b = numbers({2, 5}, 3).requires_grad_();
  const auto twice = [&](decltype(replicated_linear)* function) {
    const auto y = function(x, w, b).pow(3).sum();
    const auto first = torch::autograd::grad({y}, {x, w, b}, {}, {}, true);
    const auto norm = first[0].square().sum() + first[1].square().sum() +
                      first[2].square().sum();
    return torch::autograd::grad({norm}, {x, w, b});
  };
  const auto got = twice(replicated_linear);
  const auto expected = twice(replicated_linear_reference);
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(at::allclose(got[i], expected[i], 1e-4, 1e-5)) << i;
}

TEST(ReplicatedLinear, LayoutDoesNotMatter) {
  const auto x = numbers({3, 10, 2}, 1), w = numbers({2, 5, 3}, 2);
  const auto b = numbers({5, 2}, 3);
  const auto g = numbers({1, 1, 5}, 4);  // expanded: no memory of its own
  const auto run = [&](const Tensor& x, const Tensor& w, const Tensor& b) {
    const auto leaf = w.detach().requires_grad_();
    (replicated_linear(x, leaf, b) * g).sum().backward();
    return leaf.grad();
  };
  const auto strided = run(x.permute({2, 1, 0}), w, b.t());
  const auto plain =
      run(x.permute({2, 1, 0}).contiguous(), w, b.t().contiguous());
  EXPECT_TRUE(at::equal(strided, plain));
}

TEST(ReplicatedLinear, EveryLevelGivesTheSameBits) {
  const auto& scalar = *kernels::levels().back();
  for (const auto* level : kernels::levels()) {
    for (int64_t inputs : {1, 2, 5, 7, 8, 9, 16, 33, 64}) {
      for (int64_t outputs : {1, 3, 6, 8, 11, 64}) {
        for (int64_t rows : {1, 2, 4, 5, 30}) {
          const auto x = numbers({2, rows, inputs}, 1);
          const auto g = numbers({2, rows, outputs}, 2);
          const auto w = numbers({outputs, inputs}, 3);
          const auto b = numbers({outputs}, 4);
          // A guard behind each result.
          const auto run = [&](const kernels::Level& level) {
            auto y = at::full({rows * outputs + 8}, 7.f);
            auto dw = at::full({outputs * inputs + 8}, 7.f);
            level.product(
                rows, {w.data_ptr<float>(), inputs, outputs, 1, inputs},
                b.data_ptr<float>(), x.data_ptr<float>(), y.data_ptr<float>());
            level.outer(2, rows, {g.data_ptr<float>(), outputs, rows * outputs},
                        {x.data_ptr<float>(), inputs, rows * inputs},
                        dw.data_ptr<float>());
            EXPECT_TRUE((y.slice(0, rows * outputs) == 7).all().item<bool>());
            EXPECT_TRUE(
                (dw.slice(0, outputs * inputs) == 7).all().item<bool>());
            return at::cat({y, dw});
          };
          EXPECT_TRUE(at::equal(run(*level), run(scalar)))
              << level->name << ' ' << rows << ' ' << inputs << ' ' << outputs;
        }
      }
    }
  }
}

TEST(ReplicatedLinear, RefusesWrongShapes) {
  const auto w = numbers({2, 5, 3}, 1);
  EXPECT_THROW(replicated_linear(numbers({4, 2}, 2), w), UsageError);
  EXPECT_THROW(replicated_linear(numbers({4, 3}, 2), w[0]), UsageError);
  EXPECT_THROW(replicated_linear(numbers({4, 3}, 2), w, numbers({5}, 3)),
               UsageError);
}

}  // namespace
}  // namespace signet
