#include "benchmarks/peers/compare.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

namespace signet::peers {
namespace {

struct Options {
  std::string precision;
  Task task;
  double seconds = 0.005;  ///< of a batch
  int batches = 41;        ///< of each side
};

/// Sizes that a kind of task takes.
const std::map<std::string, std::size_t> kSizes = {
    {"linear", 3}, {"conv", 3},        {"mlp", 1},          {"mlp-binary", 1},
    {"vgg28", 1},  {"mlp-uniform", 1}, {"mlp-logistic", 1},
};

[[noreturn]] void usage(const char* program) {
  std::cerr << "usage: " << program
            << " PRECISION TASK SIZES... [--seconds S] [--batches N]\n"
               "  PRECISION  int8, fp32 or bits, as the peer has it\n"
               "  TASK       linear ROWS INPUTS OUTPUTS | conv SIZE CHANNELS "
               "OUTPUTS |\n"
               "             mlp BATCH | mlp-binary BATCH | vgg28 BATCH |\n"
               "             mlp-uniform SAMPLES | mlp-logistic SAMPLES\n";
  std::exit(2);
}

Options parse(int argc, char** argv) {
  Options options;
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--seconds" && i + 1 < argc) {
      options.seconds = std::atof(argv[++i]);
    } else if (word == "--batches" && i + 1 < argc) {
      options.batches = std::atoi(argv[++i]);
    } else {
      words.push_back(word);
    }
  }
  const auto sizes = words.size() < 2 ? kSizes.end() : kSizes.find(words[1]);
  if (sizes == kSizes.end() || words.size() != 2 + sizes->second ||
      options.batches < 1 || !(options.seconds > 0)) {
    usage(argv[0]);
  }
  options.precision = words[0];
  options.task.kind = words[1];
  for (std::size_t i = 2; i < words.size(); ++i) {
    options.task.sizes.push_back(std::atoll(words[i].c_str()));
    if (options.task.sizes.back() < 1) usage(argv[0]);
  }
  return options;
}

/// OpenMP reads its number of threads before main.
void restart_with_one_thread(char** argv) {
  if (std::getenv("OMP_NUM_THREADS") != nullptr) return;
  setenv("OMP_NUM_THREADS", "1", 0);
  execv("/proc/self/exe", argv);
  throw std::runtime_error("cannot restart with OMP_NUM_THREADS=1");
}

/// The last processor: interrupts prefer the first.
void pin() {
  cpu_set_t all, one;
  CPU_ZERO(&one);
  if (sched_getaffinity(0, sizeof(all), &all) != 0) return;
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0; --cpu) {
    if (!CPU_ISSET(cpu, &all)) continue;
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof(one), &one);
    return;
  }
}

/// Seconds that this process has had the processor. Both sides run on one
/// thread, so this is the time that passes, less what other processes take.
double now() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * time.tv_nsec;
}

/// Seconds of a call.
double time_calls(const Contender& contender, std::int64_t calls) {
  const double start = now();
  for (std::int64_t i = 0; i < calls; ++i) contender.run();
  return (now() - start) / static_cast<double>(calls);
}

/// Seconds of a call once warm.
double warm_up(const Contender& contender, double seconds) {
  const double first = std::min(time_calls(contender, 1),  //
                                time_calls(contender, 2));
  const auto calls = static_cast<std::int64_t>(seconds / first);
  return time_calls(contender, std::max<std::int64_t>(1, calls));
}

std::int64_t calls_for(double seconds, double a_call) {
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(seconds / a_call));
}

nlohmann::json compare(const Options& options, const Contender& ours,
                       const Contender& theirs) {
  const auto our_calls =
      calls_for(options.seconds, warm_up(ours, options.seconds));
  const auto their_calls =
      calls_for(options.seconds, warm_up(theirs, options.seconds));
  std::vector<double> our_times, their_times;
  for (int batch = 0; batch < options.batches; ++batch) {
    our_times.push_back(1e6 * time_calls(ours, our_calls));
    their_times.push_back(1e6 * time_calls(theirs, their_calls));
  }
  const auto side = [](const Contender& contender,
                       const std::vector<double>& times) {
    return nlohmann::json{{"name", contender.name},
                          {"level", contender.level},
                          {"microseconds", times}};
  };
  return {{"macs", options.task.macs()},
          {"signet", side(ours, our_times)},
          {"peer", side(theirs, their_times)}};
}

}  // namespace

std::int64_t Task::macs() const {
  const auto& s = sizes;
  if (kind == "linear") return s[0] * s[1] * s[2];
  if (kind == "conv") return s[0] * s[0] * 9 * s[1] * s[2];
  if (kind == "vgg28") {
    return s[0] *
           (9 * (784 * 64 + 784 * 64 * 64 + 196 * 64 * 128 + 196 * 128 * 128) +
            6272 * 512 + 512 * 10);
  }
  return s[0] * (784 * 1024 + 1024 * 1024 + 1024 * 10);
}

int compare_main(int argc, char** argv, Peer peer) try {
  const Options options = parse(argc, argv);
  restart_with_one_thread(argv);
  pin();
  const Contender ours = signet_contender(options.task);
  const auto ways = peer(options.task, options.precision);
  if (ways.empty()) throw PeerMissing("the peer has no such task");
  const Contender* fastest = nullptr;
  double least = 0;
  for (const Contender& way : ways) {
    const double seconds = warm_up(way, options.seconds);
    if (fastest != nullptr && seconds >= least) continue;
    fastest = &way;
    least = seconds;
  }
  std::cout << compare(options, ours, *fastest) << '\n';
  return 0;
} catch (const PeerMissing& missing) {
  std::cerr << missing.what() << '\n';
  return 3;
} catch (const std::exception& error) {
  // LibTorch's own go on with a backtrace.
  const std::string text = error.what();
  std::cerr << argv[0] << ": " << text.substr(0, text.find('\n')) << '\n';
  return 1;
}

}  // namespace signet::peers
