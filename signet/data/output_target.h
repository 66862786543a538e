#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace signet {

/// Where the bytes that are written to a path go.
struct OutputTarget {
  enum class Kind {
    file,     ///< a regular file, there or not: replaced whole
    opened,   ///< a descriptor that this process has: written through
    special,  ///< a device, FIFO or socket: written through
  };
  Kind kind = Kind::file;
  int descriptor = -1;              ///< of `opened`
  std::filesystem::path path = {};  ///< of the others, links followed
};

/// Follows the symbolic links of a path to what they lead to; the last may
/// lead to nothing yet. "-" is standard output. So are /dev/stdout and its
/// like: /dev/fd/N, as the shell's >(command) names a pipe, is descriptor N
/// of this process.
/// Errors: throws if the path is empty, ends in '/', is a folder, links
/// in a circle, or a folder before it may not be searched.
OutputTarget output_target(const std::filesystem::path& path);

/// The descriptor of this process that /proc/self/fd/N, /dev/fd/N, /dev/stdin
/// or a link to one of them names.
std::optional<int> own_descriptor(std::filesystem::path path);

/// Whether what is written to the path goes to standard output.
bool is_standard_output(const std::filesystem::path& path);

/// Whether both lead to one file, which may not be there yet, or descriptor.
bool is_same_target(const std::filesystem::path& a,
                    const std::filesystem::path& b);

}  // namespace signet
