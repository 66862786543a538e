#include "signet/runtime/calibrate.h"

#include <gtest/gtest.h>

#include "signet/runtime/kernels/limits.h"

namespace signet::runtime {
namespace {

TEST(Calibrate, TimesEveryConstant) {
  const auto all = calibrate(*choose_isa());
  ASSERT_GE(all.size(), 4);
  for (const auto& found : all) {
    EXPECT_GE(found.ratio, 1) << found.constant;
    EXPECT_GT(found.in_use, 0) << found.constant;
  }
  EXPECT_EQ(all.front().constant, "kMaxBlock");
  EXPECT_EQ(all.front().in_use, kMaxBlock);
}

TEST(Calibrate, SaysWhatToEdit) {
  const std::string right =
      to_text({{"kMaxBlock", 64, 64, 1.0}, {"kBlockBytes", 100, 200, 1.01}});
  EXPECT_EQ(right.find("<- edit"), std::string::npos) << right;
  EXPECT_NE(right.find("are right"), std::string::npos) << right;
  const std::string wrong =
      to_text({{"kMaxBlock", 64, 64, 1.0}, {"kBlockBytes", 100, 200, 1.5}});
  const auto line = wrong.find("kBlockBytes");
  ASSERT_NE(line, std::string::npos);
  EXPECT_NE(wrong.find("1.50  <- edit", line), std::string::npos) << wrong;
  EXPECT_NE(wrong.find("limits.h"), std::string::npos) << wrong;
}

}  // namespace
}  // namespace signet::runtime
