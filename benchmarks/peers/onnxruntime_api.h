// What this folder calls of ONNX Runtime's C API. The package that carries the
// library has no header; the functions are a table that only ever grows, so a
// place in it is for good.
#pragma once

#include <cstddef>
#include <cstdint>

namespace signet::peers::ort {

struct Status;
struct Env;
struct SessionOptions;
struct Session;
struct MemoryInfo;
struct Value;

/// Places in the table.
enum Entry {
  kGetErrorMessage = 2,
  kCreateEnv = 3,
  kCreateSession = 7,
  kRun = 9,
  kCreateSessionOptions = 10,
  kSetGraphOptimizationLevel = 23,
  kSetIntraOpNumThreads = 24,
  kCreateTensorWithData = 49,
  kCreateCpuMemoryInfo = 69,
};

using GetErrorMessage = const char* (*)(const Status*);
using CreateEnv = Status* (*)(int severity, const char* name, Env**);
using CreateSession = Status* (*)(const Env*, const char* path,
                                  const SessionOptions*, Session**);
using Run = Status* (*)(Session*, const void* options,
                        const char* const* input_names,
                        const Value* const* inputs, std::size_t input_count,
                        const char* const* output_names,
                        std::size_t output_count, Value** outputs);
using CreateSessionOptions = Status* (*)(SessionOptions**);
using SetGraphOptimizationLevel = Status* (*)(SessionOptions*, int);
using SetIntraOpNumThreads = Status* (*)(SessionOptions*, int);
using CreateTensorWithData = Status* (*)(const MemoryInfo*, void* data,
                                         std::size_t bytes,
                                         const std::int64_t* shape,
                                         std::size_t dimensions, int type,
                                         Value**);
using CreateCpuMemoryInfo = Status* (*)(int allocator, int memory,
                                        MemoryInfo**);

/// What OrtGetApiBase() returns.
struct ApiBase {
  const void* const* (*get_api)(std::uint32_t version);
  const char* (*get_version)();
};

// Values of the API's enumerations.
constexpr int kLogErrors = 3, kOptimizeAll = 99, kArenaAllocator = 1,
              kDefaultMemory = 0;
constexpr int kFloat = 1, kUint8 = 2, kInt32 = 6;
constexpr std::uint32_t kApiVersion = 10;

}  // namespace signet::peers::ort
