#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace signet {

/// Writes the bytes of a model file as a C header. An empty name becomes that
/// of the header, or "model" on standard output.
/// Errors: UsageError for bytes that are no model, a name that is no
/// identifier; whatever writing throws.
void write_c_array(std::span<const uint8_t> model,
                   const std::filesystem::path& header, std::string name);

}  // namespace signet
