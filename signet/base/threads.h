#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace signet {

/// The most threads that a command takes: far above what helps, far below what
/// would only fill the memory with stacks.
constexpr int kMostThreads = 1024;

/// Processors that this process may use: those of its affinity, and no more
/// than the processor time that its control group has, rounded up. At least 1.
int available_processors();

/// What OMP_NUM_THREADS asks for: "4", or the first of "4,2", which is for
/// nested loops; 0 if it is not set or blank.
/// Errors: UsageError for anything else, and outside 1 to kMostThreads.
int omp_num_threads();

/// OMP_THREAD_LIMIT, above which OpenMP silently starts no thread; 0 if it is
/// not set, or no number.
int omp_thread_limit();

/// Threads of a command: `asked` by its option; where that is 0, what
/// OMP_NUM_THREADS says, and without it available_processors(). The default
/// is never above OMP_THREAD_LIMIT.
int threads_to_use(int asked);

/// Calls body(0) on this thread and body(1) ... body(count - 1) on threads of
/// their own, all at once, and waits for them; so one thread starts no other.
/// No body is called unless all of them have started.
/// Errors: UsageError that names `option` and how many threads the system
/// starts, where these are fewer; else the exception of the first body that
/// throws.
void on_threads(int64_t count, const std::string& option,
                const std::function<void(int64_t)>& body);

/// on_threads() with nothing to do: whether so many threads can be had now.
void check_threads(int64_t count, const std::string& option);

}  // namespace signet
