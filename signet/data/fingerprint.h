#pragma once

#include <string>

#include "signet/data/dataset.h"

namespace signet {

/// Eight hexadecimal digits by which the same part of a data set is known
/// again wherever its files lie and however they are packed: the CRC-32 of the
/// images' shape, the labels and the pixels. Two parts that differ have the
/// same one with probability 2^-32; it is no defence against intent.
/// Cost: O(bytes), about a gigabyte a second.
std::string fingerprint(const Dataset& data);

}  // namespace signet
