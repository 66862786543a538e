#include "cli/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <string>
#include <system_error>

#include "signet/data/atomic_file.h"

namespace signet {

void prepare_standard_streams() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  // open() takes the lowest number that is free.
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(number, F_GETFD) != -1 || errno != EBADF) continue;
    if (open("/", O_PATH) != number)
      throw std::runtime_error("standard streams: could not hold a closed one");
  }
  check_output("-");
}

void flush_standard_output() {
  errno = 0;
  std::cout.flush();
  const bool flushed = std::fflush(stdout) == 0;
  if (flushed && std::cout && !std::ferror(stdout)) return;
  // What failed before this call has left no errno: one more byte of an output
  // that is damaged anyway asks again.
  if (errno == 0) (void)!write(STDOUT_FILENO, "\n", 1);
  throw std::runtime_error("standard output: could not write: " +
                           (errno != 0 ? std::generic_category().message(errno)
                                       : std::string("is the disk full?")));
}

}  // namespace signet
