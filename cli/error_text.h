#pragma once

#include <CLI/CLI.hpp>
#include <exception>
#include <string>

namespace signet {

/// One line for the user about an error that no library of signet words: files
/// that the system refuses, memory that is not there, a library's own text.
std::string error_text(const std::exception& error);

/// One line about arguments that `app` did not understand: options are told
/// from their nearest, and what is missing by its name.
std::string usage_text(const CLI::App& app, const CLI::ParseError& error);

}  // namespace signet
