#include "cli/error_text.h"

#include <filesystem>
#include <new>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <vector>

#include "signet/base/error.h"
#include "signet/base/names.h"
#include "signet/base/printable.h"

namespace signet {
namespace {

constexpr const char* kNoMemory =
    "not enough memory; a smaller batch, fewer samples or a smaller network "
    "need less";

/// The sub-command that was asked for, else the program itself.
const CLI::App& asked_app(const CLI::App& app) {
  const auto subs = app.get_subcommands();
  return subs.empty() ? app : *subs.front();
}

std::string unexpected(const CLI::App& app, const std::string& argument) {
  const auto who = app.get_parent() ? app.get_name() + ": " : std::string();
  const auto help = "; 'signet " +
                    (app.get_parent() ? app.get_name() + " " : "") +
                    "--help' lists what there is";
  if (!argument.starts_with('-')) {
    const auto shown = "'" + printable(argument) + "'";
    if (argument.find('=') != std::string::npos && app.get_name() == "train")
      return who + "--set takes one key=value: write --set " +
             printable(argument) + " for the next";
    return who + "does not expect " + shown + help;
  }
  const auto option = argument.substr(0, argument.find('='));
  std::vector<std::string> known;
  for (const auto* o : app.get_options()) {
    for (const auto& name : o->get_lnames()) known.push_back("--" + name);
  }
  const auto near =
      option.size() > 3 ? nearest_name(option, known) : std::string();
  return who + "unknown option '" + printable(option) + "'" +
         (near.empty() ? help : ": did you mean '" + near + "'?");
}

}  // namespace

std::string error_text(const std::exception& error) {
  if (const auto* file =
          dynamic_cast<const std::filesystem::filesystem_error*>(&error)) {
    return printable(file->path1().string(), 500) +
           ": the system refused it: " + file->code().message();
  }
  if (const auto* system = dynamic_cast<const std::system_error*>(&error))
    return "the system refused it: " + system->code().message();
  if (dynamic_cast<const std::bad_alloc*>(&error) ||
      dynamic_cast<const std::length_error*>(&error))
    return kNoMemory;
  const std::string_view text = error.what();
  if (text.find("DefaultCPUAllocator") != std::string_view::npos)
    return kNoMemory;
  if (text.starts_with("[json.exception"))
    return "a JSON text is damaged, or not of signet";
  const bool internal = dynamic_cast<const std::logic_error*>(&error) &&
                        !dynamic_cast<const std::invalid_argument*>(&error) &&
                        !dynamic_cast<const std::domain_error*>(&error);
  if (internal)
    return "an error of signet's own; please report the command and its files";
  // LibTorch appends a stack trace: the first line says it all.
  return std::string(text.substr(0, text.find('\n')));
}

std::string usage_text(const CLI::App& app, const CLI::ParseError& error) {
  const auto& asked = asked_app(app);
  const auto who = asked.get_parent() ? asked.get_name() + ": " : std::string();
  const auto extras = app.remaining(/*recurse=*/true);
  if (!extras.empty()) return unexpected(asked, extras.front());
  const std::string text = error.what();
  const auto name = text.substr(0, text.find(':'));
  if (!asked.get_parent())
    return "a command is required; 'signet --help' lists them";
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error))
    return who + name + " needs a value; 'signet " + asked.get_name() +
           " --help' says which";
  if (dynamic_cast<const CLI::RequiredError*>(&error))
    return who + text + "; 'signet " + asked.get_name() +
           " --help' explains it";
  if (dynamic_cast<const CLI::ConversionError*>(&error))
    return who + "a value is of the wrong kind: " +
           text.substr(
               text.find(':') == std::string::npos ? 0 : text.find(':') + 2);
  return who + text;
}

}  // namespace signet
