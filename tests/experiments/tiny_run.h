#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "signet/data/atomic_file.h"
#include "signet/data/csv.h"
#include "signet/data/idx.h"
#include "signet/experiments/recipe.h"
#include "tests/data/temp_folder.h"

namespace signet {

/// Writes a data set of side x side images in `classes` classes, brighter in
/// the class's rows, as the four IDX files.
inline void write_tiny_data(const std::filesystem::path& folder, int64_t train,
                            int64_t test, int classes = 3, int side = 6) {
  std::filesystem::create_directories(folder);
  std::mt19937 engine(11);
  for (const auto& [prefix, size] :
       {std::pair<std::string, int64_t>{"train", train}, {"t10k", test}}) {
    IdxArray images{{size, side, side}, {}}, labels{{size}, {}};
    for (int64_t i = 0; i < size; ++i) {
      const int label = static_cast<int>(i % classes);
      labels.values.push_back(static_cast<uint8_t>(label));
      for (int k = 0; k < side * side; ++k) {
        const bool bright = k / side % classes == label;
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

/// Writes a data set in CIFAR-10's binary format, `records` in each of its six
/// files: a class is brighter in three rows of its own.
inline void write_tiny_cifar(const std::filesystem::path& folder, int records) {
  std::filesystem::create_directories(folder);
  std::mt19937 engine(12);
  for (const std::string name :
       {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
        "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"}) {
    std::vector<uint8_t> bytes;
    for (int i = 0; i < records; ++i) {
      const int label = i % 10;
      bytes.push_back(static_cast<uint8_t>(label));
      for (int k = 0; k < 3 * 32 * 32; ++k) {
        const bool bright = k % 1024 / 32 / 3 == label;
        bytes.push_back(
            static_cast<uint8_t>((bright ? 90 : 0) + engine() % 160));
      }
    }
    write_atomically(folder / name, bytes);
  }
}

/// A run of seconds on such data, written to folder / "data".
inline Recipe tiny_recipe(const TempFolder& folder) {
  write_tiny_data(folder / "data", 230, 60);
  Recipe recipe;
  recipe.data = {.set = "idx", .folder = folder / "data"};
  recipe.network.layers = {"linear(outputs=16)", "batch-norm", "units",
                           "linear(outputs=3)", "batch-norm"};
  recipe.train = {.epochs = 2, .batch = 20, .estimator = "st"};
  recipe.optimizer.rate = 0.01;
  return recipe;
}

/// metrics.csv without its column of seconds.
inline std::string lasting_metrics(const std::filesystem::path& run) {
  auto table = read_csv(run / "metrics.csv");
  const auto seconds = table.column("seconds");
  std::string text;
  for (const auto& row : table.rows) {
    for (size_t i = 0; i < row.size(); ++i)
      if (i != seconds) text += row[i] + ",";
    text += "\n";
  }
  return text;
}

/// The message of what is thrown, or "no error".
template <class Function>
std::string error_of(const Function& function) {
  try {
    function();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
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
