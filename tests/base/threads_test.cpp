#include "signet/base/threads.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <string>
#include <thread>
#include <utility>

#include "signet/base/error.h"

namespace signet {
namespace {

/// OMP_NUM_THREADS for the length of a test.
class Environment {
 public:
  explicit Environment(const char* text) { setenv("OMP_NUM_THREADS", text, 1); }
  ~Environment() { unsetenv("OMP_NUM_THREADS"); }
};

int64_t threads_of_process() {
  int64_t count = 0;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/self/task"))
    count += !task.path().empty();
  return count;
}

TEST(Threads, OneStartsNoOther) {
  const auto here = std::this_thread::get_id();
  int64_t threads = 0;
  on_threads(1, "--threads", [&](int64_t t) {
    EXPECT_EQ(t, 0);
    EXPECT_EQ(std::this_thread::get_id(), here);
    threads = threads_of_process();
  });
  EXPECT_EQ(threads, 1);
}

TEST(Threads, EachBodyHasAThread) {
  std::atomic<int> sum = 0, meet = 0;
  on_threads(8, "--threads", [&](int64_t t) {
    sum += 1 << t;
    ++meet;
    while (meet < 8) std::this_thread::yield();  // all at once
  });
  EXPECT_EQ(sum, 255);
}

TEST(Threads, AnExceptionOfAThreadReachesTheCaller) {
  for (const int64_t thrower : {0, 3}) {
    const auto run = [&] {
      on_threads(4, "--threads", [&](int64_t t) {
        if (t == thrower) throw std::bad_alloc();
      });
    };
    EXPECT_THROW(run(), std::bad_alloc);
  }
}

TEST(Threads, ReadsOmpNumThreads) {
  for (const auto& [text, threads] :
       {std::pair{"4", 4}, {" 3 ", 3}, {"4,2", 4}, {"", 0}, {"  ", 0}}) {
    const Environment environment(text);
    EXPECT_EQ(omp_num_threads(), threads) << text;
    if (threads > 0) {
      EXPECT_EQ(threads_to_use(0), threads);
    }
    EXPECT_EQ(threads_to_use(7), 7);
  }
  for (const auto* text : {"abc", "0", "-3", "4x", "1e3", "5000", ",4",
                           "99999999999999999999", "2 2"}) {
    const Environment environment(text);
    try {
      threads_to_use(0);
      ADD_FAILURE() << text;
    } catch (const UsageError& error) {
      EXPECT_NE(std::string(error.what()).find(text), std::string::npos);
    }
  }
}

TEST(Threads, TheDefaultIsWithinOmpThreadLimit) {
  const Environment environment("9");
  setenv("OMP_THREAD_LIMIT", "3", 1);
  EXPECT_EQ(threads_to_use(0), 3);
  EXPECT_EQ(omp_thread_limit(), 3);
  unsetenv("OMP_THREAD_LIMIT");
  EXPECT_EQ(threads_to_use(0), 9);
  EXPECT_EQ(omp_thread_limit(), 0);
}

TEST(Threads, TheDefaultIsWithinTheAffinity) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  EXPECT_LE(available_processors(), CPU_COUNT(&before));
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int p = 0; CPU_COUNT(&one) == 0; ++p)
    if (CPU_ISSET(p, &before)) CPU_SET(p, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(available_processors(), 1);
  EXPECT_EQ(threads_to_use(0), 1);
  ASSERT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
}

}  // namespace
}  // namespace signet
