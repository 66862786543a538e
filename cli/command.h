#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "signet/base/table.h"

namespace signet {

/// One sub-command: a record in a file of its own.
struct Command {
  std::string name;
  std::string summary;  ///< one line
  /// Adds the options to `app` and returns what runs once they are read; its
  /// result is the exit status.
  std::function<int()> (*setup)(CLI::App& app);
};

}  // namespace signet
