#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace signet {

/// Reads a whole file.
/// Errors: throws if the file is absent, a folder or unreadable.
std::vector<uint8_t> read_file(const std::filesystem::path& path);

/// Writes a file whole or not at all: `PATH.tmp`, fsync, rename, fsync of the
/// folder. Whatever fails, and whenever the process is killed, PATH holds its
/// old or its new bytes. A failure leaves no `PATH.tmp`; a kill may, and the
/// next write takes it over. Writers of one path wait for one another. An
/// existing file keeps its permissions; a symbolic link is replaced.
/// Errors: throws with the system's reason (disk full, no such folder, ...).
void write_atomically(const std::filesystem::path& path,
                      std::span<const uint8_t> bytes);
void write_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace signet
