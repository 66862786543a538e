#include "cli/output.h"

#include <filesystem>
#include <functional>

#include "signet/base/error.h"
#include "signet/data/atomic_file.h"
#include "signet/data/output_target.h"

namespace signet {
namespace {

/// A check of CLI11: "" or what is wrong.
template <class Check>
std::function<std::string(const std::string&)> said(Check check) {
  return [check](const std::string& path) -> std::string {
    if (path.empty()) return "must be a name, but got an empty one";
    try {
      check(path);
      return "";
    } catch (const std::exception& error) {
      return error.what();
    }
  };
}

}  // namespace

void checks_output_file(CLI::Option* option) {
  option->check(said([](const std::string& path) { check_output(path); }));
}

void checks_output_name(CLI::Option* option) {
  option->check(said([](const std::string& path) { output_target(path); }));
}

void checks_output_folder(CLI::Option* option) {
  option->check(
      said([](const std::string& path) { check_output_folder(path); }));
}

void check_distinct(const NamedFile& a, const NamedFile& b) {
  if (a.path.empty() || b.path.empty()) return;
  check(!is_same_target(a.path, b.path), a.option,
        "must be another file than that of " + b.option + ", but both are '" +
            a.path + "'");
}

void check_not_replaced(const NamedFile& read, const NamedFile& written) {
  if (read.path.empty() || written.path.empty() || read.path == "-") return;
  std::error_code error;
  check(!std::filesystem::is_regular_file(read.path, error) ||
            !std::filesystem::equivalent(read.path, written.path, error),
        written.option,
        "must be another file than " + read.option + ", but both are '" +
            written.path + "'");
}

std::FILE* summary_stream(std::initializer_list<std::string> outs) {
  for (const auto& out : outs)
    if (!out.empty() && is_standard_output(out)) return stderr;
  return stdout;
}

}  // namespace signet
