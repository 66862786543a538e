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
  bool has_noise = false;   ///< whether units can be drawn
  std::vector<LayerInfo> layers;
  std::vector<std::string> classes;
  std::vector<std::pair<std::string, std::string>> metadata;
};

/// Which samples of a network whose units are drawn.
struct SampleOptions {
  std::int64_t samples = 16;  ///< passes an image, 1 to 2^20
  std::uint64_t seed = 1;
  /// Number of the first image, from 0, so that an image's draws do not depend
  /// on what is in the same call. First image and batch are at most 2^32
  /// together.
  std::int64_t first_image = 0;
};

/// What the samples of each image say together, in nats.
struct Samples {
  /// Mean of the samples' softmax. [batch, outputs]
  std::span<float> probabilities;
  /// H[mean p] = -sum p log p of these: all uncertainty. [batch]
  std::span<float> entropy;
  /// H[mean p] - mean H[p]: the part of it about which the samples disagree.
  /// [batch]
  std::span<float> mutual_information;
};

class Model;

/// Memory for the forward passes of one thread with one model.
class Workspace {
 public:
  /// For blocks of at most `max_batch` examples or samples; a longer batch is
  /// done in several blocks, so this bounds memory, not the batch. More than 64
  /// brings nothing; large images are done in smaller blocks anyhow.
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
  /// Reads a .signet file, or one that comes through a pipe.
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

  /// Classifies by passes whose units are drawn from their noise: u < F(a),
  /// with u the element of Philox stream (seed, step first_image + image,
  /// replica sample, site layer of units), as LibTorch's network draws them
  /// when it is given the images one at a time. The same bits on every level
  /// and however images are shared among calls. Cost: the first layer's sums
  /// once an image, all else once a sample, as rows of a batch; no allocation.
  /// Errors: a model without noise, sizes that do not match, a workspace of
  /// another model.
  Result<Done> sample(std::span<const std::uint8_t> inputs, std::int64_t batch,
                      const SampleOptions& options, Workspace& workspace,
                      const Samples& out) const;

  /// The same, and what happened in every pass; example i samples + s is pass s
  /// of image i.
  Result<Trace> trace_samples(std::span<const std::uint8_t> inputs,
                              std::int64_t batch, const SampleOptions& options,
                              Workspace& workspace) const;

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
  Result<Done> check_sample_call(std::span<const std::uint8_t> inputs,
                                 std::int64_t batch,
                                 const SampleOptions& options,
                                 const Workspace& workspace) const;
  Result<Done> sample(std::span<const std::uint8_t> inputs, std::int64_t batch,
                      const SampleOptions& options, Workspace& workspace,
                      const Samples& out, Trace* trace) const;
  std::shared_ptr<const State> state_;
};

}  // namespace signet::runtime
