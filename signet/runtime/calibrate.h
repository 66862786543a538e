// Whether the constants of kernels/limits.h are right for this machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "signet/runtime/isa.h"

namespace signet::runtime {

/// A constant against the values around it.
struct Calibration {
  std::string constant;
  std::int64_t in_use;
  std::int64_t best;  ///< the fastest of those tried here
  double ratio;       ///< time with the value in use over that with the best
};

/// Times the alternatives of each constant, in turn, on this thread, with
/// kernels of at most `isa`.
/// Cost: seconds.
std::vector<Calibration> calibrate(Isa isa);

/// A table for people, and what to do about it.
std::string to_text(const std::vector<Calibration>& calibrations);

}  // namespace signet::runtime
