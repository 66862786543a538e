// ONNX Runtime through its C API: int8 and fp32 models that write_onnx.py
// wrote, all graph optimisations, one thread, inputs and outputs bound to
// memory of ours. SIGNET_ONNXRUNTIME is its library, SIGNET_ONNX_MODELS the
// folder of the models.
#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>

#include "benchmarks/peers/compare.h"
#include "benchmarks/peers/onnxruntime_api.h"

namespace signet::peers {
namespace {

class Api {
 public:
  explicit Api(const char* path) {
    void* library = dlopen(path, RTLD_NOW);
    if (library == nullptr) {
      throw PeerMissing(std::string(dlerror()) +
                        "; benchmarks/install_peers fetches it");
    }
    const auto base = reinterpret_cast<const ort::ApiBase* (*)()>(
        dlsym(library, "OrtGetApiBase"));
    if (base == nullptr) throw PeerMissing("no OrtGetApiBase");
    table_ = base()->get_api(ort::kApiVersion);
    if (table_ == nullptr) throw PeerMissing("ONNX Runtime is too old");
  }

  template <class Function>
  Function entry(ort::Entry place) const {
    return reinterpret_cast<Function>(const_cast<void*>(table_[place]));
  }

  template <class Function, class... Arguments>
  void call(ort::Entry place, Arguments... arguments) const {
    check(entry<Function>(place)(arguments...));
  }

  void check(const ort::Status* status) const {
    if (status == nullptr) return;
    throw std::runtime_error(
        entry<ort::GetErrorMessage>(ort::kGetErrorMessage)(status));
  }

 private:
  const void* const* table_;
};

struct Tensor {
  std::vector<std::int64_t> shape;
  int type;
};

/// Objects live as long as the process.
struct Bound {
  ort::Session* session = nullptr;
  ort::Value* input = nullptr;
  ort::Value* output = nullptr;
  std::vector<unsigned char> in, out;
};

void make_tensor(const Api& api, const ort::MemoryInfo* memory,
                 const Tensor& tensor, std::vector<unsigned char>& bytes,
                 ort::Value** value) {
  std::int64_t values = 1;
  for (const auto dimension : tensor.shape) values *= dimension;
  bytes.resize(values * (tensor.type == ort::kUint8 ? 1 : 4));
  std::mt19937 random(1);
  if (tensor.type == ort::kFloat) {
    auto* floats = reinterpret_cast<float*>(bytes.data());
    for (std::int64_t i = 0; i < values; ++i) {
      floats[i] = static_cast<float>(random() % 256) / 255;
    }
  } else {
    for (auto& byte : bytes) byte = static_cast<unsigned char>(random());
  }
  api.call<ort::CreateTensorWithData>(
      ort::kCreateTensorWithData, memory, bytes.data(), bytes.size(),
      tensor.shape.data(), tensor.shape.size(), tensor.type, value);
}

Contender contender(const std::shared_ptr<Api>& api, const std::string& path,
                    const Tensor& in, const Tensor& out) {
  ort::Env* env = nullptr;
  ort::SessionOptions* options = nullptr;
  ort::MemoryInfo* memory = nullptr;
  auto bound = std::make_shared<Bound>();
  api->call<ort::CreateEnv>(ort::kCreateEnv, ort::kLogErrors, "signet", &env);
  api->call<ort::CreateSessionOptions>(ort::kCreateSessionOptions, &options);
  api->call<ort::SetIntraOpNumThreads>(ort::kSetIntraOpNumThreads, options, 1);
  api->call<ort::SetGraphOptimizationLevel>(ort::kSetGraphOptimizationLevel,
                                            options, ort::kOptimizeAll);
  api->call<ort::CreateSession>(ort::kCreateSession, env, path.c_str(), options,
                                &bound->session);
  api->call<ort::CreateCpuMemoryInfo>(ort::kCreateCpuMemoryInfo,
                                      ort::kArenaAllocator, ort::kDefaultMemory,
                                      &memory);
  make_tensor(*api, memory, in, bound->in, &bound->input);
  make_tensor(*api, memory, out, bound->out, &bound->output);
  const auto run = api->entry<ort::Run>(ort::kRun);
  return {.name = std::filesystem::path(path).stem().string(),
          .level = "its own choice",
          .run = [=] {
            static const char* const kIn = "x";
            static const char* const kOut = "y";
            api->check(run(bound->session, nullptr, &kIn, &bound->input, 1,
                           &kOut, 1, &bound->output));
          }};
}

std::vector<Contender> make(const Task& task, const std::string& precision) {
  const char* library = std::getenv("SIGNET_ONNXRUNTIME");
  const char* models = std::getenv("SIGNET_ONNX_MODELS");
  if (library == nullptr || models == nullptr) {
    throw PeerMissing("SIGNET_ONNXRUNTIME or SIGNET_ONNX_MODELS is not set");
  }
  if (precision != "int8" && precision != "fp32") return {};
  const auto api = std::make_shared<Api>(library);
  const auto& s = task.sizes;
  const bool floats = precision == "fp32";
  const int type = floats ? ort::kFloat : ort::kUint8;
  const std::string folder = std::string(models) + "/";
  const std::string end = "-" + precision + ".onnx";
  if (task.kind == "linear") {
    const std::string shape =
        std::to_string(s[1]) + "x" + std::to_string(s[2]) + end;
    const Tensor in{{s[0], s[1]}, type};
    std::vector<Contender> ways = {
        contender(api, folder + "linear-" + shape, in, {{s[0], s[2]}, type})};
    if (!floats) {
      ways.push_back(contender(api, folder + "integer-" + shape, in,
                               {{s[0], s[2]}, ort::kInt32}));
    }
    return ways;
  }
  if (task.kind == "conv") {
    return {contender(api,
                      folder + "conv-" + std::to_string(s[1]) + "x" +
                          std::to_string(s[2]) + end,
                      {{1, s[1], s[0], s[0]}, type},
                      {{1, s[2], s[0], s[0]}, type})};
  }
  const bool images = task.kind == "vgg28";
  const Tensor in{images ? std::vector<std::int64_t>{s[0], 1, 28, 28}
                         : std::vector<std::int64_t>{s[0], 784},
                  type};
  return {contender(api, folder + (images ? "vgg28" : "mlp") + end, in,
                    {{s[0], 10}, type})};
}

}  // namespace
}  // namespace signet::peers

int main(int argc, char** argv) {
  return signet::peers::compare_main(argc, argv, signet::peers::make);
}
