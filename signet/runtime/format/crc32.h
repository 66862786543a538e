// The checksum of model files.
#pragma once

#include <cstdint>
#include <span>

namespace signet::runtime {

/// CRC-32 as zlib, PNG and Ethernet have it (reflected, 0xedb88320): of bytes
/// that follow others whose CRC is `before`. It differs after any change of up
/// to 32 bits in a row.
/// Cost: one pass, eight table lookups for 8 bytes.
std::uint32_t crc32(std::span<const std::uint8_t> bytes,
                    std::uint32_t before = 0);

}  // namespace signet::runtime
