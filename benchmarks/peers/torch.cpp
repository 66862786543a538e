// LibTorch: fp32 in the ways its users have, of which the fastest counts, and
// int8 by its oneDNN engine. ReLU stands for the sign. Inputs are ready:
// floats, or quantised.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/script.h>

#include "benchmarks/peers/compare.h"

namespace signet::peers {
namespace {

/// A network as a list of steps; a linear layer flattens what comes in.
struct Step {
  enum Kind { kLinear, kConv, kPool } kind;
  int64_t inputs = 0, outputs = 0;
};

struct Network {
  std::vector<int64_t> in;  ///< shape of the input
  std::vector<Step> steps;
};

Network network_of(const Task& task) {
  const auto& s = task.sizes;
  if (task.kind == "linear") {
    return {{s[0], s[1]}, {{Step::kLinear, s[1], s[2]}}};
  }
  if (task.kind == "conv") {
    return {{1, s[1], s[0], s[0]}, {{Step::kConv, s[1], s[2]}}};
  }
  if (task.kind == "vgg28") {
    return {{s[0], 1, 28, 28},
            {{Step::kConv, 1, 64},
             {Step::kConv, 64, 64},
             {Step::kPool},
             {Step::kConv, 64, 128},
             {Step::kConv, 128, 128},
             {Step::kPool},
             {Step::kLinear, 6272, 512},
             {Step::kLinear, 512, 10}}};
  }
  return {{s[0], 784},
          {{Step::kLinear, 784, 1024},
           {Step::kLinear, 1024, 1024},
           {Step::kLinear, 1024, 10}}};
}

/// Of element-wise kernels; products are oneDNN's or OpenBLAS's.
std::string level_in_use() {
  const std::string config = at::show_config();
  const std::string before = "CPU capability usage: ";
  const auto at = config.find(before);
  if (at == std::string::npos) return "its own choice";
  const auto from = at + before.size();
  return config.substr(from, config.find_first_of("\n ", from) - from) +
         " + oneDNN";
}

std::string name(const char* letter, size_t i) {
  return letter + std::to_string(i);
}

/// Has the parameters w0, b0, ... and forward() as a user would write it.
torch::jit::Module make_module(const Network& network) {
  torch::jit::Module module("network");
  std::string code = "def forward(self, x):\n";
  for (size_t i = 0; i < network.steps.size(); ++i) {
    const Step& step = network.steps[i];
    if (step.kind == Step::kPool) {
      code += "  x = torch.max_pool2d(x, [2, 2])\n";
      continue;
    }
    const bool linear = step.kind == Step::kLinear;
    const auto weight = linear ? at::randn({step.outputs, step.inputs})
                               : at::randn({step.outputs, step.inputs, 3, 3});
    module.register_parameter(name("w", i), weight * 0.03, false);
    module.register_parameter(name("b", i), at::zeros({step.outputs}), false);
    const std::string arguments =
        "self." + name("w", i) + ", self." + name("b", i);
    if (linear && network.in.size() == 4) code += "  x = torch.flatten(x, 1)\n";
    code += linear
                ? "  x = torch.linear(x, " + arguments + ")\n"
                : "  x = torch.conv2d(x, " + arguments + ", [1, 1], [1, 1])\n";
    if (i + 1 < network.steps.size()) code += "  x = torch.relu(x)\n";
  }
  module.define(code + "  return x\n");
  return module;
}

Contender scripted(const char* name, torch::jit::Module module,
                   const at::Tensor& x) {
  return {.name = std::string("TorchScript, ") + name,
          .level = level_in_use(),
          .run = [module, x]() mutable { module.forward({x}); }};
}

std::vector<Contender> fp32(const Network& network) {
  torch::jit::Module module = make_module(network);
  module.eval();
  auto x = at::randn(network.in);
  std::vector<Contender> ways = {scripted("plain", module, x)};
  auto frozen = torch::jit::freeze(module.clone());
  ways.push_back(scripted("frozen", frozen, x));
  auto optimized = torch::jit::freeze(module.clone());
  ways.push_back(scripted("optimize_for_inference",
                          torch::jit::optimize_for_inference(optimized), x));
  if (network.in.size() == 4) {
    auto last = module.clone();
    for (const auto& parameter : last.parameters()) {
      if (parameter.dim() != 4) continue;
      parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
    }
    ways.push_back(scripted("channels last", torch::jit::freeze(last),
                            x.contiguous(at::MemoryFormat::ChannelsLast)));
  }
  return ways;
}

using Operator = c10::OperatorHandle;

Operator find(const char* name, const char* overload = "") {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, overload);
}

at::IValue call(const Operator& operation, torch::jit::Stack stack) {
  operation.callBoxed(stack);
  return stack.front();
}

/// Calls of quantized::*, the operators behind torch.nn.quantized.
Contender int8(const Network& network) {
  const auto& engines = at::globalContext().supportedQEngines();
  if (std::find(engines.begin(), engines.end(), at::kONEDNN) == engines.end()) {
    throw PeerMissing("this LibTorch has no quantised engine onednn");
  }
  at::globalContext().setQEngine(at::kONEDNN);
  constexpr double kScale = 0.05;
  std::vector<std::function<at::Tensor(const at::Tensor&)>> steps;
  for (size_t i = 0; i < network.steps.size(); ++i) {
    const Step& step = network.steps[i];
    if (step.kind == Step::kPool) {
      // All arguments: the defaults are too short for quantised tensors.
      steps.push_back([](const at::Tensor& x) {
        return at::max_pool2d(x, {2, 2}, {2, 2}, {0, 0}, {1, 1});
      });
      continue;
    }
    const bool last = i + 1 == network.steps.size();
    const auto bias = at::zeros({step.outputs});
    const c10::List<int64_t> one{1, 1};
    if (step.kind == Step::kLinear) {
      const auto weight = at::quantize_per_tensor(
          at::randn({step.outputs, step.inputs}), 0.03, 0, at::kQInt8);
      const auto packed =
          call(find("quantized::linear_prepack"), {weight, bias});
      const auto operation =
          find(last ? "quantized::linear" : "quantized::linear_relu");
      steps.push_back([=](const at::Tensor& x) {
        return call(operation, {x.dim() == 4 ? x.flatten(1) : x, packed, kScale,
                                int64_t{0}})
            .toTensor();
      });
    } else {
      const auto weight = at::quantize_per_tensor(
          at::randn({step.outputs, step.inputs, 3, 3})
              .contiguous(at::MemoryFormat::ChannelsLast),
          0.03, 0, at::kQInt8);
      const auto packed = call(find("quantized::conv2d_prepack"),
                               {weight, bias, one, one, one, int64_t{1}});
      const auto operation = find("quantized::conv2d_relu", "new");
      steps.push_back([=](const at::Tensor& x) {
        return call(operation, {x, packed, kScale, int64_t{0}}).toTensor();
      });
    }
  }
  auto floats = at::rand(network.in);
  if (floats.dim() == 4) {
    floats = floats.contiguous(at::MemoryFormat::ChannelsLast);
  }
  const auto x = at::quantize_per_tensor(floats, 1.0 / 255, 0, at::kQUInt8);
  return {.name = "quantized::*, engine onednn",
          .level = level_in_use(),
          .run = [=] {
            at::Tensor h = x;
            for (const auto& step : steps) h = step(h);
          }};
}

std::vector<Contender> make(const Task& task, const std::string& precision) {
  at::set_num_threads(1);
  // For the whole process: nothing here is trained.
  static const c10::InferenceMode inference;
  if (precision == "fp32") return fp32(network_of(task));
  if (precision == "int8") return {int8(network_of(task))};
  return {};
}

}  // namespace
}  // namespace signet::peers

int main(int argc, char** argv) {
  return signet::peers::compare_main(argc, argv, signet::peers::make);
}
