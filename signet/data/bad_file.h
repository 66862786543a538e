#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

#include "signet/base/printable.h"

namespace signet {

/// Throws the one-line error about a file: "PATH: WHAT", of "-" "standard
/// input: WHAT". WHAT reads "must ..., but got ..." and says what to do where
/// that is not plain; text of the file in it is cut by printable(). What is no
/// printable character is escaped here, once more.
[[noreturn]] inline void bad_file(const std::filesystem::path& path,
                                  const std::string& what) {
  constexpr size_t kMost = 4000;
  const std::string name = path == "-" ? "standard input" : path.string();
  throw std::runtime_error(printable(name + ": " + what, kMost));
}

}  // namespace signet
