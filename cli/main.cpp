// signet: one program, one file a sub-command.
//
// The commands that need LibTorch live in a library that is loaded when one of
// them, or the list of all, is asked for. Exit status: 0, 1 for an error,
// 2 for a usage error.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <map>
#include <new>

#include "cli/command.h"
#include "cli/error_text.h"
#include "cli/standard_streams.h"
#include "cli/training_commands.h"
#include "signet/base/memory.h"
#include "signet/base/printable.h"

namespace {

constexpr size_t kMostOfError = 2000;

bool is_known(const std::string& name) {
  for (const auto& command : signet::table<signet::Command>()) {
    if (command.name == name) return true;
  }
  return false;
}

/// The first argument that is no option: the sub-command asked for.
std::string asked_command(int count, char** arguments) {
  for (int i = 1; i < count; ++i) {
    if (arguments[i][0] != '-') return arguments[i];
  }
  return "";
}

int run(int count, char** arguments) {
  std::string missing;
  if (count == 2 && std::string(arguments[1]) == "--version") {
    std::cout << "signet " SIGNET_VERSION "\n";
    return 0;
  }
  const auto asked = asked_command(count, arguments);
  if (!is_known(asked)) missing = signet::load_training_commands(asked);

  CLI::App app{
      "signet trains, measures and ships stochastic binary networks.\n\n"
      "  signet train recipes/mlp.toml --out runs/mlp\n"
      "  signet eval runs/mlp --samples 10\n"
      "  signet export runs/mlp --out mlp.signet\n"
      "  signet run mlp.signet --data fashion-mnist\n",
      "signet"};
  app.require_subcommand(1);
  app.set_version_flag("--version", "signet " SIGNET_VERSION);
  app.footer(
      "\n'signet COMMAND --help' has the options of a command.\n"
      "A file named '-' is standard output, or standard input where it "
      "is read." +
      (missing.empty() ? "" : "\nNot available: " + missing));
  std::map<CLI::App*, std::function<int()>> actions;
  std::vector<std::string> names;
  for (const auto& command : signet::table<signet::Command>()) {
    auto* sub = app.add_subcommand(command.name, command.summary);
    actions[sub] = command.setup(*sub);
    names.push_back(command.name);
  }
  if (!asked.empty() && !is_known(asked)) {
    throw signet::UsageError(
        signet::unknown_name("command", asked, names) +
        (missing.empty() ? "" : ". Not available: " + missing));
  }
  try {
    app.parse(count, arguments);
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    throw signet::UsageError(signet::usage_text(app, error));
  }
  return actions.at(app.get_subcommands().front())();
}

}  // namespace

int main(int count, char** arguments) {
  try {
    signet::prepare_standard_streams();
    const int status = run(count, arguments);
    if (status == 0) signet::flush_standard_output();
    return status;
  } catch (const signet::UsageError& error) {
    std::fprintf(stderr, "signet: %s\n",
                 signet::printable(error.what(), kMostOfError).c_str());
    return 2;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "signet: %s\n", signet::out_of_memory_text().c_str());
    return 1;
  } catch (const std::exception& error) {
    std::fprintf(
        stderr, "signet: %s\n",
        signet::printable(signet::error_text(error), kMostOfError).c_str());
    return 1;
  }
}
