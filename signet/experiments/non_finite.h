#pragma once

#include <functional>
#include <string>

#include "signet/models/network.h"

namespace signet {

/// Says where numbers stop being finite, in the words of an error message:
/// runs `forward`, which hands the observer to Network::forward, and names the
/// first layer whose output is NaN or infinite, with its parameter if that
/// is; if all outputs are finite, the first parameter or gradient that is not.
/// Cost: one forward pass.
std::string describe_non_finite(
    const Network& network,
    const std::function<void(const Network::Observer&)>& forward);

/// The first parameter, running mean or variance that is NaN or infinite, or
/// an empty text.
std::string first_non_finite(const Network& network);

}  // namespace signet
