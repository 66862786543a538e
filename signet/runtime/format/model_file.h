// Model files: description <-> bytes. The schema is model.fbs; nobody but
// model_file.cpp sees the header generated from it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "signet/runtime/format/description.h"
#include "signet/runtime/result.h"

namespace signet::runtime {

/// Version of the format that serialize() writes and parse() reads.
constexpr int kFormatMajor = 1;
constexpr int kFormatMinor = 2;

/// What a model may take unless the caller says otherwise: 1 GiB.
constexpr std::int64_t kMaxMemory = std::int64_t{1} << 30;

/// The bytes of a model file. The same description gives the same bytes.
/// Errors: a description that check_description() refuses; a file of 2 GiB.
Result<std::vector<std::uint8_t>> serialize(const ModelDescription& model);

/// More bytes than the file of a model takes, or its description in memory.
std::size_t size_bound(const ModelDescription& model);

/// Reads a model file from untrusted bytes: all that it returns has passed
/// check_description(). It allocates at most `max_memory` bytes.
/// Errors: not a model file, truncated or damaged (since format 1.2 a checksum
/// sees every changed bit), another major version, an unknown kind of layer, a
/// model that cannot be run, one that needs more than max_memory.
Result<ModelDescription> parse(std::span<const std::uint8_t> bytes,
                               std::int64_t max_memory = kMaxMemory);

}  // namespace signet::runtime
