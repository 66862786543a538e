// signet run MODEL --data DATA

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <thread>

#include "cli/command.h"
#include "signet/data/atomic_file.h"
#include "signet/data/dataset.h"
#include "signet/data/idx.h"
#include "signet/export/expect.h"
#include "signet/runtime/model.h"

namespace signet {
namespace {

struct Options {
  std::string model, data, out;
  int64_t threads = 1;
  bool json = false;
};

/// What to classify: images, and labels if the data has them.
struct Inputs {
  std::vector<uint8_t> images = {};
  std::vector<uint8_t> labels = {};
  int64_t count = 0;
  int64_t features = 0;
  std::vector<int64_t> shape = {};  ///< of an image; channels first if three
};

Inputs from_dataset(Dataset data) {
  Inputs inputs{.count = data.size(),
                .features = data.features(),
                .shape = data.image_shape};
  inputs.images = std::move(data.images);
  inputs.labels = std::move(data.labels);
  return inputs;
}

/// A data set's name (its test part), a folder of the four IDX files, or one
/// IDX file of images.
Inputs load_inputs(const std::string& data) {
  for (const auto& set : known_datasets()) {
    if (set.name != data) continue;
    check(!set.default_folder.empty(), "--data",
          "must name the folder of the data set " + data +
              ", which no package installs");
    return from_dataset(load_dataset({.name = data, .folder = {}}, Part::test));
  }
  if (std::filesystem::is_directory(data)) {
    const bool cifar =
        std::filesystem::exists(std::filesystem::path(data) / "test_batch.bin");
    return from_dataset(load_dataset(
        {.name = cifar ? "cifar-10" : "idx", .folder = data}, Part::test));
  }
  if (!std::filesystem::exists(data)) {
    std::vector<std::string> names;
    for (const auto& set : known_datasets()) names.push_back(set.name);
    throw UsageError(
        "--data: must be a data set (" + join(names) +
        "), a folder of IDX files or of CIFAR-10's, or an IDX file of "
        "images, but "
        "there is no '" +
        data + "'");
  }
  auto array = read_idx(data);
  check(!array.shape.empty() && array.shape[0] > 0, data,
        "must hold at least one image");
  Inputs inputs;
  inputs.count = array.shape[0];
  inputs.features = static_cast<int64_t>(array.values.size()) / array.shape[0];
  inputs.images = std::move(array.values);
  inputs.shape.assign(array.shape.begin() + 1, array.shape.end());
  return inputs;
}

std::string join_sizes(const std::vector<int64_t>& shape) {
  std::vector<std::string> sizes;
  for (const auto size : shape) sizes.push_back(std::to_string(size));
  return join(sizes, " x ");
}

/// A model that reads rows takes images of any shape, one that reads images
/// those of its own, with or without an axis for a single channel.
void check_shape(const runtime::ModelInfo& info, const Inputs& inputs,
                 const std::string& data) {
  check(inputs.features == info.inputs, data,
        "the images must have " + std::to_string(info.inputs) +
            " pixels, as the model reads, but they have " +
            std::to_string(inputs.features));
  const auto& [height, width, channels] = info.in;
  if (info.in.pixels() == 1) return;
  auto shape = inputs.shape;
  if (shape.size() == 2) shape.insert(shape.begin(), 1);
  const std::vector<int64_t> expected = {channels, height, width};
  check(shape == expected, data,
        "the images must be " + join_sizes(expected) +
            " (channels, height, width), as the model reads, but they are " +
            join_sizes(shape));
}

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
  std::vector<std::thread> workers;
  for (int64_t t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      errors[static_cast<size_t>(t)] =
          classify_rows(model, inputs, inputs.count * t / threads,
                        inputs.count * (t + 1) / threads, labels);
    });
  }
  for (auto& worker : workers) worker.join();
  for (const auto& error : errors) {
    if (!error.empty()) throw std::runtime_error(error);
  }
  return labels;
}

std::string class_name(const runtime::ModelInfo& info, int64_t label) {
  return info.classes.empty() ? std::to_string(label)
                              : info.classes.at(static_cast<size_t>(label));
}

int run(const Options& o) {
  const auto model = expect(runtime::Model::load(o.model), "run");
  const auto& info = model.info();
  const auto inputs = load_inputs(o.data);
  check_shape(info, inputs, o.data);
  const auto start = std::chrono::steady_clock::now();
  const auto labels = classify_all(model, inputs, o.threads);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  if (!o.out.empty()) {
    std::string text = "index,class,name\n";
    for (size_t i = 0; i < labels.size(); ++i) {
      text += std::to_string(i) + "," + std::to_string(labels[i]) + "," +
              class_name(info, labels[i]) + "\n";
    }
    write_atomically(o.out, text);
  }
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
    std::printf("%s\n", all.dump(2).c_str());
    return 0;
  }
  std::printf(
      "%ld images in %.1f ms (%.1f us each, %s kernels, %ld thread%s)\n",
      static_cast<long>(inputs.count), 1e3 * seconds,
      1e6 * seconds / static_cast<double>(inputs.count), isa.c_str(),
      static_cast<long>(o.threads), o.threads == 1 ? "" : "s");
  for (const auto& [label, count] : counts)
    std::printf("%8ld  %s\n", static_cast<long>(count),
                class_name(info, label).c_str());
  if (!inputs.labels.empty()) std::printf("accuracy %.2f %%\n", accuracy);
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
      app.add_option("--out", o->out, "write index,class,name of each, CSV");
      app.add_option("--threads", o->threads, "threads (default 1)")
          ->check(CLI::PositiveNumber);
      app.add_flag("--json", o->json, "print JSON");
      return [o] { return run(*o); };
    },
}};

}  // namespace
}  // namespace signet
