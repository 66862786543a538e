// The walk through a packed model with units that are drawn, several times for
// each image: each of these passes is a row for the kernels.
#pragma once

#include <cstdint>

#include "signet/runtime/packed_model.h"
#include "signet/runtime/sampling.h"

namespace signet::runtime {

/// What a sampled pass needs beside PassMemory.
struct SampleMemory {
  std::int64_t rows;           ///< passes at once, at most
  AlignedBuffer image_sums;    ///< of the first layer, the same in every pass
  AlignedBuffer row_sums;      ///< of any other
  AlignedBuffer pool_sums[2];  ///< before they are pooled
  AlignedBuffer unsplit;       ///< bits of rows whose pixels fill no words
  AlignedBuffer scores;        ///< [rows, outputs]
  AlignedBuffer probs;         ///< [rows + 1, outputs] doubles: sums, scratch
  AlignedBuffer entropies;     ///< [rows] doubles: sums
};

/// Sizes of a SampleMemory, in bytes.
struct SampleSizes {
  std::int64_t rows;  ///< passes
  std::int64_t sums, pool_sums, unsplit, scores, probs, entropies;

  std::int64_t total() const {
    return 2 * sums + 2 * pool_sums + unsplit + scores + probs + entropies;
  }
};

/// For at most `max_rows` passes at once, fewer where their sums would not stay
/// in the cache.
SampleSizes sample_sizes(const PackedModel& model,
                         const PackedSampling& sampling, std::int64_t max_rows);

/// Memory of these sizes.
SampleMemory memory_for(const PackedModel& model,
                        const PackedSampling& sampling, std::int64_t max_rows);

/// Which samples.
struct SampleRange {
  std::uint64_t seed;
  std::uint32_t first_image;  ///< its number, the step of its streams
  std::int64_t samples;       ///< of each image, the replicas
};

/// Shapes: probabilities [images, outputs], others [images].
struct SampleOutput {
  float* probabilities;
  float* entropy;
  float* mutual_information;
};

/// Images that sample_images takes at once.
std::int64_t images_at_once(const SampleMemory& memory, std::int64_t samples);

/// Draws all samples of some images; pass s of image i is row s of its streams,
/// RandomStream{seed, first_image + i, s, site} of the training side, so the
/// bits depend on nothing else.
/// Shapes: inputs is [images, inputs] bytes, images at most images_at_once().
/// In a trace, pass s of image i is example (first + i) samples + s.
/// Cost: no allocation.
void sample_images(const PackedModel& model, const PackedSampling& sampling,
                   const std::uint8_t* inputs, std::int64_t images,
                   const SampleRange& range, PassMemory& pass,
                   SampleMemory& memory, const SampleOutput& out,
                   const BlockTrace* trace);

}  // namespace signet::runtime
