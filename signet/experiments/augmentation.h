#pragma once

#include <ATen/core/Tensor.h>

#include "signet/core/random.h"
#include "signet/models/shape.h"

namespace signet {

using at::Tensor;

/// How training images are varied from one epoch to the next.
struct Augmentation {
  double flip = 0;   ///< probability of a horizontal flip; 0: none
  int64_t crop = 0;  ///< pixels of zeros around an image before a window of
                     ///< its size is cut out anywhere; 0: none

  bool any() const { return flip > 0 || crop > 0; }
};

/// Images `index` of `images`, each flipped and cut out on its own:
///   y[c, i, j] = x[c, i + dy, (flip ? width - 1 - j : j) + dx],
/// 0 outside the image, dy and dx uniform on -crop .. crop, flip with its
/// probability. The random numbers are those of the step of `random`.
/// Shapes: images [n, channels height width], uint8 on the CPU, each of
/// `shape`; index [B], int64; result [B, channels height width], uint8.
/// Cost: one copy of the images.
Tensor augmented(const Tensor& images, const Tensor& index, const Shape& shape,
                 const Augmentation& augmentation, const Random& random);

}  // namespace signet
