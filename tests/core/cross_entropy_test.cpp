#include "signet/core/cross_entropy.h"

#include <gtest/gtest.h>

#include "signet/base/error.h"
#include "signet/core/random.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

std::string error_of(const at::Tensor& logits, const at::Tensor& labels) {
  try {
    cross_entropy(logits, labels);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(CrossEntropy, HasTheBitsOfLibTorchs) {
  for (const auto type : {torch::kFloat, torch::kDouble}) {
    const auto values = Random(3).site(0).uniform({50, 7}, type) * 20 - 10;
    const auto labels = torch::arange(50) % 7;
    const auto weights = torch::linspace(-1, 2, 50).to(type);
    auto ours = values.clone().requires_grad_();
    auto theirs = values.clone().requires_grad_();
    const auto loss = cross_entropy(ours, labels);
    const auto expected =
        at::cross_entropy_loss(theirs, labels, {}, at::Reduction::None);
    EXPECT_TRUE(loss.equal(expected));
    (loss * weights).sum().backward();
    (expected * weights).sum().backward();
    EXPECT_TRUE(ours.grad().equal(theirs.grad()));
  }
}

TEST(CrossEntropy, TakesAxesInFront) {
  const auto logits = Random(4).site(0).uniform({3, 2, 5, 7}, torch::kDouble);
  const auto labels = torch::tensor({0, 6, 2, 2, 5}, torch::kInt32);
  const auto loss = cross_entropy(logits, labels);
  ASSERT_EQ(loss.sizes(), at::IntArrayRef({3, 2, 5}));
  for (int64_t k = 0; k < 3; ++k)
    for (int64_t r = 0; r < 2; ++r)
      EXPECT_TRUE(loss[k][r].equal(cross_entropy(logits[k][r], labels)));
}

TEST(CrossEntropy, SaysWhatItTakes) {
  const auto logits = torch::zeros({4, 3});
  const auto labels = torch::tensor({0, 1, 2, 0});
  EXPECT_EQ(error_of(logits, labels.view({4, 1})),
            "cross_entropy: labels must be [B] for logits [..., B, classes], "
            "but got [4, 1] for [4, 3]");
  EXPECT_NE(error_of(logits, torch::tensor({0, 1})), "no error");
  EXPECT_NE(error_of(torch::zeros({4}), labels), "no error");
  EXPECT_EQ(error_of(logits, labels + 1),
            "cross_entropy: labels must be in [0, 2], but got 3");
  EXPECT_EQ(error_of(logits, labels - 1),
            "cross_entropy: labels must be in [0, 2], but got -1");
  EXPECT_EQ(error_of(logits, labels.to(torch::kFloat)),
            "cross_entropy: labels must be the numbers of classes, in an "
            "integer type, but got Float");
  EXPECT_NE(error_of(logits, {}), "no error");
  EXPECT_NE(error_of(logits.to(torch::kLong), labels), "no error");
}

}  // namespace
}  // namespace signet
