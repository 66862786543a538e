#include "signet/data/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "signet/data/bad_file.h"

namespace signet {
namespace {

// Closes its descriptor at the end of the scope.
struct Descriptor {
  explicit Descriptor(int number) : number(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number >= 0) close(number);
  }
  const int number;
};

[[noreturn]] void failed(const std::filesystem::path& path,
                         const std::string& action, int error) {
  bad_file(path, "could not " + action + ": " +
                     std::generic_category().message(error));
}

bool is_named(int file, const std::filesystem::path& path) {
  struct stat opened {
  }, named{};
  return fstat(file, &opened) == 0 && stat(path.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

// Opens the temporary file and locks it. While this writer waited for the
// lock, another may have renamed the file away: then it starts over.
int open_locked(const std::filesystem::path& path) {
  while (true) {
    const int file =
        open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (file < 0) failed(path, "create the file", errno);
    // A file system without locks still serves one writer at a time.
    while (flock(file, LOCK_EX) != 0 && errno == EINTR) continue;
    if (is_named(file, path)) return file;
    close(file);
  }
}

bool write_all(int file, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

std::vector<uint8_t> read_file(const std::filesystem::path& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number < 0) failed(path, "open the file", errno);
  struct stat status {};
  if (fstat(file.number, &status) != 0) failed(path, "read the file", errno);
  if (S_ISDIR(status.st_mode))
    bad_file(path, "must be a file, but got a folder");
  // One byte more than the size, so that the last read sees the end.
  std::vector<uint8_t> bytes(static_cast<size_t>(status.st_size) + 1);
  size_t filled = 0;
  while (true) {
    const ssize_t got =
        read(file.number, bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) failed(path, "read the file", errno);
    if (got == 0) break;
    filled += static_cast<size_t>(got);
    if (filled == bytes.size()) bytes.resize(2 * filled);
  }
  bytes.resize(filled);
  return bytes;
}

void write_atomically(const std::filesystem::path& path,
                      std::span<const uint8_t> bytes) {
  if (!path.has_filename())
    bad_file(path, "must name a file, but got a folder");
  const auto parent = path.has_parent_path() ? path.parent_path() : ".";
  const Descriptor folder(
      open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.number < 0) failed(path, "open the folder", errno);

  const std::filesystem::path temporary = path.string() + ".tmp";
  const Descriptor file(open_locked(temporary));
  const auto give_up = [&](const char* action) {
    const int error = errno;
    unlink(temporary.c_str());
    failed(path, action, error);
  };
  struct stat old {};
  const bool replaces = stat(path.c_str(), &old) == 0;
  if (replaces && fchmod(file.number, old.st_mode & 07777) != 0) {
    give_up("set the permissions");
  }
  if (ftruncate(file.number, 0) != 0) give_up("write the file");
  if (!write_all(file.number, bytes)) give_up("write the file");
  if (fsync(file.number) != 0) give_up("write the file");
  if (rename(temporary.c_str(), path.c_str()) != 0) give_up("write the file");
  if (fsync(folder.number) != 0) failed(path, "sync the folder", errno);
}

void write_atomically(const std::filesystem::path& path,
                      std::string_view text) {
  write_atomically(
      path,
      std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

}  // namespace signet
