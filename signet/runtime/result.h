// A value or the reason why there is none: how the runtime reports failure.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace signet::runtime {

/// Which kind of failure, for a program that treats them differently.
enum class ErrorKind {
  argument,  ///< of the caller: sizes that do not match
  file,      ///< cannot be read
  format,    ///< not a model that can be run here
  limit,     ///< needs more than LoadOptions allow
  memory,    ///< the machine has no more
  level,     ///< an instruction set that is unknown or not available here
};

/// Why a call failed: one line for the person who runs the program.
struct Error {
  std::string message;
  ErrorKind kind = ErrorKind::argument;
};

/// A T, or an Error. The runtime throws nothing, so a caller tests it first:
///   if (!model) return model.error();
/// value(), * and -> need a Result that holds a value, error() one that holds
/// none.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}
  Result(Error error) : state_(std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return *std::get_if<0>(&state_); }
  const T& value() const& { return *std::get_if<0>(&state_); }
  T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

/// What a Result holds if success has nothing to hand back.
struct Done {};

}  // namespace signet::runtime
