#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace signet {

/// Reads a whole file; "-" is standard input. A FIFO or device is read to its
/// end, which must come within 2 GiB.
/// Errors: throws if the file is absent, a folder or unreadable, or if
/// standard input was read already.
std::vector<uint8_t> read_file(const std::filesystem::path& path);

/// Writes a file whole or not at all: a temporary file beside it (see
/// temporary_file.h), fsync, rename, fsync of the folder. Whatever fails, and
/// whenever the process is killed, PATH holds its old or its new bytes. A
/// failure leaves nothing else; a kill may leave the temporary file, which the
/// next write of PATH removes. Of writers of one path at a time the last one's
/// bytes stay. Symbolic links are followed. An existing file keeps its
/// permissions, and its owner where the system allows that; other hard links
/// to it keep the old bytes.
/// What is no regular file cannot be replaced: "-" (standard output), devices,
/// FIFOs, sockets and open descriptors (/dev/stdout, /dev/fd/63) are written
/// through.
/// Errors: those of check_output(), and throws with the system's reason (disk
/// full, ...).
void write_atomically(const std::filesystem::path& path,
                      std::span<const uint8_t> bytes);
void write_atomically(const std::filesystem::path& path, std::string_view text);

/// Before the work: whether write_atomically() will be able to begin. Changes
/// and opens nothing.
/// Errors: throws if the path is empty, a folder or a circle of links, its
/// folder is absent or may not be written, the file itself or a descriptor may
/// not.
void check_output(const std::filesystem::path& path);

/// The same of a folder that is there or can be made, parents included.
/// Errors: throws if the path is empty or "-", or it or what it would be made
/// in is no folder or may not be written.
void check_output_folder(const std::filesystem::path& path);

}  // namespace signet
