#include <bit>

#include "signet/runtime/kernels/real_kernel.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {

extern const RealKernel kScalarReal;

namespace {

void sums(const RealCall& call, std::int64_t* out) {
  const std::int64_t words = words_for(call.inputs);
  for (std::int64_t row = 0; row < call.rows; ++row) {
    const std::uint64_t* x = call.input + row * words;
    for (std::int64_t j = 0; j < call.outputs; ++j) {
      const std::int32_t* w = call.weights + j * call.stride;
      std::int64_t sum = 0;
      for (std::int64_t i = 0; i < words; ++i) {
        for (std::uint64_t rest = x[i]; rest != 0; rest &= rest - 1) {
          sum += w[64 * i + std::countr_zero(rest)];
        }
      }
      *out++ = sum;
    }
  }
}

}  // namespace

const RealKernel kScalarReal{"weights under 1 bits, one by one", sums};

}  // namespace signet::runtime
