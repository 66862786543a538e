// signet bench MODEL --batch 1,64; signet bench --calibrate

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/json_text.h"
#include "cli/option_checks.h"
#include "cli/training/start_torch.h"
#include "signet/data/atomic_file.h"
#include "signet/experiments/latency.h"
#include "signet/experiments/pinned_thread.h"
#include "signet/export/expect.h"
#include "signet/runtime/calibrate.h"
#include "signet/runtime/format/model_file.h"
#include "signet/runtime/model.h"

namespace signet {
namespace {

struct Options {
  std::string model;
  std::vector<int64_t> batches{1, 64};
  bool json = false;
  bool calibrate = false;
};

int run_calibration() {
  const auto isa = expect(runtime::choose_isa(), "bench");
  const PinnedThread pinned;
  std::fputs(to_text(runtime::calibrate(isa)).c_str(), stdout);
  return 0;
}

int run(const Options& o) {
  const auto bytes = read_file(o.model);
  const auto description = expect(runtime::parse(bytes), o.model);
  const auto model = expect(runtime::Model::from_bytes(bytes), o.model);
  const PinnedThread pinned;
  start_torch(1);
  const auto rows = measure_latency(model, description, o.batches);
  const auto isa = std::string(isa_name(model.isa()));
  if (o.json) {
    nlohmann::json all = {{"isa", isa},
                          {"processor", pinned.processor()},
                          {"threads", 1},
                          {"batches", nlohmann::json::array()},
                          {"kernels", nlohmann::json::array()}};
    for (const auto& r : rows)
      all["batches"].push_back({{"batch", r.batch},
                                {"packed_seconds", r.packed_seconds},
                                {"libtorch_fp32_seconds", r.torch_seconds},
                                {"ratio", r.ratio}});
    for (const auto& layer : model.info().layers)
      all["kernels"].push_back(
          {{"layer", layer.name}, {"kernel", layer.kernel}});
    std::printf("%s\n", json_text(all).c_str());
    return 0;
  }
  if (pinned.processor() >= 0)
    std::printf("one thread pinned to processor %d; medians\n",
                pinned.processor());
  else
    std::printf("one thread, not pinned (the system refused); medians\n");
  for (const auto& layer : model.info().layers)
    std::printf("%-12s %4ld -> %-5ld %s\n", layer.name.c_str(),
                static_cast<long>(layer.inputs),
                static_cast<long>(layer.outputs), layer.kernel.c_str());
  std::printf("%6s  %14s  %16s  %8s\n", "batch", "packed", "LibTorch fp32",
              "ratio");
  for (const auto& r : rows)
    std::printf("%6ld  %11.2f us  %13.1f us  %7.1fx\n",
                static_cast<long>(r.batch), 1e6 * r.packed_seconds,
                1e6 * r.torch_seconds, r.ratio);
  return 0;
}

const Registered<Command> entry{{
    .name = "bench",
    .summary = "Latency of a model file against the same network in LibTorch",
    .setup = [](CLI::App& app) -> std::function<int()> {
      auto o = std::make_shared<Options>();
      auto* model = app.add_option("model", o->model, "model file");
      app.add_flag("--calibrate", o->calibrate,
                   "time the alternatives of the runtime's constants instead")
          ->excludes(model);
      app.add_option("--batch", o->batches,
                     "batch sizes, comma separated (default 1,64)")
          ->delimiter(',')
          ->check(whole_number(1, 65536));
      app.add_flag("--json", o->json, "print JSON");
      return [o] {
        if (o->calibrate) return run_calibration();
        if (o->model.empty())
          throw UsageError("bench: needs a model file, or --calibrate");
        return run(*o);
      };
    },
}};

}  // namespace
}  // namespace signet
