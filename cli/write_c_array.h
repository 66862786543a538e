#pragma once

#include <filesystem>
#include <string>

namespace signet {

/// Writes a model file as a C header. An empty name becomes that of the header.
/// Errors: UsageError for a file that is no model, a name that is no
/// identifier; whatever reading and writing throws.
void write_c_array(const std::filesystem::path& model,
                   const std::filesystem::path& header, std::string name);

}  // namespace signet
