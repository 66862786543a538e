#pragma once

#include <toml++/toml.h>

#include <string>

namespace signet {

/// Reads TOML.
/// Errors: UsageError, one line with `source` and the number of the line, which
/// it shows: no TOML; larger than 1 MB; a key of more than 16 parts, or
/// brackets within 16 others, since what is read is walked by recursion.
toml::table read_toml(const std::string& text, const std::string& source);

/// A text as TOML writes it, in quotes.
std::string toml_text(const std::string& text);
/// A number as TOML writes it: with a point or an exponent.
std::string toml_number(double value);

}  // namespace signet
