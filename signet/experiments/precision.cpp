#include "signet/experiments/precision.h"

namespace signet {

bool multiplies_bfloat16() {
#ifdef __x86_64__
  // Processors with AMX's bfloat16 have this too.
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

std::string resolved_precision(const std::string& precision) {
  if (precision != "auto") return precision;
  return multiplies_bfloat16() ? "bf16" : "fp32";
}

at::ScalarType product_type(const std::string& precision) {
  return precision == "bf16" ? at::ScalarType::BFloat16 : at::ScalarType::Float;
}

}  // namespace signet
