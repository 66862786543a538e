#pragma once

#include <stdexcept>

namespace signet {

/// Thrown by a training whose loss or parameters stop being finite. One line:
/// when, and where first. A program that trains one network ends with it; one
/// that compares trainings may count it as a result.
class Diverged : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace signet
