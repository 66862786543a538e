#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace signet {

/// An array of bytes of any rank, row-major.
struct IdxArray {
  std::vector<int64_t> shape;
  std::vector<uint8_t> values;  ///< as many as the product of shape
};

/// Reads an IDX file of unsigned bytes, plain or gzip (told by its first bytes,
/// not by its name). Layout: 00 00 08 RANK, the RANK sizes as big-endian 32-bit
/// numbers, the values.
/// Errors: throws if the file is unreadable, not IDX, of another type,
/// truncated, damaged, or longer than its header says.
/// Source: LeCun, Cortes, Burges, the MNIST database's page.
IdxArray read_idx(const std::filesystem::path& path);

/// Writes an IDX file, gzip if the name ends in ".gz".
/// Errors: throws if the values do not fill the shape or the disk is full.
void write_idx(const std::filesystem::path& path, const IdxArray& array);

}  // namespace signet
