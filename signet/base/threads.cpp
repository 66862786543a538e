#include "signet/base/threads.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <new>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "signet/base/control_group.h"
#include "signet/base/error.h"

namespace signet {
namespace {

/// The number at the start of `text` that ends there or before a comma; 0 if
/// there is none from 1 to kMostThreads.
int leading_number(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  text = text.substr(0, text.find(','));
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  int value = 0;
  const auto* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  const bool whole = result.ec == std::errc() && result.ptr == end;
  return whole && value >= 1 && value <= kMostThreads ? value : 0;
}

/// A variable of the environment; "" if it is blank or not set.
std::string_view variable(const char* name) {
  const char* text = std::getenv(name);
  const std::string_view view = text ? text : "";
  return view.find_first_not_of(" \t") == view.npos ? "" : view;
}

/// The limits that a thread can meet: "ulimit -u 40, pids.max 20".
std::string limits_text() {
  std::string text;
  const auto add = [&](const char* name, uint64_t value) {
    text += (text.empty() ? "" : ", ") + (name + std::to_string(value));
  };
  rlimit limit{};
  if (getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    add("ulimit -u ", limit.rlim_cur);
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    add("ulimit -v ", limit.rlim_cur / 1024);
  const auto group = control_group();
  if (group.threads)
    add("pids.max of the control group ",
        static_cast<uint64_t>(*group.threads));
  return text.empty() ? "" : " (" + text + ")";
}

[[noreturn]] void too_few(const std::string& option, int64_t count,
                          size_t started) {
  throw UsageError(option + ": must be at most " + std::to_string(started) +
                   ", the threads that the system starts here" + limits_text() +
                   ", but got " + std::to_string(count));
}

}  // namespace

int available_processors() {
  int processors = static_cast<int>(std::thread::hardware_concurrency());
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0)
    processors = CPU_COUNT(&allowed);
  if (const auto quota = control_group().processors)
    processors =
        static_cast<int>(std::min<double>(processors, std::ceil(*quota)));
  return std::clamp(processors, 1, kMostThreads);
}

int omp_num_threads() {
  const auto text = variable("OMP_NUM_THREADS");
  if (text.empty()) return 0;
  const int number = leading_number(text);
  check(number > 0, "OMP_NUM_THREADS",
        "must be a number of threads from 1 to " +
            std::to_string(kMostThreads) + ", or not be set, but got '" +
            std::string(text.substr(0, 40)) + "'");
  return number;
}

int omp_thread_limit() { return leading_number(variable("OMP_THREAD_LIMIT")); }

int threads_to_use(int asked) {
  if (asked > 0) return asked;
  const int wanted = omp_num_threads();
  const int limit = omp_thread_limit();
  const int threads = wanted > 0 ? wanted : available_processors();
  return limit > 0 ? std::min(threads, limit) : threads;
}

void on_threads(int64_t count, const std::string& option,
                const std::function<void(int64_t)>& body) {
  enum State { kWaiting, kRunning, kGivenUp };
  std::atomic<State> state = kWaiting;
  std::vector<std::exception_ptr> errors(static_cast<size_t>(count));
  const auto call = [&](int64_t t) {
    try {
      body(t);
    } catch (...) {
      errors[static_cast<size_t>(t)] = std::current_exception();
    }
  };
  const auto tell = [&](State told) {
    state = told;
    state.notify_all();
  };
  {
    std::vector<std::jthread> workers;
    try {
      for (int64_t t = 1; t < count; ++t) {
        workers.emplace_back([&, t] {
          state.wait(kWaiting);
          if (state == kRunning) call(t);
        });
      }
    } catch (const std::system_error&) {
      tell(kGivenUp);
      too_few(option, count, workers.size() + 1);
    } catch (const std::bad_alloc&) {
      tell(kGivenUp);
      too_few(option, count, workers.size() + 1);
    }
    tell(kRunning);
    call(0);
  }
  for (const auto& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

void check_threads(int64_t count, const std::string& option) {
  on_threads(count, option, [](int64_t) {});
}

}  // namespace signet
