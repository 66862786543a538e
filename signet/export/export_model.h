#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "signet/export/pack.h"
#include "signet/export/proof.h"
#include "signet/runtime/isa.h"

namespace signet {

/// What came of an export.
struct ExportedModel {
  Proof proof;  ///< the file is written if and only if it holds
  std::vector<uint8_t> file = {};           ///< its bytes
  int64_t bytes = 0;                        ///< of the file
  int64_t float_bytes = 0;                  ///< of the weights in fp32
  runtime::Isa isa = runtime::Isa::scalar;  ///< kernels of the proof
};

/// Packs a trained network, proves the bytes of the model file equal to it on
/// every example of `test`, and only then writes them, whole or not at all.
/// `metadata` goes into the file; `progress` is that of prove().
/// Cost: that of prove().
/// Errors: those of pack(); std::runtime_error if the file cannot be written.
ExportedModel export_model(
    Network& network, const std::string& name, const Dataset& test,
    std::vector<std::pair<std::string, std::string>> metadata,
    const std::filesystem::path& out, const PackOptions& options = {},
    const std::function<void(int64_t)>& progress = {});

/// The line that export_model() would refuse this network with, whatever it has
/// learned; none if it would not. Only what depends on the values of a trained
/// network is found later: numbers that are not finite.
/// Cost: that of packing and loading it, milliseconds a million weights.
std::optional<std::string> export_refusal(
    const Network& network, const std::string& name,
    const std::vector<std::string>& classes, const PackOptions& options = {});

}  // namespace signet
