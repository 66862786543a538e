// signet run MODEL --data DATA [--samples S]

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>

#include "cli/command.h"
#include "cli/json_text.h"
#include "cli/load_model.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/run_inputs.h"
#include "cli/run_samples.h"
#include "signet/base/printable.h"
#include "signet/base/threads.h"
#include "signet/data/atomic_file.h"
#include "signet/data/csv_lines.h"
#include "signet/data/dataset_help.h"

namespace signet {
namespace {

struct Options {
  std::string model, data, out;
  int64_t threads = 1;
  int64_t samples = 0;
  uint64_t seed = 1;
  bool json = false;
};

/// Classifies rows [first, end) on this thread.
std::string classify_rows(const runtime::Model& model, const Inputs& inputs,
                          int64_t first, int64_t end,
                          std::vector<int32_t>& labels) {
  auto workspace = runtime::Workspace::create(model);
  if (!workspace) return workspace.error().message;
  const auto at = [&](int64_t row) {
    return static_cast<size_t>(row * inputs.features);
  };
  const auto done = model.classify(
      std::span(inputs.images).subspan(at(first), at(end - first)), end - first,
      *workspace,
      std::span(labels).subspan(static_cast<size_t>(first),
                                static_cast<size_t>(end - first)));
  return done ? "" : done.error().message;
}

std::vector<int32_t> classify_all(const runtime::Model& model,
                                  const Inputs& inputs, int64_t threads) {
  std::vector<int32_t> labels(static_cast<size_t>(inputs.count));
  threads = std::clamp<int64_t>(threads, 1, inputs.count);
  std::vector<std::string> errors(static_cast<size_t>(threads));
  on_threads(threads, "--threads", [&](int64_t t) {
    errors[static_cast<size_t>(t)] =
        classify_rows(model, inputs, inputs.count * t / threads,
                      inputs.count * (t + 1) / threads, labels);
  });
  for (const auto& error : errors) {
    if (!error.empty()) throw std::runtime_error(error);
  }
  return labels;
}

int run(const Options& o) {
  for (const auto& read : {NamedFile{"the model", o.model}, {"--data", o.data}})
    check_not_replaced(read, {"--out", o.out});
  const auto model = load_model(o.model, "run");
  const auto& info = model.info();
  const auto inputs = load_inputs(o.data, info);
  if (o.samples > 0) {
    return run_samples(model, inputs,
                       {.samples = o.samples,
                        .seed = o.seed,
                        .threads = o.threads,
                        .out = o.out,
                        .json = o.json});
  }
  const auto start = std::chrono::steady_clock::now();
  const auto labels = classify_all(model, inputs, o.threads);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  if (!o.out.empty()) {
    std::string text = "index,class,name\n";
    for (size_t i = 0; i < labels.size(); ++i) {
      text += csv_line({std::to_string(i), std::to_string(labels[i]),
                        class_name(info, labels[i])});
    }
    write_atomically(o.out, text);
  }
  auto* const summary = summary_stream({o.out});
  int64_t correct = 0;
  std::map<int32_t, int64_t> counts;
  for (size_t i = 0; i < labels.size(); ++i) {
    ++counts[labels[i]];
    if (!inputs.labels.empty()) correct += labels[i] == inputs.labels[i];
  }
  const double accuracy =
      100.0 * static_cast<double>(correct) / static_cast<double>(inputs.count);
  const auto isa = std::string(isa_name(model.isa()));
  if (o.json) {
    nlohmann::json all = {{"images", inputs.count},
                          {"seconds", seconds},
                          {"isa", isa},
                          {"classes", nlohmann::json::array()}};
    for (const auto& [label, count] : counts)
      all["classes"].push_back({{"class", label},
                                {"name", class_name(info, label)},
                                {"count", count}});
    if (!inputs.labels.empty()) all["accuracy_percent"] = accuracy;
    std::fprintf(summary, "%s\n", json_text(all).c_str());
    return 0;
  }
  std::fprintf(
      summary,
      "%ld images in %.1f ms (%.1f us each, %s kernels, %ld thread%s)\n",
      static_cast<long>(inputs.count), 1e3 * seconds,
      1e6 * seconds / static_cast<double>(inputs.count), isa.c_str(),
      static_cast<long>(o.threads), o.threads == 1 ? "" : "s");
  for (const auto& [label, count] : counts)
    std::fprintf(summary, "%8ld  %s\n", static_cast<long>(count),
                 printable(class_name(info, label)).c_str());
  if (!inputs.labels.empty())
    std::fprintf(summary, "accuracy %.2f %%\n", accuracy);
  return 0;
}

const Registered<Command> entry{{
    .name = "run",
    .summary = "Classify images with a model file (no LibTorch)",
    .setup = [](CLI::App& app) -> std::function<int()> {
      auto o = std::make_shared<Options>();
      app.add_option("model", o->model, "model file")->required();
      app.add_option("--data", o->data,
                     "data set by name (its test part), folder of IDX files, "
                     "or IDX file of images")
          ->required();
      app.add_option("--samples", o->samples,
                     "draw the units of the network this many times an image "
                     "and average")
          ->check(whole_number(1, 1 << 20));
      app.add_option("--seed", o->seed, "of the draws (default 1)")
          ->check(whole_number(0));
      checks_output_file(app.add_option(
          "--out", o->out,
          "write index,class,name of each, CSV; of samples also "
          "entropy,\nmutual_information and the mean probability of "
          "each class"));
      app.add_option("--threads", o->threads, "threads (default 1)")
          ->check(whole_number(1, kMostThreads));
      app.add_flag("--json", o->json, "print JSON");
      app.footer(
          "\nWith --samples every unit is drawn from its noise, in a model "
          "that was exported with\n--noise. Entropy of the mean probabilities "
          "is all uncertainty about an image, mutual\ninformation the part "
          "about which the samples disagree, both in nats. The same seed "
          "gives\nthe same draws on every machine and number of threads.\n\n" +
          dataset_help());
      return [o] { return run(*o); };
    },
}};

}  // namespace
}  // namespace signet
