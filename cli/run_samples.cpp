#include "cli/run_samples.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>

#include "cli/json_text.h"
#include "cli/output.h"
#include "signet/base/error.h"
#include "signet/base/number.h"
#include "signet/base/printable.h"
#include "signet/base/threads.h"
#include "signet/data/atomic_file.h"
#include "signet/data/csv_lines.h"

namespace signet {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// What the samples say of each image.
struct Answers {
  std::vector<float> probabilities, entropy, mutual_information;
  std::vector<int64_t> labels;
};

/// How far the threads are, on a terminal only.
class Counter {
 public:
  explicit Counter(int64_t all)
      : all_(all), shown_(isatty(STDERR_FILENO) != 0), last_(Clock::now()) {}
  ~Counter() {
    if (shown_) std::fprintf(stderr, "\r\033[K");
  }
  void add(int64_t images) {
    const int64_t done = done_ += images;
    if (!shown_ || busy_.test_and_set()) return;
    if (seconds_since(last_) > 0.2) {
      last_ = Clock::now();
      std::fprintf(stderr, "\r%ld of %ld images", static_cast<long>(done),
                   static_cast<long>(all_));
    }
    busy_.clear();
  }

 private:
  int64_t all_;
  bool shown_;
  Clock::time_point last_;
  std::atomic<int64_t> done_ = 0;
  std::atomic_flag busy_;
};

/// Images [first, end) on this thread. The error, or "".
std::string sample_images(const runtime::Model& model, const Inputs& inputs,
                          const SampledRun& o, int64_t first, int64_t end,
                          Counter& counter, Answers& answers) {
  constexpr int64_t kAtOnce = 64;
  auto workspace = runtime::Workspace::create(model);
  if (!workspace) return workspace.error().message;
  const auto part = [](auto& values, int64_t at, int64_t count, int64_t width) {
    return std::span(values).subspan(static_cast<size_t>(at * width),
                                     static_cast<size_t>(count * width));
  };
  for (; first < end; first += kAtOnce) {
    const int64_t count = std::min(kAtOnce, end - first);
    const auto done = model.sample(
        part(inputs.images, first, count, inputs.features), count,
        {.samples = o.samples, .seed = o.seed, .first_image = first},
        *workspace,
        {part(answers.probabilities, first, count, model.info().outputs),
         part(answers.entropy, first, count, 1),
         part(answers.mutual_information, first, count, 1)});
    if (!done) return done.error().message;
    counter.add(count);
  }
  return "";
}

Answers sample_all(const runtime::Model& model, const Inputs& inputs,
                   const SampledRun& o) {
  const auto count = static_cast<size_t>(inputs.count);
  const auto outputs = static_cast<size_t>(model.info().outputs);
  Answers answers{.probabilities = std::vector<float>(count * outputs),
                  .entropy = std::vector<float>(count),
                  .mutual_information = std::vector<float>(count),
                  .labels = {}};
  const int64_t threads = std::clamp<int64_t>(o.threads, 1, inputs.count);
  std::vector<std::string> errors(static_cast<size_t>(threads));
  {
    Counter counter(inputs.count);
    on_threads(threads, "--threads", [&](int64_t t) {
      errors[static_cast<size_t>(t)] =
          sample_images(model, inputs, o, inputs.count * t / threads,
                        inputs.count * (t + 1) / threads, counter, answers);
    });
  }
  for (const auto& error : errors) {
    if (!error.empty()) throw std::runtime_error(error);
  }
  for (size_t i = 0; i < count; ++i) {
    const auto* p = answers.probabilities.data() + i * outputs;
    answers.labels.push_back(std::max_element(p, p + outputs) - p);
  }
  return answers;
}

/// Means over some of the images.
struct Group {
  const char* name;
  int64_t images = 0;
  double entropy = 0, mutual_information = 0;

  void add(const Answers& answers, size_t i) {
    ++images;
    entropy += answers.entropy[i];
    mutual_information += answers.mutual_information[i];
  }
  double mean(double sum) const {
    return images == 0 ? 0 : sum / static_cast<double>(images);
  }
};

void write_csv(const runtime::ModelInfo& info, const Answers& answers,
               const std::string& path) {
  const auto outputs = static_cast<size_t>(info.outputs);
  std::string text = "index,class,name,entropy,mutual_information";
  for (size_t j = 0; j < outputs; ++j) text += ",p" + std::to_string(j);
  text += '\n';
  const auto number = [](float value) {
    return general_text(static_cast<double>(value), 6);
  };
  for (size_t i = 0; i < answers.labels.size(); ++i) {
    std::vector<std::string> row = {
        std::to_string(i), std::to_string(answers.labels[i]),
        class_name(info, answers.labels[i]), number(answers.entropy[i]),
        number(answers.mutual_information[i])};
    for (size_t j = 0; j < outputs; ++j)
      row.push_back(number(answers.probabilities[i * outputs + j]));
    text += csv_line(row);
  }
  write_atomically(path, text);
}

}  // namespace

int run_samples(const runtime::Model& model, const Inputs& inputs,
                const SampledRun& o) {
  const auto& info = model.info();
  check(info.has_noise, "run",
        "the model has no noise to draw units from; export it again with "
        "--noise");
  const auto start = Clock::now();
  const auto answers = sample_all(model, inputs, o);
  const double seconds = seconds_since(start);
  if (!o.out.empty()) write_csv(info, answers, o.out);
  auto* const summary = summary_stream({o.out});

  Group groups[] = {{"right"}, {"wrong"}, {"all"}};
  double loss = 0;
  std::map<int64_t, int64_t> counts;
  for (size_t i = 0; i < answers.labels.size(); ++i) {
    ++counts[answers.labels[i]];
    groups[2].add(answers, i);
    if (inputs.labels.empty()) continue;
    groups[answers.labels[i] == inputs.labels[i] ? 0 : 1].add(answers, i);
    const auto label = std::min<int64_t>(inputs.labels[i], info.outputs - 1);
    const double p =
        answers.probabilities[i * static_cast<size_t>(info.outputs) +
                              static_cast<size_t>(label)];
    loss -= std::log(std::max(p, 1e-38));
  }
  const bool labelled = !inputs.labels.empty();
  const auto images = static_cast<double>(inputs.count);
  const double accuracy =
      100.0 * static_cast<double>(groups[0].images) / images;
  const auto isa = std::string(isa_name(model.isa()));
  if (o.json) {
    nlohmann::json all = {{"images", inputs.count},
                          {"samples", o.samples},
                          {"seed", o.seed},
                          {"seconds", seconds},
                          {"isa", isa},
                          {"classes", nlohmann::json::array()}};
    for (const auto& [label, count] : counts)
      all["classes"].push_back({{"class", label},
                                {"name", class_name(info, label)},
                                {"count", count}});
    for (const auto& group : groups) {
      if (!labelled && &group != &groups[2]) continue;
      all["entropy_nats"][group.name] = group.mean(group.entropy);
      all["mutual_information_nats"][group.name] =
          group.mean(group.mutual_information);
    }
    if (labelled) {
      all["accuracy_percent"] = accuracy;
      all["loss_nats"] = loss / images;
    }
    std::fprintf(summary, "%s\n", json_text(all).c_str());
    return 0;
  }
  std::fprintf(
      summary,
      "%ld images, %ld samples each, in %.1f ms (%.1f us an image, %s kernels, "
      "%ld thread%s)\n",
      static_cast<long>(inputs.count), static_cast<long>(o.samples),
      1e3 * seconds, 1e6 * seconds / images, isa.c_str(),
      static_cast<long>(o.threads), o.threads == 1 ? "" : "s");
  for (const auto& [label, count] : counts)
    std::fprintf(summary, "%8ld  %s\n", static_cast<long>(count),
                 printable(class_name(info, label)).c_str());
  if (labelled) {
    std::fprintf(summary,
                 "accuracy %.2f %%, negative log-likelihood %.4f nats\n",
                 accuracy, loss / images);
  }
  std::fprintf(summary, "%-6s %8s  %13s  %23s\n", "images", "", "entropy, nats",
               "mutual information, nats");
  for (const auto& group : groups) {
    if (!labelled && &group != &groups[2]) continue;
    std::fprintf(summary, "%-6s %8ld  %13.4f  %23.4f\n", group.name,
                 static_cast<long>(group.images), group.mean(group.entropy),
                 group.mean(group.mutual_information));
  }
  return 0;
}

}  // namespace signet
