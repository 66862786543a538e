#include "signet/data/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>

#include "signet/data/bad_file.h"
#include "signet/data/descriptor.h"
#include "signet/data/output_target.h"
#include "signet/data/temporary_file.h"
#include "signet/data/write_through.h"

namespace signet {
namespace {

namespace fs = std::filesystem;

// More than any model or data set that is piped: /dev/zero has no end.
constexpr size_t kMaxStream = size_t{2} << 30;

[[noreturn]] void failed(const fs::path& path, const std::string& action,
                         int error) {
  bad_file(path, "could not " + action + ": " +
                     std::generic_category().message(error));
}

Descriptor open_to_read(const fs::path& path) {
  if (path == "-") {
    static std::atomic<bool> taken = false;
    if (taken.exchange(true))
      bad_file(path, "must be read once, but two files are '-'");
    const int flags = fcntl(STDIN_FILENO, F_GETFL);
    if (flags < 0 || (flags & O_PATH) != 0 || (flags & O_ACCMODE) == O_WRONLY)
      bad_file(path, "must be open for reading, but it is not");
    return Descriptor(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
  }
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (file || errno != ENXIO) return file;
  // A socket that this process has cannot be opened once more.
  const auto own = own_descriptor(path);
  errno = ENXIO;
  return own ? Descriptor(fcntl(*own, F_DUPFD_CLOEXEC, 0)) : Descriptor();
}

}  // namespace

std::vector<uint8_t> read_file(const fs::path& path) {
  const Descriptor file = open_to_read(path);
  if (!file) failed(path, "open the file", errno);
  struct stat status {};
  if (fstat(file.number(), &status) != 0) failed(path, "read the file", errno);
  if (S_ISDIR(status.st_mode))
    bad_file(path, "must be a file, but got a folder");
  const auto size = static_cast<size_t>(status.st_size);
  // One byte more than the size, so that the last read sees the end.
  std::vector<uint8_t> bytes(size + 1);
  size_t filled = 0;
  while (true) {
    const ssize_t got =
        read(file.number(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) failed(path, "read the file", errno);
    if (got == 0) break;
    filled += static_cast<size_t>(got);
    if (filled > size && filled > kMaxStream)
      bad_file(path, "must end within 2 GiB, but got more");
    if (filled < bytes.size()) continue;
    // Whatever has outgrown the size it had is a stream.
    const size_t room = filled > kMaxStream / 2 ? kMaxStream + 1 : 2 * filled;
    bytes.resize(std::max(room, filled + 1));
  }
  bytes.resize(filled);
  return bytes;
}

void write_atomically(const fs::path& path, std::span<const uint8_t> bytes) {
  const auto target = output_target(path);
  check_output(path);
  if (target.kind != OutputTarget::Kind::file) {
    write_through(target, bytes, path);
    return;
  }
  const auto parent =
      target.path.has_parent_path() ? target.path.parent_path() : ".";
  const Descriptor folder(
      open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) failed(path, "open the folder", errno);
  TemporaryFile file(target.path);
  if (!write_all(file.number(), bytes) || fsync(file.number()) != 0)
    failed(path, "write the file", errno);
  if (const int error = file.replace()) failed(path, "write the file", error);
  if (fsync(folder.number()) != 0) failed(path, "sync the folder", errno);
}

void write_atomically(const fs::path& path, std::string_view text) {
  write_atomically(
      path,
      std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

}  // namespace signet
