#include "signet/export/export_model.h"

#include "signet/base/error.h"
#include "signet/core/torch.h"
#include "signet/data/atomic_file.h"
#include "signet/export/expect.h"
#include "signet/runtime/format/model_file.h"

namespace signet {
namespace {

/// Biases and batch norms are not counted: they became thresholds or scales.
int64_t float_bytes(const runtime::ModelInfo& info) {
  int64_t bytes = 0;
  for (const auto& layer : info.layers) bytes += 4 * layer.weights;
  return bytes;
}

/// A network as the file that is to be written, and read back from it: the
/// proof is about the bytes of the file, not about what made them.
struct ModelFile {
  PackedNetwork packed;
  std::vector<uint8_t> bytes;
  runtime::Model model;
};

ModelFile model_file(const Network& network, const std::string& name,
                     const std::vector<std::string>& classes,
                     std::vector<std::pair<std::string, std::string>> metadata,
                     const PackOptions& options) {
  auto packed = pack(network, name, classes, std::move(metadata), options);
  auto bytes = expect(runtime::serialize(packed.model), "export");
  auto model = expect(runtime::Model::from_bytes(bytes), "export");
  // As whoever loads it must, within the runtime's limit of memory.
  expect(runtime::Workspace::create(model), "export");
  return {std::move(packed), std::move(bytes), std::move(model)};
}

}  // namespace

ExportedModel export_model(
    Network& network, const std::string& name, const Dataset& test,
    std::vector<std::pair<std::string, std::string>> metadata,
    const std::filesystem::path& out, const PackOptions& options,
    const std::function<void(int64_t)>& progress) {
  const auto [packed, bytes, model] =
      model_file(network, name, test.classes, std::move(metadata), options);
  const auto proof = prove(network, packed, model, test, progress);
  if (proof.holds()) write_atomically(out, bytes);
  const auto size = static_cast<int64_t>(bytes.size());
  return {.proof = proof,
          .file = bytes,
          .bytes = size,
          .float_bytes = float_bytes(model.info()),
          .isa = model.isa()};
}

std::optional<std::string> export_refusal(
    const Network& network, const std::string& name,
    const std::vector<std::string>& classes, const PackOptions& options) {
  try {
    model_file(network, name, classes, {}, options);
  } catch (const UsageError& error) {
    return error.what();
  }
  return {};
}

}  // namespace signet
