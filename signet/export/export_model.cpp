#include "signet/export/export_model.h"

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

}  // namespace

ExportedModel export_model(
    Network& network, const std::string& name, const Dataset& test,
    std::vector<std::pair<std::string, std::string>> metadata,
    const std::filesystem::path& out, const PackOptions& options,
    const std::function<void(int64_t)>& progress) {
  const auto packed =
      pack(network, name, test.classes, std::move(metadata), options);
  const auto bytes = expect(runtime::serialize(packed.model), "export");
  // The proof is about the bytes of the file, not about what made them.
  const auto model = expect(runtime::Model::from_bytes(bytes), "export");
  const auto proof = prove(network, packed, model, test, progress);
  if (proof.holds()) write_atomically(out, bytes);
  const auto size = static_cast<int64_t>(bytes.size());
  return {.proof = proof,
          .file = bytes,
          .bytes = size,
          .float_bytes = float_bytes(model.info()),
          .isa = model.isa()};
}

}  // namespace signet
