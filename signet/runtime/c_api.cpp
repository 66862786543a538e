// The C API: Model and Workspace behind handles, Results as codes.
#include <algorithm>
#include <limits>
#include <new>

#include "signet/runtime/model.h"
#include "signet/runtime/out_of_memory.h"
#include "signet/runtime/signet.h"

struct signet_model {
  signet::runtime::Model model;
};

struct signet_workspace {
  signet::runtime::Workspace workspace;
};

namespace {

using namespace signet::runtime;

/// By ErrorKind.
constexpr signet_status kStatus[] = {SIGNET_BAD_ARGUMENT, SIGNET_BAD_FILE,
                                     SIGNET_BAD_MODEL,    SIGNET_OVER_LIMIT,
                                     SIGNET_NO_MEMORY,    SIGNET_BAD_LEVEL};

signet_status report(signet_error* error, signet_status status,
                     std::string_view message) {
  if (error) {
    error->status = status;
    const std::size_t length =
        std::min(message.size(), sizeof(error->message) - 1);
    std::copy_n(message.data(), length, error->message);  // may be null, 0
    error->message[length] = '\0';
  }
  return status;
}

signet_status succeed(signet_error* error) {
  return report(error, SIGNET_OK, {});
}

signet_status fail(signet_error* error, const Error& reason) {
  return report(error, kStatus[static_cast<int>(reason.kind)], reason.message);
}

signet_status fail_on_null(signet_error* error) {
  return report(error, SIGNET_BAD_ARGUMENT, "a pointer that is needed is null");
}

std::int64_t limit_or(std::uint64_t limit, std::int64_t otherwise) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  return limit == 0 ? otherwise
                    : static_cast<std::int64_t>(std::min(limit, kMost));
}

Result<LoadOptions> read_options(const signet_options* from) {
  LoadOptions options;
  if (!from) return options;
  if (from->level) {
    const auto isa = find_isa(from->level, "signet_options.level");
    if (!isa) return isa.error();
    options.isa = *isa;
  }
  options.max_memory = limit_or(from->max_memory, options.max_memory);
  options.max_steps = limit_or(from->max_steps, options.max_steps);
  return options;
}

/// A handle of type T for the caller, around what make() returns.
template <class T, class Make>
signet_status hand_out(T** handle, signet_error* error, const Make& make) {
  auto made = or_out_of_memory(make);
  if (!made) return fail(error, made.error());
  *handle = new (std::nothrow) T{std::move(made).value()};
  if (!*handle) return report(error, SIGNET_NO_MEMORY, "out of memory");
  return succeed(error);
}

/// A call on a batch: run(inputs, batch) gets spans that have been checked not
/// to be longer than memory.
template <class Run>
signet_status on_batch(const signet_model* model,
                       const signet_workspace* workspace,
                       const std::uint8_t* inputs, std::size_t batch,
                       const void* out, signet_error* error, const Run& run) {
  if (!model || !workspace || !inputs || !out) return fail_on_null(error);
  const ModelInfo& info = model->model.info();
  const auto widest = static_cast<std::size_t>(
      std::max(info.inputs, info.outputs * std::int64_t{sizeof(float)}));
  constexpr std::size_t kMost = std::numeric_limits<std::ptrdiff_t>::max();
  if (batch == 0 || batch > kMost / widest) {
    return report(error, SIGNET_BAD_ARGUMENT,
                  "batch must be at least 1 and fit into memory");
  }
  const auto done = run(std::span(inputs, batch * info.inputs),
                        static_cast<std::int64_t>(batch));
  return done ? succeed(error) : fail(error, done.error());
}

}  // namespace

const char* signet_status_text(signet_status status) {
  switch (status) {
    case SIGNET_OK:
      return "success";
    case SIGNET_BAD_ARGUMENT:
      return "bad argument";
    case SIGNET_BAD_FILE:
      return "file cannot be read";
    case SIGNET_BAD_MODEL:
      return "not a model that can be run";
    case SIGNET_OVER_LIMIT:
      return "over a limit on memory or time";
    case SIGNET_NO_MEMORY:
      return "out of memory";
    case SIGNET_BAD_LEVEL:
      return "level of instructions not available";
  }
  return "unknown status";
}

signet_status signet_model_load(const char* path, const signet_options* options,
                                signet_model** model, signet_error* error) {
  if (model) *model = nullptr;
  if (!path || !model) return fail_on_null(error);
  return hand_out(model, error, [&]() -> Result<Model> {
    const auto read = read_options(options);
    return read ? Model::load(path, *read) : read.error();
  });
}

signet_status signet_model_from_memory(const void* bytes, size_t size,
                                       const signet_options* options,
                                       signet_model** model,
                                       signet_error* error) {
  if (model) *model = nullptr;
  if (!bytes || !model) return fail_on_null(error);
  return hand_out(model, error, [&]() -> Result<Model> {
    const auto read = read_options(options);
    if (!read) return read.error();
    return Model::from_bytes({static_cast<const std::uint8_t*>(bytes), size},
                             *read);
  });
}

void signet_model_free(signet_model* model) { delete model; }

const char* signet_model_name(const signet_model* model) {
  return model->model.info().name.c_str();
}

signet_input signet_model_input(const signet_model* model) {
  return static_cast<signet_input>(model->model.info().input);
}

size_t signet_model_inputs(const signet_model* model) {
  return static_cast<size_t>(model->model.info().inputs);
}

signet_shape signet_model_image(const signet_model* model) {
  const MapShape& in = model->model.info().in;
  return {static_cast<size_t>(in.height), static_cast<size_t>(in.width),
          static_cast<size_t>(in.channels)};
}

size_t signet_model_outputs(const signet_model* model) {
  return static_cast<size_t>(model->model.info().outputs);
}

const char* signet_model_class(const signet_model* model, size_t index) {
  const auto& classes = model->model.info().classes;
  return index < classes.size() ? classes[index].c_str() : nullptr;
}

const char* signet_model_level(const signet_model* model) {
  return isa_name(model->model.isa()).data();
}

uint64_t signet_model_memory(const signet_model* model) {
  return static_cast<uint64_t>(model->model.info().memory);
}

const char* signet_level(size_t index) {
  const auto name = or_out_of_memory([&]() -> Result<const char*> {
    const auto available = available_isas();
    if (index >= available.size()) return nullptr;
    return isa_name(available[index]).data();
  });
  return name ? *name : nullptr;
}

signet_status signet_workspace_create(const signet_model* model,
                                      size_t max_batch,
                                      signet_workspace** workspace,
                                      signet_error* error) {
  if (workspace) *workspace = nullptr;
  if (!model || !workspace) return fail_on_null(error);
  constexpr size_t kMost = 1 << 20;  // far above any block
  return hand_out(workspace, error, [&] {
    return Workspace::create(
        model->model, static_cast<std::int64_t>(std::min(max_batch, kMost)));
  });
}

void signet_workspace_free(signet_workspace* workspace) { delete workspace; }

signet_status signet_scores(const signet_model* model,
                            signet_workspace* workspace, const uint8_t* inputs,
                            size_t batch, float* scores, signet_error* error) {
  return on_batch(
      model, workspace, inputs, batch, scores, error,
      [&](std::span<const std::uint8_t> rows, std::int64_t count) {
        const std::span out(scores, batch * model->model.info().outputs);
        return model->model.forward(rows, count, workspace->workspace, out);
      });
}

signet_status signet_classify(const signet_model* model,
                              signet_workspace* workspace,
                              const uint8_t* inputs, size_t batch,
                              int32_t* classes, signet_error* error) {
  return on_batch(model, workspace, inputs, batch, classes, error,
                  [&](std::span<const std::uint8_t> rows, std::int64_t count) {
                    return model->model.classify(rows, count,
                                                 workspace->workspace,
                                                 std::span(classes, batch));
                  });
}
