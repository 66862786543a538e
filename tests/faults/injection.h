#pragma once

#include <string>

namespace signet {

/// Strikes at one call of those that change files: open for writing, write,
/// fsync, ftruncate, fchmod, rename, unlink, mkdir, rmdir and their kin. The
/// program that links injection.cpp has them all counted, whichever library
/// calls; so has one that preloads it, with the fault in SIGNET_FAULT,
/// "AT:ERROR:FOLDER", and the number of calls goes into the file
/// SIGNET_FAULT_COUNT.
struct Fault {
  std::string folder;  ///< only files below it; no symbolic links
  long at = 0;         ///< the first call is 1; 0: none, only count
  int error = 0;       ///< errno of the failing call; 0: SIGKILL, a write
                       ///< having written half of its bytes
};

void arm(const Fault& fault);
/// Calls since then.
long counted_calls();

}  // namespace signet
