#include "signet/data/temporary_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <random>
#include <string>
#include <system_error>
#include <tuple>
#include <vector>

#include "signet/data/bad_file.h"

namespace signet {
namespace {

namespace fs = std::filesystem;

// A name may have 255 bytes: what is put around it takes up to 31.
constexpr size_t kMaxKept = 200;

// ".NAME.tmp-", NAME cut between two characters if it is long.
std::string prefix_of(const fs::path& target) {
  std::string name = target.filename();
  if (name.size() > kMaxKept) {
    size_t end = kMaxKept;
    while (end > 0 && (name[end] & 0xc0) == 0x80) --end;
    name.resize(end);
  }
  return "." + name + ".tmp-";
}

// "PID-XXXXXXXX".
bool is_ending(const std::string& text) {
  const auto dash = text.find_first_not_of("0123456789");
  return dash > 0 && dash + 9 == text.size() && text[dash] == '-' &&
         text.find_first_not_of("0123456789abcdef", dash + 1) ==
             std::string::npos;
}

bool is_named(int file, const fs::path& path) {
  struct stat opened {
  }, named{};
  return fstat(file, &opened) == 0 && lstat(path.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

// Removes what killed writers of the target left: files whose lock is free. A
// writer that has made its file and not yet locked it makes another.
void remove_left_ones(const fs::path& target) {
  const auto prefix = prefix_of(target);
  std::error_code error;
  std::vector<fs::path> found;
  for (fs::directory_iterator file(target.parent_path(), error), end;
       !error && file != end; file.increment(error)) {
    const std::string name = file->path().filename();
    if (name.starts_with(prefix) && is_ending(name.substr(prefix.size())))
      found.push_back(file->path());
  }
  for (const auto& path : found) {
    const Descriptor file(
        open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (file && flock(file.number(), LOCK_EX | LOCK_NB) == 0 &&
        is_named(file.number(), path))
      unlink(path.c_str());
  }
}

std::string random_digits() {
  static thread_local std::random_device device;
  char digits[9];
  std::snprintf(digits, sizeof digits, "%08x", device());
  return digits;
}

}  // namespace

TemporaryFile::TemporaryFile(const fs::path& target)
    : target_(target.has_parent_path() ? target : fs::path(".") / target) {
  remove_left_ones(target_);
  struct stat old {};
  const bool replaces = stat(target_.c_str(), &old) == 0;
  const auto prefix = prefix_of(target_) + std::to_string(getpid()) + "-";
  while (true) {
    path_ = target_.parent_path() / (prefix + random_digits());
    // What replaces a secret is one from the start.
    file_ =
        Descriptor(open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                        replaces ? 0600 : 0666));
    if (!file_ && errno == EEXIST) continue;
    if (!file_)
      bad_file(target, "could not create the file: " +
                           std::generic_category().message(errno));
    // A file system without locks still serves one writer at a time.
    while (flock(file_.number(), LOCK_EX) != 0 && errno == EINTR) continue;
    if (is_named(file_.number(), path_)) break;
  }
  struct stat made {};
  if (!replaces || fstat(file_.number(), &made) != 0) return;
  // Only root can give files away; to a group also its members.
  std::ignore = fchown(file_.number(), old.st_uid, -1);
  std::ignore = fchown(file_.number(), -1, old.st_gid);
  const mode_t mode = old.st_mode & 07777;
  if (mode == (made.st_mode & 07777) || fchmod(file_.number(), mode) == 0)
    return;
  const int error = errno;
  unlink(path_.c_str());
  bad_file(target, "could not set the permissions: " +
                       std::generic_category().message(error));
}

TemporaryFile::~TemporaryFile() {
  if (!path_.empty()) unlink(path_.c_str());
}

int TemporaryFile::replace() {
  if (rename(path_.c_str(), target_.c_str()) != 0) return errno;
  path_.clear();
  return 0;
}

}  // namespace signet
