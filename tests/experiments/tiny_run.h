#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "signet/data/idx.h"

namespace signet {

/// Writes a data set of 6x6 images in `classes` classes, brighter in the
/// class's rows, as the four IDX files.
inline void write_tiny_data(const std::filesystem::path& folder, int64_t train,
                            int64_t test, int classes = 3) {
  std::filesystem::create_directories(folder);
  std::mt19937 engine(11);
  for (const auto& [prefix, size] :
       {std::pair<std::string, int64_t>{"train", train}, {"t10k", test}}) {
    IdxArray images{{size, 6, 6}, {}}, labels{{size}, {}};
    for (int64_t i = 0; i < size; ++i) {
      const int label = static_cast<int>(i % classes);
      labels.values.push_back(static_cast<uint8_t>(label));
      for (int k = 0; k < 36; ++k) {
        const bool bright = k / 6 % classes == label;
        images.values.push_back(
            static_cast<uint8_t>((bright ? 90 : 0) + engine() % 160));
      }
    }
    write_idx(folder / (prefix + "-images-idx3-ubyte"), images);
    write_idx(folder / (prefix + "-labels-idx1-ubyte"), labels);
  }
}

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// A program that is running, or has run.
class Process {
 public:
  Process(std::vector<std::string> arguments,
          const std::filesystem::path& output) {
    std::vector<char*> pointers;
    for (auto& a : arguments) pointers.push_back(a.data());
    pointers.push_back(nullptr);
    id_ = fork();
    if (id_ != 0) return;
    const auto out = output.string() + ".out", err = output.string() + ".err";
    if (!freopen(out.c_str(), "w", stdout)) _exit(126);
    if (!freopen(err.c_str(), "w", stderr)) _exit(126);
    execv(pointers[0], pointers.data());
    _exit(127);
  }

  /// The exit status, or 128 + the signal that ended it.
  int wait() {
    int status = 0;
    waitpid(id_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  bool running() const {
    siginfo_t info{};
    waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOHANG | WNOWAIT);
    return info.si_pid == 0;
  }
  void kill() const { ::kill(id_, SIGKILL); }

 private:
  pid_t id_ = 0;
};

}  // namespace signet
