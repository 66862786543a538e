#pragma once

#include <stdexcept>
#include <string_view>
#include <utility>

#include "signet/base/error.h"
#include "signet/runtime/result.h"

namespace signet {

// The runtime returns errors, everything above it throws them. This header
// sees no LibTorch, so the commands without it have it as well.

/// The value of a Result that the user's input decides, such as a model file.
/// Errors: UsageError("who: message").
template <class T>
T expect(runtime::Result<T> result, std::string_view who) {
  if (!result)
    throw UsageError(std::string(who) + ": " + result.error().message);
  return std::move(result).value();
}

/// The value of a Result that fails by the program's own fault only.
/// Errors: std::runtime_error(message).
template <class T>
T expect(runtime::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(result).value();
}

}  // namespace signet
