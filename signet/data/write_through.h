#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "signet/data/output_target.h"

namespace signet {

/// Writes all bytes, waiting where the reader is slow. False and errno if the
/// system refuses.
bool write_all(int file, std::span<const uint8_t> bytes);

/// Writes to what cannot be replaced: an open descriptor (behind what was
/// printed to it), a device, a FIFO (waits for its reader) or a socket that
/// somebody listens on.
/// Errors: throws with the system's reason; `path` is the name in it.
void write_through(const OutputTarget& target, std::span<const uint8_t> bytes,
                   const std::filesystem::path& path);

}  // namespace signet
