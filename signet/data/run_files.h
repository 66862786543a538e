#pragma once

#include <filesystem>
#include <string>

namespace signet {

/// The files of a run folder, and how one run replaces another as a whole.
///
/// A run that replaces another is written into FOLDER/.new. Its checkpoint, the
/// last file of its first epoch, decides: before, the folder holds the old
/// run, untouched; with it, the new one, whose files then move up one by one,
/// the checkpoint last. So a kill at any moment leaves one run or the other.

/// FOLDER/.new.
std::filesystem::path replacing_folder(const std::filesystem::path& folder);

/// Where a reader finds a file of the run: "recipe.toml", "results.json", ...
/// The file may be absent.
std::filesystem::path run_file(const std::filesystem::path& folder,
                               const std::string& name);

/// Removes what a run leaves besides its recipe, so that another can start.
/// The caller has the folder's lock, as for settle_run.
/// Errors: throws with the system's reason.
void clear_run(const std::filesystem::path& folder);

/// Ends a replacement: moves the files of a new run up and removes what the
/// old one has beside them, or removes a new run without a checkpoint. Also
/// what a kill left of it, and does nothing where there is nothing to do.
/// The caller has the folder's lock.
/// Errors: throws with the system's reason; then it may be called again.
void settle_run(const std::filesystem::path& folder);

}  // namespace signet
