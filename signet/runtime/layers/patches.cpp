#include "signet/runtime/layers/patches.h"

#include <algorithm>

#include "signet/runtime/bit_writer.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {
namespace {

/// One row of a window: what it covers of a row of pixels.
struct Strip {
  std::int64_t before;  // pixels left of the image,
  std::int64_t inside;  // in it,
  std::int64_t after;   // and right of it
  std::int64_t pixel;   // the first inside, counted over all images
};

/// Calls on_strip(Strip) for each row of the window of each patch in turn, and
/// on_end() after each patch.
template <class OnStrip, class OnEnd>
void for_each_strip(const PatchGrid& grid, std::int64_t first,
                    std::int64_t count, const OnStrip& on_strip,
                    const OnEnd& on_end) {
  const auto& [in, out, window] = grid;
  std::int64_t image = first / out.pixels();
  std::int64_t row = first % out.pixels() / out.width;
  std::int64_t column = first % out.width;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t left = column * window.stride - window.pad;
    const std::int64_t top = row * window.stride - window.pad;
    const std::int64_t before = std::max<std::int64_t>(0, -left);
    const std::int64_t end = std::min(window.width, in.width - left);
    for (std::int64_t y = top; y < top + window.height; ++y) {
      if (y < 0 || y >= in.height) {
        on_strip(Strip{window.width, 0, 0, 0});
      } else {
        on_strip(Strip{before, end - before, window.width - end,
                       (image * in.height + y) * in.width + left + before});
      }
    }
    on_end();
    if (++column < out.width) continue;
    column = 0;
    if (++row < out.height) continue;
    row = 0;
    ++image;
  }
}

/// Bits `bit` one after another.
void append_pad(BitWriter& writer, std::int64_t n, bool bit) {
  for (; n > 0; n -= 64) {
    const int part = static_cast<int>(std::min<std::int64_t>(n, 64));
    writer.append(bit ? ~std::uint64_t{0} >> (64 - part) : 0, part);
  }
}

}  // namespace

void gather_bits(const PatchGrid& grid, const std::uint64_t* images, bool pad,
                 std::int64_t first, std::int64_t count, std::uint64_t* rows) {
  const std::int64_t channels = grid.in.channels;
  const std::int64_t words = words_for(channels);
  BitWriter writer(rows);
  for_each_strip(
      grid, first, count,
      [&](const Strip& strip) {
        append_pad(writer, strip.before * channels, pad);
        for (std::int64_t i = 0; i < strip.inside; ++i) {
          writer.append_row(images + (strip.pixel + i) * words, channels);
        }
        append_pad(writer, strip.after * channels, pad);
      },
      [&] {
        writer.finish();
        rows += words_for(grid.patch());
        writer = BitWriter(rows);
      });
}

}  // namespace signet::runtime
