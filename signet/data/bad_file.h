#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

namespace signet {

/// Throws the one-line error about a file: "PATH: WHAT", of "-" "standard
/// input: WHAT". WHAT reads "must ..., but got ..." and says what to do where
/// that is not plain.
[[noreturn]] inline void bad_file(const std::filesystem::path& path,
                                  const std::string& what) {
  const std::string name = path == "-" ? "standard input" : path.string();
  throw std::runtime_error(name + ": " + what);
}

}  // namespace signet
