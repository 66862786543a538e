// The C API against the C++ API, and every code that it can return.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "signet/runtime/format/model_file.h"
#include "signet/runtime/isa.h"
#include "signet/runtime/model.h"
#include "signet/runtime/signet.h"
#include "tests/runtime/random_model.h"

namespace signet::runtime {
namespace {

std::vector<std::uint8_t> image_model_bytes() {
  Engine engine(40);
  auto model = random_image_model(engine, InputEncoding::pixels, 5);
  model.classes = {"zero", "one", "two", "three"};
  model.classes.resize(output_shape(model.layers.back()).values(), "more");
  const auto bytes = serialize(model);
  EXPECT_TRUE(bytes.ok()) << bytes.error().message;
  return *bytes;
}

/// A loaded model and a workspace.
class CApi : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(signet_model_from_memory(bytes_.data(), bytes_.size(), nullptr,
                                       &model_, &error_),
              SIGNET_OK)
        << error_.message;
    ASSERT_EQ(signet_workspace_create(model_, 4, &workspace_, &error_),
              SIGNET_OK)
        << error_.message;
  }
  void TearDown() override {
    // Workspaces may outlive their model.
    signet_model_free(model_);
    signet_workspace_free(workspace_);
  }

  /// Expects a failure of this status to leave no handle and to say so.
  void expect_refused(signet_status expected, const signet_options& options,
                      const std::vector<std::uint8_t>& bytes,
                      const char* says) {
    signet_model* model = model_;
    EXPECT_EQ(signet_model_from_memory(bytes.data(), bytes.size(), &options,
                                       &model, &error_),
              expected);
    EXPECT_EQ(error_.status, expected);
    EXPECT_NE(std::strstr(error_.message, says), nullptr) << error_.message;
    EXPECT_EQ(model, nullptr);
  }

  const std::vector<std::uint8_t> bytes_ = image_model_bytes();
  signet_model* model_ = nullptr;
  signet_workspace* workspace_ = nullptr;
  signet_error error_;
};

TEST_F(CApi, SaysWhatTheModelIs) {
  const auto model = Model::from_bytes(bytes_);
  EXPECT_STREQ(signet_model_name(model_), model->info().name.c_str());
  EXPECT_EQ(signet_model_input(model_), SIGNET_PIXELS);
  EXPECT_EQ(signet_model_inputs(model_), 9 * 11 * 3);
  const signet_shape image = signet_model_image(model_);
  EXPECT_EQ(image.height, 9);
  EXPECT_EQ(image.width, 11);
  EXPECT_EQ(image.channels, 3);
  const std::size_t outputs = signet_model_outputs(model_);
  EXPECT_EQ(outputs, model->info().outputs);
  EXPECT_STREQ(signet_model_class(model_, 2), "two");
  EXPECT_EQ(signet_model_class(model_, outputs), nullptr);
  EXPECT_EQ(signet_model_level(model_), isa_name(model->isa()));
  EXPECT_EQ(signet_model_memory(model_), model->info().memory);
  EXPECT_STREQ(signet_level(0), "scalar");
  EXPECT_STREQ(signet_level(available_isas().size() - 1),
               std::string(isa_name(available_isas().back())).c_str());
  EXPECT_EQ(signet_level(available_isas().size()), nullptr);
}

TEST_F(CApi, GivesTheScoresAndClassesOfTheCppApi) {
  const auto model = Model::from_bytes(bytes_);
  auto workspace = Workspace::create(*model);
  Engine engine(41);
  constexpr std::int64_t kBatch = 11;
  const auto inputs = random_inputs(engine, InputEncoding::pixels, kBatch,
                                    model->info().inputs);
  std::vector<float> expected(kBatch * model->info().outputs), scores(expected);
  std::vector<std::int32_t> labels(kBatch), classes(kBatch);
  ASSERT_TRUE(model->forward(inputs, kBatch, *workspace, expected).ok());
  ASSERT_TRUE(model->classify(inputs, kBatch, *workspace, labels).ok());
  EXPECT_EQ(signet_scores(model_, workspace_, inputs.data(), kBatch,
                          scores.data(), &error_),
            SIGNET_OK);
  EXPECT_EQ(error_.status, SIGNET_OK);
  EXPECT_STREQ(error_.message, "");
  EXPECT_EQ(signet_classify(model_, workspace_, inputs.data(), kBatch,
                            classes.data(), nullptr),
            SIGNET_OK);
  EXPECT_EQ(scores, expected);
  EXPECT_EQ(classes, labels);
}

TEST_F(CApi, LevelsAreCappedByName) {
  // A level that is forced from outside caps them all.
  const auto most = isa_name(*choose_isa());
  bool capped = false;
  for (std::size_t i = 0; signet_level(i) != nullptr; ++i) {
    signet_options options{};
    options.level = signet_level(i);
    signet_model* model = nullptr;
    ASSERT_EQ(signet_model_from_memory(bytes_.data(), bytes_.size(), &options,
                                       &model, nullptr),
              SIGNET_OK);
    EXPECT_EQ(signet_model_level(model), capped ? most : options.level);
    capped = capped || most == options.level;
    signet_model_free(model);
  }
}

TEST_F(CApi, EveryFailureHasItsCode) {
  expect_refused(SIGNET_BAD_LEVEL, {"sse9", 0, 0}, bytes_,
                 "instruction set 'sse9' is unknown; valid here: scalar");
  expect_refused(SIGNET_OVER_LIMIT, {nullptr, 1000, 0}, bytes_,
                 "1000 are allowed");
  expect_refused(SIGNET_OVER_LIMIT, {nullptr, 0, 1000}, bytes_,
                 "steps, but 1000 are allowed");
  auto damaged = bytes_;
  damaged[damaged.size() / 2] ^= 1;
  expect_refused(SIGNET_BAD_MODEL, {}, damaged, "damaged");
  damaged.pop_back();
  expect_refused(SIGNET_BAD_MODEL, {}, damaged, "truncated");

  signet_model* none = model_;
  EXPECT_EQ(signet_model_load("/no/such/file", nullptr, &none, &error_),
            SIGNET_BAD_FILE);
  EXPECT_STREQ(error_.message, "/no/such/file: cannot be opened");
  EXPECT_EQ(none, nullptr);
  // A message that does not fit is cut off.
  const std::string long_path(1000, 'x');
  EXPECT_EQ(signet_model_load(long_path.c_str(), nullptr, &none, &error_),
            SIGNET_BAD_FILE);
  EXPECT_EQ(std::strlen(error_.message), sizeof(error_.message) - 1);
}

TEST_F(CApi, BadArgumentsAreErrors) {
  const auto inputs = std::vector<std::uint8_t>(signet_model_inputs(model_));
  std::vector<std::int32_t> classes(1);
  const auto classify = [&](signet_workspace* workspace, std::size_t batch) {
    return signet_classify(model_, workspace, inputs.data(), batch,
                           classes.data(), &error_);
  };
  EXPECT_EQ(classify(workspace_, 1), SIGNET_OK);
  EXPECT_EQ(classify(workspace_, 0), SIGNET_BAD_ARGUMENT);
  EXPECT_EQ(classify(workspace_, ~std::size_t{0}), SIGNET_BAD_ARGUMENT);
  EXPECT_EQ(classify(nullptr, 1), SIGNET_BAD_ARGUMENT);
  EXPECT_EQ(signet_classify(nullptr, workspace_, inputs.data(), 1,
                            classes.data(), &error_),
            SIGNET_BAD_ARGUMENT);
  EXPECT_EQ(signet_scores(model_, workspace_, nullptr, 1, nullptr, &error_),
            SIGNET_BAD_ARGUMENT);
  EXPECT_EQ(signet_model_load(nullptr, nullptr, nullptr, nullptr),
            SIGNET_BAD_ARGUMENT);

  signet_workspace* other = workspace_;
  EXPECT_EQ(signet_workspace_create(model_, 0, &other, &error_),
            SIGNET_BAD_ARGUMENT);
  EXPECT_EQ(other, nullptr);
  signet_model* twin = nullptr;
  ASSERT_EQ(signet_model_from_memory(bytes_.data(), bytes_.size(), nullptr,
                                     &twin, &error_),
            SIGNET_OK);
  ASSERT_EQ(signet_workspace_create(twin, 1, &other, &error_), SIGNET_OK);
  EXPECT_EQ(classify(other, 1), SIGNET_BAD_ARGUMENT);
  EXPECT_STREQ(error_.message,
               "forward: the workspace was made for another model");
  signet_workspace_free(other);
  signet_model_free(twin);
  signet_model_free(nullptr);
  signet_workspace_free(nullptr);
}

TEST(CApiStatus, EachHasAText) {
  for (int status = SIGNET_OK; status <= SIGNET_BAD_LEVEL; ++status) {
    EXPECT_STRNE(signet_status_text(static_cast<signet_status>(status)),
                 "unknown status");
  }
  EXPECT_STREQ(signet_status_text(static_cast<signet_status>(99)),
               "unknown status");
}

}  // namespace
}  // namespace signet::runtime
