#include "signet/core/kernels/make_level.h"
#include "signet/runtime/drawing/lanes_scalar.h"

namespace signet::kernels {
namespace {

/// The definition that the other levels must match.
struct Lanes : ScalarLanes {
  using Row = float;
  using H = uint16_t;

  static U widen(H x) { return x; }
  static H narrow(U x) { return static_cast<H>(x); }
};

}  // namespace

extern const Level kScalar;
constinit const Level kScalar = make_level<Lanes>("scalar");

}  // namespace signet::kernels
