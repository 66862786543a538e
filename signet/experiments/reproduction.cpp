#include "signet/experiments/reproduction.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <ctime>
#include <deque>
#include <fstream>
#include <mutex>
#include <thread>

#include "signet/base/threads.h"
#include "signet/core/torch_threads.h"
#include "signet/data/bad_file.h"
#include "signet/data/folder_lock.h"
#include "signet/experiments/progress.h"

namespace signet {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string machine_text() {
  std::ifstream file("/proc/cpuinfo");
  const std::string key = "model name";
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    return line.substr(line.find(':') + 2) + ", " +
           std::to_string(std::thread::hardware_concurrency()) + " cores";
  }
  return "unknown";
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

bool is_of(const ExperimentRecord& record, const Experiment& experiment,
           const ReproductionOptions& o) {
  return record.scale == o.scale && record.seeds == o.seeds &&
         (!experiment.on_images || record.data_set == o.images.name) &&
         std::all_of(experiment.claims.begin(), experiment.claims.end(),
                     [&](const Claim& claim) {
                       return measured_of(claim, record) ||
                              !decides(claim, o.images.name, o.scale);
                     });
}

/// One experiment while it waits and runs.
struct Job {
  Reproduced result;
  std::atomic<double> share = 0;
};

/// What all threads of a call share.
class Queue {
 public:
  Queue(const std::vector<const Experiment*>& experiments,
        const ReproductionOptions& options)
      : options_(options) {
    for (const auto* experiment : experiments) {
      order_.push_back(&jobs_.emplace_back());
      order_.back()->result.experiment = experiment;
    }
    std::stable_sort(order_.begin(), order_.end(),
                     [&](const Job* a, const Job* b) {
                       return expected(*a) > expected(*b);
                     });
  }

  double expected(const Job& job) const {
    return expected_seconds(*job.result.experiment, options_.scale);
  }
  double total() const {
    double sum = 0;
    for (const auto& job : jobs_) sum += expected(job);
    return sum;
  }

  /// Runs jobs until there are none left; calls `moved` while they go on.
  void work(const std::function<void()>& moved) {
    set_torch_threads(1);
    while (Job* job = next()) {
      run(*job, moved);
      {
        const std::lock_guard lock(mutex_);
        job->share = 1;
        ended_.push_back(job);
        changed_.notify_all();
      }
      moved();
    }
  }

  /// One that has ended, after `wait` at most: that job or null.
  Job* ended(std::chrono::milliseconds wait) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, wait, [&] { return !ended_.empty(); });
    if (ended_.empty()) return nullptr;
    Job* job = ended_.front();
    ended_.pop_front();
    return job;
  }

  double done() const {
    double sum = 0;
    for (const auto& job : jobs_) sum += job.share * expected(job);
    return sum;
  }

  /// "r2rt-depth 40 %, foust 80 %"
  std::string running() const {
    std::string text;
    for (const auto& job : jobs_) {
      const double share = job.share;
      if (share <= 0 || share >= 1) continue;
      text += (text.empty() ? "" : ", ") + job.result.experiment->name + " " +
              std::to_string(std::lround(100 * share)) + " %";
    }
    return text;
  }

 private:
  Job* next() {
    const std::lock_guard lock(mutex_);
    return next_ < order_.size() ? order_[next_++] : nullptr;
  }

  void run(Job& job, const std::function<void()>& moved) {
    const auto& experiment = *job.result.experiment;
    const auto start = Clock::now();
    try {
      if (!options_.again) {
        const auto record = read_record(options_.folder, experiment.name);
        if (record && is_of(*record, experiment, options_)) {
          job.result.kept = true;
          job.result.seconds = record->seconds;
          return;
        }
      }
      job.share = 1e-6;
      auto findings = experiment.run({.scale = options_.scale,
                                      .seeds = options_.seeds,
                                      .images = options_.images,
                                      .progress = [&](double share) {
                                        job.share =
                                            std::clamp(share, 1e-6, 1 - 1e-6);
                                        moved();
                                      }});
      std::map<std::string, std::string> meanings;
      for (const auto& claim : experiment.claims)
        meanings[claim.id] = claim.measured;
      for (const auto& [id, s] : findings.measured) {
        check(meanings.contains(id), experiment.name,
              "measured '" + id + "', which is no claim");
        check(
            std::isfinite(s.value) && !std::isnan(s.low) && !std::isnan(s.high),
            experiment.name, "measured no number for '" + id + "'");
      }
      for (const auto& claim : experiment.claims)
        check(findings.measured.contains(claim.id) ||
                  !decides(claim, options_.images.name, options_.scale),
              experiment.name, "did not measure '" + claim.id + "'");
      job.result.seconds = seconds_since(start);
      write_record(options_.folder,
                   {.name = experiment.name,
                    .scale = options_.scale,
                    .seeds = options_.seeds,
                    .data_set = options_.images.name,
                    .seconds = job.result.seconds,
                    .machine = machine_text(),
                    .command = reproduce_command(experiment.name, options_),
                    .time = now_text(),
                    .findings = std::move(findings),
                    .meanings = std::move(meanings)});
    } catch (const std::exception& e) {
      job.result.failure = first_line(e.what());
    }
  }

  const ReproductionOptions& options_;
  std::deque<Job> jobs_;     // a Job stays where it is
  std::vector<Job*> order_;  // of starting
  size_t next_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job*> ended_;
};

}  // namespace

double expected_seconds(const Experiment& experiment, Scale scale) {
  const auto& cost = experiment.cost;
  if (scale == Scale::quick) return cost.quick;
  return scale == Scale::full && cost.full > 0 ? cost.full : cost.normal;
}

std::string reproduce_command(const std::string& experiment,
                              const ReproductionOptions& options) {
  std::string text = "signet reproduce " + experiment;
  if (options.scale != Scale::normal) text += " --" + scale_text(options.scale);
  text += " --seeds " + std::to_string(options.seeds);
  if (!options.images.folder.empty())
    text += " --data " + options.images.folder;
  return text;
}

std::vector<Reproduced> reproduce(
    const std::vector<const Experiment*>& experiments,
    const ReproductionOptions& options,
    const std::function<void(const Reproduced&)>& ended) {
  std::error_code error;
  std::filesystem::create_directories(options.folder, error);
  if (error)
    bad_file(options.folder, "could not create the folder: " + error.message());
  const FolderLock lock(options.folder, options.command);
  Queue queue(experiments, options);
  Progress progress("reproducing", queue.total(), "");
  std::vector<Reproduced> results;
  const auto show = [&](std::chrono::milliseconds wait) {
    if (const auto* job = queue.ended(wait)) {
      results.push_back(job->result);
      if (ended) {
        progress.clear();
        ended(results.back());
      }
    }
    progress.update(queue.done(), queue.running());
  };
  const auto jobs = std::max<int64_t>(
      1, std::min<int64_t>(options.jobs,
                           static_cast<int64_t>(experiments.size())));
  // This thread works as well, and between its steps says how far all are.
  auto shown = Clock::now();
  on_threads(jobs, "--jobs", [&](int64_t thread) {
    if (thread > 0) return queue.work([] {});
    queue.work([&] {
      if (seconds_since(shown) < 0.1) return;
      shown = Clock::now();
      show(std::chrono::milliseconds(0));
    });
    while (results.size() < experiments.size())
      show(std::chrono::milliseconds(200));
  });
  progress.cancel();
  return results;
}

}  // namespace signet
