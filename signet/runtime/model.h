// The packed model: loads a .signet file, classifies on the best kernels here.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "signet/runtime/format/cost.h"
#include "signet/runtime/format/description.h"
#include "signet/runtime/format/model_file.h"
#include "signet/runtime/isa.h"
#include "signet/runtime/layer_info.h"
#include "signet/runtime/result.h"
#include "signet/runtime/trace.h"

namespace signet::runtime {

struct LoadOptions {
  /// Highest level to use; none: the best of this processor. SIGNET_FORCE_ISA
  /// caps it further.
  std::optional<Isa> isa;
  /// Bytes that may be taken at once: while loading by the file, what is read
  /// from it and the model; afterwards by the model and a workspace.
  std::int64_t max_memory = kMaxMemory;
  /// Steps that one example may cost, see steps().
  std::int64_t max_steps = kMaxSteps;
};

struct ModelInfo {
  std::string name;
  /// Of the images that the model reads; {1, 1, n} if it reads plain rows.
  MapShape in;
  std::int64_t inputs = 0;  ///< values of one example
  std::int64_t outputs = 0;
  InputEncoding input = InputEncoding::pixels;
  std::int64_t steps = 0;   ///< of one example, see steps()
  std::int64_t memory = 0;  ///< bytes that the model takes
  std::vector<LayerInfo> layers;
  std::vector<std::string> classes;
  std::vector<std::pair<std::string, std::string>> metadata;
};

class Model;

/// Memory for the forward passes of one thread with one model.
class Workspace {
 public:
  /// For blocks of at most `max_batch` examples; a longer batch is done in
  /// several blocks, so this bounds memory, not the batch. More than 64 brings
  /// nothing; large images are done in smaller blocks anyhow.
  /// Errors: max_batch below 1; with the model more than its
  /// LoadOptions::max_memory; out of memory.
  static Result<Workspace> create(const Model& model,
                                  std::int64_t max_batch = 64);

  Workspace(Workspace&&) noexcept;
  Workspace& operator=(Workspace&&) noexcept;
  ~Workspace();

 private:
  friend class Model;
  struct State;
  explicit Workspace(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A model ready to run. It never changes: threads share it, each with a
/// Workspace of its own; a copy is a handle to the same.
class Model {
 public:
  /// Reads a .signet file.
  /// Errors: the file cannot be read; see parse() and choose_isa(); more
  /// memory or steps than the options allow.
  static Result<Model> load(const std::string& path,
                            const LoadOptions& options = {});
  static Result<Model> from_bytes(std::span<const std::uint8_t> bytes,
                                  const LoadOptions& options = {});
  static Result<Model> from_description(const ModelDescription& description,
                                        const LoadOptions& options = {});

  const ModelInfo& info() const;
  /// The level in use; a layer's kernel may be of a lower one, see info().
  Isa isa() const;

  /// Scores of a batch.
  /// Shapes: inputs is [batch, info().inputs] bytes, images as data sets have
  /// them, [channels, height, width]: pixels, or 0 and 1 (any other byte counts
  /// as 1) if the model reads signs or bits, where 1 is the sign +1; scores is
  /// [batch, info().outputs]. Cost: no allocation. Errors: sizes that do not
  /// match, a workspace of another model.
  Result<Done> forward(std::span<const std::uint8_t> inputs, std::int64_t batch,
                       Workspace& workspace, std::span<float> scores) const;

  /// The class with the highest score, the first of equals.
  /// Shapes: labels is [batch].
  Result<Done> classify(std::span<const std::uint8_t> inputs,
                        std::int64_t batch, Workspace& workspace,
                        std::span<std::int32_t> labels) const;

  /// forward(), and every layer's integers and bits. The bits and scores come
  /// from the calls that forward() makes, the integers of hidden layers from
  /// another entry of the same kernels.
  Result<Trace> trace(std::span<const std::uint8_t> inputs, std::int64_t batch,
                      Workspace& workspace) const;

 private:
  friend class Workspace;
  struct State;
  explicit Model(std::shared_ptr<const State> state);
  static Result<Model> make(const ModelDescription& description,
                            const LoadOptions& options, std::int64_t held);
  Result<Done> check_call(std::span<const std::uint8_t> inputs,
                          std::int64_t batch, const Workspace& workspace) const;
  std::shared_ptr<const State> state_;
};

}  // namespace signet::runtime
