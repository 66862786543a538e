#include "signet/data/run_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "signet/data/bad_file.h"

namespace signet {
namespace {

namespace fs = std::filesystem;

constexpr char kCheckpoint[] = "checkpoint.safetensors";
/// What a run has from its first epoch on, besides its checkpoint.
constexpr const char* kFirst[] = {"recipe.toml", "metrics.csv"};
/// What it gets at its end, or from other commands.
constexpr const char* kLater[] = {"confusion.csv", "results.json",
                                  "report.html"};

[[noreturn]] void failed(const fs::path& path, const std::string& action) {
  bad_file(path, "could not " + action + ": " +
                     std::generic_category().message(errno));
}

void remove_file(const fs::path& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT)
    failed(path, "remove the file");
}

/// False if there is no such file.
bool move_file(const fs::path& from, const fs::path& to) {
  if (rename(from.c_str(), to.c_str()) == 0) return true;
  if (errno != ENOENT) failed(from, "move the file to " + to.string());
  return false;
}

void sync_folder(const fs::path& folder) {
  const int file = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0 || fsync(file) != 0) {
    const int error = errno;
    if (file >= 0) close(file);
    errno = error;
    failed(folder, "sync the folder");
  }
  close(file);
}

bool is_replaced(const fs::path& folder) {
  return fs::exists(replacing_folder(folder) / kCheckpoint);
}

}  // namespace

fs::path replacing_folder(const fs::path& folder) { return folder / ".new"; }

fs::path run_file(const fs::path& folder, const std::string& name) {
  if (!is_replaced(folder)) return folder / name;
  const auto moving = replacing_folder(folder) / name;
  for (const auto* first : kFirst) {
    if (name == first && !fs::exists(moving)) return folder / name;
  }
  return moving;
}

void clear_run(const fs::path& folder) {
  for (const auto* name : {"metrics.csv", "confusion.csv", "results.json",
                           "report.html", kCheckpoint}) {
    remove_file(folder / name);
  }
}

void settle_run(const fs::path& folder) {
  const auto moving = replacing_folder(folder);
  if (!fs::exists(moving)) return;
  if (is_replaced(folder)) {
    for (const auto* name : kLater) remove_file(folder / name);
    for (const auto* name : kFirst) move_file(moving / name, folder / name);
    // The checkpoint must not be there before the others.
    sync_folder(folder);
    move_file(moving / kCheckpoint, folder / kCheckpoint);
    sync_folder(folder);
  }
  std::error_code error;
  for (const auto& left : fs::directory_iterator(moving, error))
    remove_file(left.path());
  if (rmdir(moving.c_str()) != 0) failed(moving, "remove the folder");
}

}  // namespace signet
