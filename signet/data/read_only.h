#pragma once

#include <filesystem>
#include <string>

namespace signet {

/// Why files of a folder cannot be written or replaced, in the system's words
/// ("Read-only file system", "Permission denied"), or "" if they can. Asks, and
/// leaves no trace.
std::string read_only_reason(const std::filesystem::path& folder);

}  // namespace signet
