#pragma once

#include "signet/core/kernels/channels.h"
#include "signet/core/kernels/linear.h"
#include "signet/core/kernels/max_pool.h"
#include "signet/core/kernels/units.h"

namespace signet::kernels {
namespace {

template <class Lanes, class Number>
constexpr ChannelKernels<Number> channel_kernels() {
  using Kernels = Channels<Lanes, Number>;
  using Pooling = MaxPool<Lanes, Number>;
  return {.moments = Kernels::moments,
          .draw = Kernels::draw,
          .step = Kernels::step,
          .gradient_sums = Kernels::gradient_sums,
          .gradient = Kernels::gradient,
          .max_pool = Pooling::forward,
          .max_pool_gradient = Pooling::backward};
}

/// All kernels for the vectors of a level; see units.h.
template <class Lanes>
constexpr Level make_level(const char* name) {
  using Units = Kernels<Lanes>;
  using Products = Linear<typename Lanes::Row>;
  return {.name = name,
          .words = Units::words,
          .uniform = Units::uniform,
          .draw = Units::draw,
          .gradient = Units::gradient,
          .score = Units::score,
          .product = Products::product,
          .outer = Products::outer,
          .scale = Products::scale,
          .normalize = Channels<Lanes, float>::normalize,
          .float_channels = channel_kernels<Lanes, float>(),
          .bfloat16_channels = channel_kernels<Lanes, Bfloat16>()};
}

}  // namespace
}  // namespace signet::kernels
