#pragma once

#include <CLI/CLI.hpp>
#include <cstdio>
#include <initializer_list>
#include <string>

namespace signet {

// Options that name what a command writes. Whatever is wrong with the place is
// said when the options are read, before any work.

/// An option that names a file; "-" is standard output.
void checks_output_file(CLI::Option* option);
/// One whose folder the command itself may make: its name alone is checked.
void checks_output_name(CLI::Option* option);
/// An option that names a folder, which the command makes if it is not there.
void checks_output_folder(CLI::Option* option);

/// Two files that one command touches: an option and what it says; an empty
/// text is no file.
struct NamedFile {
  std::string option, path;
};
/// Errors: UsageError if both are written to one place.
void check_distinct(const NamedFile& a, const NamedFile& b);
/// Errors: UsageError if what is written would replace what is read.
void check_not_replaced(const NamedFile& read, const NamedFile& written);

/// Where a command says what it did: on standard output, unless it writes one
/// of the files `outs` there; then on standard error.
std::FILE* summary_stream(std::initializer_list<std::string> outs);

}  // namespace signet
