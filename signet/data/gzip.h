#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace signet {

/// Whether the bytes begin as gzip data does (1f 8b).
bool is_gzip(std::span<const uint8_t> bytes);

/// Decompresses gzip data (one member or several), at most `at_most` bytes of
/// it; `source` is the file that errors name. Memory stays within twice what
/// the data really decompress to.
/// Errors: throws on truncated or damaged data and on bytes after the end.
/// They may pass unseen if the result has `at_most` bytes: ask for one more
/// than expected.
std::vector<uint8_t> gunzip(std::span<const uint8_t> bytes, size_t at_most,
                            const std::filesystem::path& source);

/// Compresses to one gzip member; the same bytes give the same result.
std::vector<uint8_t> gzip(std::span<const uint8_t> bytes);

}  // namespace signet
