#include "signet/experiments/augmentation.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "signet/core/checks.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

/// What happens to one image.
struct Window {
  int64_t dy = 0, dx = 0;
  bool flip = false;
};

/// u on (0, 1) to -crop .. crop.
int64_t offset(float u, int64_t crop) {
  return static_cast<int64_t>(std::floor(static_cast<double>(u) *
                                         static_cast<double>(2 * crop + 1))) -
         crop;
}

/// One channel: the rows and columns that the window shares with the image,
/// zeros around them.
void cut_out(const uint8_t* from, uint8_t* to, int64_t height, int64_t width,
             const Window& window) {
  const int64_t first = std::clamp<int64_t>(-window.dx, 0, width);
  const int64_t end = std::clamp<int64_t>(width - window.dx, 0, width);
  for (int64_t i = 0; i < height; ++i, to += width) {
    const int64_t row = i + window.dy;
    if (row < 0 || row >= height) {
      std::memset(to, 0, static_cast<size_t>(width));
      continue;
    }
    std::memset(to, 0, static_cast<size_t>(first));
    std::memcpy(to + first, from + row * width + first + window.dx,
                static_cast<size_t>(end - first));
    std::memset(to + end, 0, static_cast<size_t>(width - end));
    if (window.flip) std::reverse(to, to + width);
  }
}

}  // namespace

Tensor augmented(const Tensor& images, const Tensor& index, const Shape& shape,
                 const Augmentation& augmentation, const Random& random) {
  const int64_t values = shape.values();
  check(images.scalar_type() == torch::kUInt8 && images.dim() == 2 &&
            images.size(1) == values && images.is_contiguous(),
        "augmented",
        "images must be uint8 [n, " + std::to_string(values) + "], but got " +
            shape_text(images.sizes()));
  const int64_t count = index.size(0);
  auto result = torch::empty({count, values}, images.options());
  const auto numbers = random.site(RandomUse::augmentation).uniform({count, 3});
  const auto u = numbers.accessor<float, 2>();
  const auto which = index.accessor<int64_t, 1>();
  const auto* from = images.data_ptr<uint8_t>();
  auto* to = result.data_ptr<uint8_t>();
  for (int64_t b = 0; b < count; ++b) {
    const Window window{.dy = offset(u[b][0], augmentation.crop),
                        .dx = offset(u[b][1], augmentation.crop),
                        .flip = u[b][2] < augmentation.flip};
    for (int64_t c = 0; c < shape.channels; ++c) {
      const int64_t plane = c * shape.height * shape.width;
      cut_out(from + which[b] * values + plane, to + b * values + plane,
              shape.height, shape.width, window);
    }
  }
  return result;
}

}  // namespace signet
