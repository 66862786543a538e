#include "signet/data/write_through.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>
#include <system_error>

#include "signet/data/bad_file.h"
#include "signet/data/descriptor.h"

namespace signet {
namespace {

// A socket in the file system is connected to, not opened.
Descriptor connected(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.string().size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return Descriptor();
  }
  std::strcpy(address.sun_path, path.c_str());
  Descriptor file(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!file || connect(file.number(), reinterpret_cast<sockaddr*>(&address),
                       sizeof address) != 0)
    return Descriptor();
  return file;
}

Descriptor opened(const std::filesystem::path& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode))
    return connected(path);
  return Descriptor(
      open(path.c_str(), O_WRONLY | O_TRUNC | O_NOCTTY | O_CLOEXEC));
}

}  // namespace

bool write_all(int file, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EAGAIN) {
      pollfd room{.fd = file, .events = POLLOUT, .revents = 0};
      poll(&room, 1, -1);
    } else if (written < 0 && errno != EINTR) {
      return false;
    }
    bytes = bytes.subspan(written < 0 ? 0 : static_cast<size_t>(written));
  }
  return true;
}

void write_through(const OutputTarget& target, std::span<const uint8_t> bytes,
                   const std::filesystem::path& path) {
  const bool own = target.kind == OutputTarget::Kind::opened;
  if (own) {
    std::cout.flush();
    std::fflush(stdout);
  }
  const Descriptor file =
      own ? Descriptor(fcntl(target.descriptor, F_DUPFD_CLOEXEC, 0))
          : opened(target.path);
  if (!file || !write_all(file.number(), bytes)) {
    bad_file(path == "-" ? "standard output" : path,
             "could not write: " + std::generic_category().message(errno));
  }
}

}  // namespace signet
