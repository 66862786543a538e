#pragma once

#include <sys/types.h>

#include <filesystem>

#include "signet/data/descriptor.h"

namespace signet {

/// A new file that will replace another: `.NAME.tmp-PID-XXXXXXXX` beside NAME,
/// which it has from the start the owner and permissions of. Locked while it
/// lives, and removed at the end of the scope unless replace() was called.
/// What a killed process leaves is not locked: whoever next writes NAME
/// removes it.
class TemporaryFile {
 public:
  /// Errors: throws, naming the target, if the folder cannot be written.
  explicit TemporaryFile(const std::filesystem::path& target);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  int number() const { return file_.number(); }

  /// Gives it the target's name, once. Returns 0 or the system's error.
  int replace();

 private:
  std::filesystem::path target_, path_;
  Descriptor file_;
};

}  // namespace signet
