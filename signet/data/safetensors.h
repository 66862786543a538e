#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace signet {

/// A tensor as its bytes: little-endian, row-major.
struct TensorData {
  std::string dtype;           ///< "F32", "I64", ...: see dtype_size
  std::vector<int64_t> shape;  ///< empty: a scalar
  std::vector<uint8_t> bytes;
};

/// What a safetensors file holds.
struct Safetensors {
  std::map<std::string, TensorData> tensors = {};
  std::map<std::string, std::string> metadata = {};

  /// By convention the program that wrote it, such as "pt"; "" if it has none.
  std::string format() const;
  /// Whether it is a checkpoint of `signet train`, of this version or another.
  bool is_checkpoint() const;
};

/// Bytes of one element: F64 I64 U64 8, F32 I32 U32 4, F16 BF16 I16 U16 2,
/// I8 U8 BOOL F8_E4M3 F8_E5M2 1; 0 if there is no such type.
size_t dtype_size(const std::string& dtype);

/// The file format, in memory: the length of the header as 8 little-endian
/// bytes; the header, JSON {"__metadata__": {...}, NAME: {"dtype", "shape",
/// "data_offsets": [begin, end]}, ...} padded with spaces to 8 bytes; the
/// tensors' bytes without gaps. The widest types come first, then by name, so
/// every tensor is aligned to its type and equal contents give equal files.
/// Errors: encode throws if a tensor's bytes do not fit its type and shape or a
/// name is no UTF-8; decode throws, naming `source`, on anything that is not
/// exactly this format (truncated, overlapping, beyond the end, ...).
/// Source: https://huggingface.co/docs/safetensors (format).
std::vector<uint8_t> encode_safetensors(const Safetensors& contents);
Safetensors decode_safetensors(std::span<const uint8_t> file,
                               const std::filesystem::path& source);

/// Writes a file, whole or not at all (write_atomically), or reads one.
/// Cost: one more copy of the data in memory.
void save_safetensors(const std::filesystem::path& path,
                      const Safetensors& contents);
Safetensors load_safetensors(const std::filesystem::path& path);

}  // namespace signet
