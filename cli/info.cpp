// signet info FILE: a model file, a checkpoint or a run folder.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/json_text.h"
#include "signet/base/nesting.h"
#include "signet/base/printable.h"
#include "signet/data/atomic_file.h"
#include "signet/data/run_files.h"
#include "signet/data/safetensors.h"
#include "signet/export/expect.h"
#include "signet/runtime/model.h"

namespace signet {
namespace {

namespace fs = std::filesystem;

/// Of a text of a file: a recipe or a note is longer than a name.
constexpr size_t kMostOfText = 2000;

std::string shown(const fs::path& path) {
  return printable(path.string(), 500);
}

/// What both kinds of file say about one layer.
struct Row {
  std::string name, shape, bits, detail;
  int64_t macs = 0, bytes = 0;
};

void print_rows(const std::vector<Row>& rows, const char* detail) {
  int wide = 14;
  for (const auto& r : rows)
    wide = std::max(wide, static_cast<int>(printable(r.shape).size()));
  std::printf("%-14s %-*s %6s %12s %10s  %s\n", "layer", wide, "shape", "bits",
              "MACs", "bytes", detail);
  int64_t macs = 0, bytes = 0;
  for (const auto& r : rows) {
    std::printf("%-14s %-*s %6s %12ld %10ld  %s\n", printable(r.name).c_str(),
                wide, printable(r.shape).c_str(), r.bits.c_str(),
                static_cast<long>(r.macs), static_cast<long>(r.bytes),
                r.detail.c_str());
    macs += r.macs;
    bytes += r.bytes;
  }
  std::printf("%-14s %-*s %6s %12ld %10ld\n", "total", wide, "", "",
              static_cast<long>(macs), static_cast<long>(bytes));
}

/// "784" for a row, "28x28x64" for an image: height, width, channels.
std::string text(const runtime::MapShape& shape) {
  return shape.pixels() == 1 ? std::to_string(shape.channels)
                             : to_string(shape);
}

nlohmann::json rows_json(const std::vector<Row>& rows) {
  auto all = nlohmann::json::array();
  for (const auto& r : rows) {
    all.push_back({{"name", r.name},
                   {"shape", r.shape},
                   {"bits", r.bits},
                   {"macs", r.macs},
                   {"bytes", r.bytes},
                   {"detail", r.detail}});
  }
  return all;
}

/// A file that was read whole, as a pipe can be read but once.
struct ReadFile {
  std::string name;
  std::vector<uint8_t> bytes;
};

void show_model(const ReadFile& file, bool json) {
  const auto model =
      expect(runtime::Model::from_bytes(file.bytes), "info: " + file.name);
  const auto& info = model.info();
  std::vector<Row> rows;
  for (const auto& layer : info.layers) {
    rows.push_back(
        {.name = layer.name,
         .shape = text(layer.in) + " -> " + text(layer.out),
         .bits = layer.weights != 0 ? std::to_string(layer.weight_bits) : "",
         .detail = layer.window.empty() ? layer.kernel
                                        : layer.window + "; " + layer.kernel,
         .macs = layer.macs,
         .bytes = layer.file_bytes});
    if (layer.noise != runtime::NoiseFamily::none) {
      rows.back().detail +=
          std::string("; ") + noise_name(layer.noise) + " noise";
    }
  }
  if (json) {
    nlohmann::json metadata = nlohmann::json::object();
    for (const auto& [key, value] : info.metadata) metadata[key] = value;
    std::printf("%s\n",
                json_text(nlohmann::json({{"kind", "model"},
                                          {"name", info.name},
                                          {"file_bytes", file.bytes.size()},
                                          {"layers", rows_json(rows)},
                                          {"classes", info.classes},
                                          {"metadata", metadata}}))
                    .c_str());
    return;
  }
  std::printf("%s: model '%s', %s inputs, %ld classes, %zu bytes\n",
              shown(file.name).c_str(), printable(info.name).c_str(),
              text(info.in).c_str(), static_cast<long>(info.outputs),
              file.bytes.size());
  print_rows(rows, "kernel here");
  for (const auto& [key, value] : info.metadata)
    std::printf("%s: %s\n", printable(key).c_str(),
                printable(value, kMostOfText).c_str());
}

std::string metadata(const Safetensors& file, const std::string& key) {
  const auto found = file.metadata.find(key);
  return found == file.metadata.end() ? "" : found->second;
}

/// Layers as the trainer noted them down in the checkpoint.
std::vector<Row> checkpoint_rows(const Safetensors& file) {
  const auto note = metadata(file, "layers");
  nlohmann::json layers;
  if (json_nesting(note) <= kMaxNesting)
    layers = nlohmann::json::parse(note, nullptr, false);
  constexpr const char* kDamaged =
      "the checkpoint's table of layers is damaged";
  check(layers.is_array(), "info", kDamaged);
  std::vector<Row> rows;
  std::string before = metadata(file, "inputs");
  for (const auto& layer : layers) {
    check(layer.is_object(), "info", kDamaged);
    const auto number = [&](const char* key) {
      const auto found = layer.find(key);
      if (found == layer.end()) return int64_t{0};
      check(found->is_number_integer(), "info", kDamaged);
      return found->get<int64_t>();
    };
    const auto word = [&](const char* key) {
      const auto found = layer.find(key);
      if (found == layer.end()) return std::string("?");
      check(found->is_string(), "info", kDamaged);
      return found->get<std::string>();
    };
    const auto outputs = word("output");
    const bool binary = number("binary_weights") > 0;
    const bool weights = binary || number("real_weights") > 0;
    rows.push_back(
        {.name = word("name"),
         .shape = before + " -> " + outputs,
         .bits = weights ? (binary ? "1" : "32") : "",
         .detail =
             weights ? std::to_string(number("binary_weights")) + " binary, " +
                           std::to_string(number("real_weights")) + " real"
                     : "",
         .macs = number("binary_macs") + number("real_macs"),
         .bytes = number("bytes")});
    before = outputs;
  }
  return rows;
}

void show_checkpoint(const ReadFile& read, bool json) {
  const auto file = decode_safetensors(read.bytes, read.name);
  const bool ours = file.is_checkpoint();
  if (json) {
    nlohmann::json tensors = nlohmann::json::object();
    for (const auto& [name, tensor] : file.tensors)
      tensors[name] = {{"dtype", tensor.dtype}, {"shape", tensor.shape}};
    nlohmann::json all = {{"kind", ours ? "checkpoint" : "tensors"},
                          {"file_bytes", read.bytes.size()},
                          {"tensors", tensors},
                          {"metadata", file.metadata}};
    if (ours) all["layers"] = rows_json(checkpoint_rows(file));
    std::printf("%s\n", json_text(all).c_str());
    return;
  }
  std::printf("%s: %s%zu tensors, %zu bytes\n", shown(read.name).c_str(),
              ours ? "checkpoint, " : "", file.tensors.size(),
              read.bytes.size());
  if (ours) {
    std::printf("epoch %s, step %s\n",
                printable(metadata(file, "epoch")).c_str(),
                printable(metadata(file, "steps")).c_str());
    print_rows(checkpoint_rows(file), "weights");
    return;
  }
  for (const auto& [key, value] : file.metadata)
    std::printf("%s: %s\n", printable(key).c_str(),
                printable(value, kMostOfText).c_str());
  for (const auto& [name, tensor] : file.tensors) {
    std::string shape;
    for (const auto size : tensor.shape) shape += " " + std::to_string(size);
    std::printf("  %-40s %s%s\n", printable(name).c_str(),
                printable(tensor.dtype).c_str(), shape.c_str());
  }
}

/// The JSON of safetensors begins behind the 8 bytes of its length, where a
/// model file has its mark.
bool is_safetensors(const std::vector<uint8_t>& bytes) {
  return bytes.size() > 8 && bytes[8] == '{';
}

int run(fs::path path, bool json) {
  check(path == "-" || fs::exists(path), "info",
        "there is no '" + shown(path) +
            "'; it takes a model file, a checkpoint or a run folder");
  if (fs::is_directory(path)) {
    const auto checkpoint = run_file(path, "checkpoint.safetensors");
    check(fs::exists(checkpoint), path.string(),
          "must be a run folder, but it holds no checkpoint.safetensors");
    path = checkpoint;
  }
  const ReadFile file{path == "-" ? "standard input" : path.string(),
                      read_file(path)};
  if (path.extension() == ".safetensors" || is_safetensors(file.bytes))
    show_checkpoint(file, json);
  else
    show_model(file, json);
  return 0;
}

const Registered<Command> entry{{
    .name = "info",
    .summary = "What a model file, checkpoint or run folder contains",
    .setup = [](CLI::App& app) -> std::function<int()> {
      auto path = std::make_shared<std::string>();
      auto json = std::make_shared<bool>(false);
      app.add_option("file", *path, "model file, checkpoint or run folder")
          ->required();
      app.add_flag("--json", *json, "print JSON");
      return [path, json] { return run(*path, *json); };
    },
}};

}  // namespace
}  // namespace signet
