#pragma once

#include <string>

namespace signet {

/// Loads the commands that need LibTorch into the table, where `asked` may be
/// one of them; "" asks for all, to list them. Returns "", or why they are
/// missing: they are not installed, or a list is asked for and they cannot be
/// loaded.
/// Errors: UsageError where `asked` needs them and they cannot be loaded, or a
/// limit of address space or memory leaves LibTorch too little: below it its
/// libraries end the program or try for ever.
std::string load_training_commands(const std::string& asked);

}  // namespace signet
