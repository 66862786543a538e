#include "signet/data/read_only.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace signet {

std::string read_only_reason(const std::filesystem::path& folder) {
  const auto* name = folder.empty() ? "." : folder.c_str();
  if (faccessat(AT_FDCWD, name, W_OK | X_OK, AT_EACCESS) == 0) return "";
  return std::generic_category().message(errno);
}

}  // namespace signet
