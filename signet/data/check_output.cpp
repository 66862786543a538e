#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "signet/data/atomic_file.h"
#include "signet/data/bad_file.h"
#include "signet/data/output_target.h"

namespace signet {
namespace {

namespace fs = std::filesystem;

// Why it may not be written: "" or the system's words.
std::string refusal(const fs::path& path, int mode) {
  return faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0
             ? ""
             : ": " + std::generic_category().message(errno);
}

// "" or why no file can be made in the folder.
std::string folder_refusal(const fs::path& folder) {
  return refusal(folder, W_OK | X_OK);
}

void check_descriptor(int number, const fs::path& path) {
  const int flags = fcntl(number, F_GETFL);
  const bool writes =
      flags >= 0 && (flags & O_PATH) == 0 && (flags & O_ACCMODE) != O_RDONLY;
  if (!writes) {
    bad_file(path == "-" ? "standard output" : path,
             "must be open for writing, but it is not");
  }
}

// In a folder such as /tmp only the owner of a file may replace it.
bool is_kept_by_owner(const struct stat& file, const fs::path& folder) {
  struct stat in {};
  return stat(folder.c_str(), &in) == 0 && (in.st_mode & S_ISVTX) != 0 &&
         geteuid() != 0 && file.st_uid != geteuid() && in.st_uid != geteuid();
}

}  // namespace

void check_output(const fs::path& path) {
  const auto target = output_target(path);
  if (target.kind == OutputTarget::Kind::opened) {
    check_descriptor(target.descriptor, path);
    return;
  }
  struct stat there {};
  const bool replaces = stat(target.path.c_str(), &there) == 0;
  if (replaces) {
    const auto why = refusal(target.path, W_OK);
    if (!why.empty())
      bad_file(path,
               "must be a file that may be written, but it may not" + why);
  }
  if (target.kind == OutputTarget::Kind::special) return;
  const fs::path folder =
      target.path.has_parent_path() ? target.path.parent_path() : ".";
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    bad_file(path, "must be in a folder that is there, but there is no " +
                       folder.string());
  }
  const auto why = folder_refusal(folder);
  if (!why.empty())
    bad_file(path,
             "must be in a folder that may be written, as the file is "
             "replaced whole, but " +
                 folder.string() + " may not" + why);
  if (replaces && is_kept_by_owner(there, folder))
    bad_file(path, "must be a file that may be replaced, but in " +
                       folder.string() + " only its owner may");
}

void check_output_folder(const fs::path& path) {
  if (path.empty())
    bad_file("output", "must be the name of a folder, but got an empty one");
  if (path == "-") bad_file(path, "must be the name of a folder");
  fs::path place = fs::absolute(path);
  std::error_code error;
  while (!fs::exists(fs::status(place, error))) {
    if (error && error != std::errc::no_such_file_or_directory)
      bad_file(path, "must be a folder that can be made: " + error.message());
    if (fs::is_symlink(place, error))
      bad_file(path, "must be a folder, but " + place.string() +
                         " is a link to nothing");
    place = place.parent_path();
  }
  if (!fs::is_directory(place, error)) {
    bad_file(path, place == fs::absolute(path)
                       ? "must be a folder, but got a file"
                       : "must be a folder that can be made, but " +
                             place.string() + " is a file");
  }
  const auto why = folder_refusal(place);
  if (!why.empty())
    bad_file(path, "must be a folder that may be written, but " +
                       place.string() + " may not" + why);
}

}  // namespace signet
