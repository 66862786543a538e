#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>

namespace signet {

// Checks of numbers on the command line. Their errors are one line with what
// was given and no limit that nobody meant (CLI11 prints its greatest double).

/// A whole number in [least, most]; without `most` as large as it likes.
CLI::Validator whole_number(int64_t least,
                            int64_t most = std::numeric_limits<int64_t>::max());

/// A finite number above 0, or from 0 on.
CLI::Validator positive_number();
CLI::Validator non_negative_number();

/// A number in [least, most].
CLI::Validator number_in(double least, double most);

}  // namespace signet
