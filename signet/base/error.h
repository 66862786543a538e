#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace signet {

/// An error that the user can mend: an argument, a recipe, a file. One line,
/// `who: what must ..., but got ...`. A program prints it and exits with 2.
class UsageError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// Throws UsageError("who: message") unless `condition` holds.
inline void check(bool condition, std::string_view who,
                  std::string_view message) {
  if (!condition) {
    throw UsageError(std::string(who) + ": " + std::string(message));
  }
}

}  // namespace signet
