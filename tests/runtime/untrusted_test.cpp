// Model files are not trusted: every damage to the golden files gives an error
// or a model that runs, and small files cannot ask for much.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "signet/runtime/format/cost.h"
#include "signet/runtime/format/crc32.h"
#include "signet/runtime/format/model_file.h"
#include "signet/runtime/model.h"
#include "tests/runtime/random_model.h"

namespace signet::runtime {
namespace {

using Bytes = std::vector<std::uint8_t>;

struct GoldenFile {
  std::string name;
  Bytes bytes;
};

std::vector<GoldenFile> golden_files() {
  std::vector<GoldenFile> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(SIGNET_GOLDEN_FOLDER)) {
    if (entry.path().extension() != ".signet") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    files.push_back(
        {entry.path().stem(), Bytes(std::istreambuf_iterator(file), {})});
  }
  EXPECT_FALSE(files.empty());
  return files;
}

/// Limits a hundred times above what the golden files need.
constexpr std::int64_t kMemory = 16 << 20;
constexpr std::int64_t kSteps = 1 << 20;

/// Loads and runs untrusted bytes on a level; whether they load.
bool runs(const Bytes& bytes, Isa isa) {
  // A copy of exactly their size, so that AddressSanitizer sees its end.
  const auto model = Model::from_bytes(
      Bytes(bytes), {.isa = isa, .max_memory = kMemory, .max_steps = kSteps});
  if (!model) {
    EXPECT_FALSE(model.error().message.empty());
    EXPECT_EQ(model.error().message.find('\n'), std::string::npos);
    return false;
  }
  auto workspace = Workspace::create(*model, 2);
  EXPECT_TRUE(workspace.ok());
  const Bytes inputs(2 * model->info().inputs, 200);
  std::vector<float> scores(2 * model->info().outputs);
  EXPECT_TRUE(model->forward(inputs, 2, *workspace, scores).ok());
  return true;
}

TEST(Untrusted, EveryTruncationIsAnError) {
  for (const auto& [name, bytes] : golden_files()) {
    EXPECT_TRUE(runs(bytes, Isa::scalar)) << name;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      ASSERT_FALSE(
          runs(Bytes(bytes.begin(), bytes.begin() + size), Isa::scalar))
          << name << " cut to " << size;
    }
  }
}

TEST(Untrusted, EveryChangeOfAByteIsAnErrorOrAModelThatRuns) {
  // Levels take turns, from byte to byte.
  const auto isas = available_isas();
  for (const auto& [name, bytes] : golden_files()) {
    SCOPED_TRACE(name);
    Bytes changed = bytes;
    std::size_t loaded = 0, changes = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      for (int kind = 0; kind < 10; ++kind) {
        changed[i] = kind < 8 ? bytes[i] ^ (1 << kind) : (kind == 8 ? 0 : 255);
        if (changed[i] == bytes[i]) continue;
        ++changes;
        loaded += runs(changed, isas[i % isas.size()]);
      }
      changed[i] = bytes[i];
    }
    const bool has_checksum = name != "1.0" && name != "1.1";
    if (has_checksum) {
      EXPECT_EQ(loaded, 0);
    } else {
      // Most bits are weights and thresholds, which no check can doubt.
      EXPECT_GT(loaded, changes / 4);
    }
  }
}

TEST(Untrusted, AFileOfTodayWithoutChecksumIsDamaged) {
  // Only the number of the version is changed.
  for (auto& [name, bytes] : golden_files()) {
    if (name != "1.1") continue;
    bool refused = false;
    for (auto& byte : bytes) {
      if (byte != 1) continue;
      byte = kFormatMinor;
      const auto model = Model::from_bytes(bytes);
      refused |= !model.ok() && model.error().message.ends_with(
                                    "its checksum is not that of its bytes");
      byte = 1;
    }
    EXPECT_TRUE(refused);
  }
}

TEST(Crc32, IsThatOfZlib) {
  const std::string text = "123456789 is what it is checked with everywhere";
  const std::span<const std::uint8_t> bytes(
      reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  EXPECT_EQ(crc32(bytes.first(9)), 0xcbf43926);
  EXPECT_EQ(crc32({}), 0);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    EXPECT_EQ(crc32(bytes.subspan(cut), crc32(bytes.first(cut))), crc32(bytes));
  }
}

}  // namespace
}  // namespace signet::runtime
