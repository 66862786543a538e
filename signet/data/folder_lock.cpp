#include "signet/data/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>
#include <thread>

#include "signet/data/bad_file.h"

namespace signet {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostText = 500;

fs::path lock_file(const fs::path& folder) { return folder / ".lock"; }

/// One line of printable bytes.
std::string plain(std::string text) {
  if (text.size() > kMostText) text = text.substr(0, kMostText - 3) + "...";
  const auto is_control = [](char c) {
    return (c >= 0 && c < ' ') || c == '\x7f';
  };
  std::replace_if(text.begin(), text.end(), is_control, ' ');
  return text;
}

std::string holder_text(const std::string& command) {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char since[32];
  std::strftime(since, sizeof since, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return plain("process " + std::to_string(getpid()) + " on " + host +
               " has it since " + since + ": " +
               (command.empty() ? "a program of its own" : command));
}

[[noreturn]] void in_use(const fs::path& folder, int file) {
  char text[kMostText];
  const ssize_t size = pread(file, text, sizeof text, 0);
  close(file);
  bad_file(folder, "must be free, but " +
                       (size > 0 ? plain({text, static_cast<size_t>(size)})
                                 : std::string("another process has it")) +
                       "; wait until it ends, or choose another folder");
}

int open_lock(const fs::path& path) {
  constexpr int kFlags = O_CLOEXEC | O_NOFOLLOW;
  const int file = open(path.c_str(), O_RDWR | O_CREAT | kFlags, 0666);
  // Of another user with whom we share the folder: locks, and names nobody.
  return file < 0 && errno == EACCES ? open(path.c_str(), O_RDONLY | kFlags)
                                     : file;
}

/// Whether the lock is had, or there are no locks; false if another has it.
bool try_lock(int file, int how) {
  int result = 0;
  do {
    result = flock(file, how | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  return result == 0 || errno != EWOULDBLOCK;
}

bool lock_shortly(int file, int how, std::chrono::milliseconds patience) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + patience;
  while (!try_lock(file, how)) {
    if (Clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace

FolderLock::FolderLock(const fs::path& folder, const std::string& command,
                       std::chrono::milliseconds patience)
    : file_(open_lock(lock_file(folder))) {
  if (file_ < 0) {
    bad_file(lock_file(folder), "could not create the file: " +
                                    std::generic_category().message(errno));
  }
  if (!lock_shortly(file_, LOCK_EX, patience)) in_use(folder, file_);
  // Only a courtesy: on a full disk the lock holds, and says less.
  const auto text = holder_text(command);
  if (ftruncate(file_, 0) == 0 &&
      pwrite(file_, text.data(), text.size(), 0) < 0) {
    errno = 0;
  }
}

FolderLock::~FolderLock() {
  // A folder that nobody has names nobody.
  if (ftruncate(file_, 0) != 0) errno = 0;
  close(file_);
}

void FolderLock::check_free(const fs::path& folder) {
  const int file = open(lock_file(folder).c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  if (!lock_shortly(file, LOCK_SH, kShortly)) in_use(folder, file);
  close(file);
}

}  // namespace signet
