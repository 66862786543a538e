// signet export RUN --out FILE [--c-array FILE] [--noise]

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/json_text.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/training/start_torch.h"
#include "cli/write_c_array.h"
#include "signet/base/number.h"
#include "signet/base/printable.h"
#include "signet/base/threads.h"
#include "signet/experiments/progress.h"
#include "signet/experiments/run_data.h"
#include "signet/export/export_model.h"

namespace signet {
namespace {

struct Options {
  std::string run, out, c_array, data;
  int threads = 0;
  bool noise = false;
  bool json = false;
};

/// How scores were compared. Those of real weights are sums of floats, which
/// no two orders of addition give alike.
std::string score_text(const Proof& proof) {
  if (!proof.real) return "bit by bit";
  return "of real weights: at most " + general_text(proof.real->difference, 2) +
         " apart, rounding allows " + general_text(proof.real->bound, 2) +
         "; " + std::to_string(proof.real->ties) +
         " classes differ where scores tie within that";
}

/// What the file says of its origin; of the shape of images only what the name
/// of the data set does not.
std::vector<std::pair<std::string, std::string>> metadata_of(
    const TrainedRun& run) {
  const auto& recipe = run.recipe;
  std::vector<std::pair<std::string, std::string>> metadata = {
      {"seed", std::to_string(recipe.seed)},
      {"epochs", std::to_string(run.epoch)},
      {"data", recipe.data.set},
      {"estimator", recipe.train.estimator}};
  for (const auto& set : known_datasets()) {
    if (set.name == recipe.data.set && set.image_shape.empty())
      metadata.emplace_back("images", run.network->spec().input.text());
  }
  return metadata;
}

int run(const Options& o) {
  check_distinct({"--c-array", o.c_array}, {"--out", o.out});
  start_torch(o.threads);
  const auto trained = load_run(o.run);
  const auto& recipe = trained.recipe;
  const auto test = load_test_data(trained, o.data);
  Progress progress("proving", static_cast<double>(test.size()), "images");
  const auto exported = export_model(
      *trained.network, recipe.name, test, metadata_of(trained), o.out,
      {.noise = o.noise},
      [&](int64_t done) { progress.update(static_cast<double>(done)); });
  progress.cancel();
  const auto& proof = exported.proof;
  if (!proof.holds()) {
    std::fprintf(stderr,
                 "signet: export: the packed network differs from the trained "
                 "one in %ld places, first: %s. Nothing was written\n",
                 static_cast<long>(proof.different),
                 proof.first_difference.c_str());
    return 1;
  }
  if (!o.c_array.empty()) write_c_array(exported.file, o.c_array, "");
  const double ratio = static_cast<double>(exported.float_bytes) /
                       static_cast<double>(exported.bytes);
  const double accuracy = 100.0 * static_cast<double>(proof.correct) /
                          static_cast<double>(proof.examples);
  auto* const summary = summary_stream({o.out, o.c_array});
  if (o.json) {
    nlohmann::json result = {{"file", o.out},
                             {"bytes", exported.bytes},
                             {"float_bytes", exported.float_bytes},
                             {"ratio", ratio},
                             {"examples", proof.examples},
                             {"integers", proof.integers},
                             {"bits", proof.bits},
                             {"scores", proof.scores},
                             {"classes", proof.classes},
                             {"different", proof.different},
                             {"accuracy_percent", accuracy},
                             {"isa", isa_name(exported.isa)}};
    if (proof.real) {
      result["score_bound"] = proof.real->bound;
      result["score_difference"] = proof.real->difference;
      result["class_ties"] = proof.real->ties;
    }
    std::fprintf(summary, "%s\n", json_text(result).c_str());
    return 0;
  }
  std::fprintf(
      summary,
      "proved equal to LibTorch on %ld test images (%s kernels):\n"
      "  %12ld pre-activations\n  %12ld hidden bits\n  %12ld scores, %s\n"
      "  %12ld classes, %.2f %% of them right\n"
      "%s: %ld bytes, 1/%.1f of %ld bytes of fp32 weights\n",
      static_cast<long>(proof.examples),
      std::string(isa_name(exported.isa)).c_str(),
      static_cast<long>(proof.integers), static_cast<long>(proof.bits),
      static_cast<long>(proof.scores), score_text(proof).c_str(),
      static_cast<long>(proof.classes), accuracy, printable(o.out, 500).c_str(),
      static_cast<long>(exported.bytes), ratio,
      static_cast<long>(exported.float_bytes));
  return 0;
}

const Registered<Command> entry{{
    .name = "export",
    .summary = "Pack a trained run into a model file, proved equal to it",
    .setup = [](CLI::App& app) -> std::function<int()> {
      auto o = std::make_shared<Options>();
      app.add_option("run", o->run, "run folder")->required();
      checks_output_file(
          app.add_option("--out", o->out, "model file, NAME.signet")
              ->required());
      checks_output_file(
          app.add_option("--c-array", o->c_array,
                         "the same file as a C header, see signet embed"));
      app.add_option("--data", o->data,
                     "prove it on this data set (a name, or a folder), "
                     "wherever the run's own is");
      app.add_flag("--noise", o->noise,
                   "keep the noise of the units, 8 bytes a channel, for "
                   "'signet run --samples'");
      app.add_option("--threads", o->threads, "threads (default: all cores)")
          ->check(whole_number(1, kMostThreads));
      app.add_flag("--json", o->json, "print JSON");
      app.footer(
          "\nEvery pre-activation, hidden bit, score and class of all test "
          "images is compared\nwith LibTorch's first; if one differs, nothing "
          "is written and the exit status is 1. Scores\nof real weights in "
          "the last layer are compared within the bound of their rounding.");
      return [o] { return run(*o); };
    },
}};

}  // namespace
}  // namespace signet
