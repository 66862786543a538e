#pragma once

#include <string>

namespace signet {

/// The data sets and the files in their folders, for people.
std::string dataset_help();

}  // namespace signet
