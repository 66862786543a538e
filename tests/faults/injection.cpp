#include "tests/faults/injection.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace signet {
namespace {

// Plain memory: a preloaded library is called before C++ has started.
char armed_folder[PATH_MAX];
std::atomic<long> fault_at;
std::atomic<int> fault_error;
std::atomic<long> calls;

bool is_below(const char* path) {
  const size_t size = std::strlen(armed_folder);
  return size > 0 && std::strncmp(path, armed_folder, size) == 0 &&
         (path[size] == '/' || path[size] == '\0');
}

bool is_below(int file) {
  if (armed_folder[0] == '\0') return false;
  char link[64], path[PATH_MAX];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size < 0) return false;
  path[size] = '\0';
  return is_below(path);
}

/// Counts a call; whether it is the one to fail. Does not return from a kill.
template <class Where, class Torn>
bool strikes(const Where& where, const Torn& torn) {
  const int before = errno;
  const bool counts = is_below(where);
  errno = before;
  if (!counts || ++calls != fault_at) return false;
  const int error = fault_error;
  if (error == 0) {
    torn();
    kill(getpid(), SIGKILL);
    while (true) pause();
  }
  errno = error;
  return true;
}

template <class Where>
bool strikes(const Where& where) {
  return strikes(where, [] {});
}

}  // namespace

void arm(const Fault& fault) {
  fault_at = fault.at;
  fault_error = fault.error;
  calls = 0;
  std::snprintf(armed_folder, sizeof armed_folder, "%s", fault.folder.c_str());
}

long counted_calls() { return calls; }

namespace {

__attribute__((constructor)) void arm_from_environment() {
  const char* text = std::getenv("SIGNET_FAULT");
  long at = 0;
  int error = 0, used = 0;
  if (text && std::sscanf(text, "%ld:%d:%n", &at, &error, &used) == 2)
    arm({.folder = text + used, .at = at, .error = error});
}

__attribute__((destructor)) void tell_environment() {
  const char* path = std::getenv("SIGNET_FAULT_COUNT");
  if (!path) return;
  const long counted = calls;
  arm({});
  if (auto* file = std::fopen(path, "w")) {
    std::fprintf(file, "%ld", counted);
    std::fclose(file);
  }
}

}  // namespace
}  // namespace signet

using signet::strikes;

// The call itself, of the next library that has it.
#define NEXT(name) reinterpret_cast<decltype(&name)>(dlsym(RTLD_NEXT, #name))

namespace {

int open_mode(int flags, va_list rest) {
  return flags & O_CREAT ? static_cast<int>(va_arg(rest, mode_t)) : 0;
}

bool writes(int flags) { return flags & (O_WRONLY | O_RDWR | O_CREAT); }

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const int mode = open_mode(flags, rest);
  va_end(rest);
  if (writes(flags) && strikes(path)) return -1;
  return NEXT(open)(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const int mode = open_mode(flags, rest);
  va_end(rest);
  if (writes(flags) && strikes(path)) return -1;
  return NEXT(open64)(path, flags, mode);
}

ssize_t write(int file, const void* bytes, size_t size) {
  static const auto next = NEXT(write);
  if (strikes(file, [&] { next(file, bytes, size / 2); })) return -1;
  return next(file, bytes, size);
}

ssize_t pwrite(int file, const void* bytes, size_t size, off_t at) {
  const auto next = NEXT(pwrite);
  if (strikes(file, [&] { next(file, bytes, size / 2, at); })) return -1;
  return next(file, bytes, size, at);
}

ssize_t writev(int file, const iovec* parts, int count) {
  if (strikes(file)) return -1;
  return NEXT(writev)(file, parts, count);
}

int fsync(int file) { return strikes(file) ? -1 : NEXT(fsync)(file); }
int fdatasync(int file) { return strikes(file) ? -1 : NEXT(fdatasync)(file); }
int ftruncate(int file, off_t size) {
  return strikes(file) ? -1 : NEXT(ftruncate)(file, size);
}
int fchmod(int file, mode_t mode) {
  return strikes(file) ? -1 : NEXT(fchmod)(file, mode);
}
int rename(const char* from, const char* to) {
  return strikes(to) ? -1 : NEXT(rename)(from, to);
}
int link(const char* from, const char* to) {
  return strikes(to) ? -1 : NEXT(link)(from, to);
}
int unlink(const char* path) { return strikes(path) ? -1 : NEXT(unlink)(path); }
int remove(const char* path) { return strikes(path) ? -1 : NEXT(remove)(path); }
int rmdir(const char* path) { return strikes(path) ? -1 : NEXT(rmdir)(path); }
int mkdir(const char* path, mode_t mode) {
  return strikes(path) ? -1 : NEXT(mkdir)(path, mode);
}
}
