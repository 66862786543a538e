#pragma once

#include <chrono>
#include <filesystem>
#include <string>

namespace signet {

/// Holds a folder for one writer, until it is destroyed or its process ends,
/// however that ends. Several files of a folder are one whole, such as those
/// of a run: two writers would mix theirs. Readers need no lock.
///
/// It is flock(2) on FOLDER/.lock, a file that stays, and holds who has the
/// folder while somebody does. Locks of NFS hold between machines; a file
/// system without locks (`nolock`, some of FUSE) lets everybody in: there only
/// one process at a time may write a folder.
class FolderLock {
 public:
  /// How long a folder in use is waited for: a look or an append of another
  /// process takes less.
  static constexpr std::chrono::milliseconds kShortly{200};

  /// `command` is what others are told of the holder. The folder must exist.
  /// Errors: throws "FOLDER: must be free, but ..." with the holder's process,
  /// host, time of start and command; or the system's reason if the file
  /// cannot be made.
  FolderLock(const std::filesystem::path& folder, const std::string& command,
             std::chrono::milliseconds patience = kShortly);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  /// Whether the constructor would succeed; needs no right to write, and
  /// leaves no trace. Errors: throws as the constructor if the folder is in
  /// use.
  static void check_free(const std::filesystem::path& folder);

 private:
  int file_;
};

}  // namespace signet
