// The peak of xor, vpopcntd and add on registers alone: as many of them as the
// task needs. What share of it a kernel reaches is the ratio of the two times.
#include <immintrin.h>

#include <memory>

#include "benchmarks/peers/compare.h"

namespace signet::peers {
namespace {

constexpr int kChains = 16;  // independent sums, as a 4 x 4 register tile has
constexpr std::int64_t kBits = 512;

__attribute__((target("avx512f,avx512vpopcntdq"))) void spend(
    std::int64_t rounds, __m512i* sums) {
  __m512i sum[kChains];
  for (auto& each : sum) each = _mm512_setzero_si512();
  __m512i a = _mm512_set1_epi32(0x12345678);
  __m512i b = _mm512_set1_epi32(0x0f0f3355);
  for (std::int64_t i = 0; i < rounds; ++i) {
    // Hides from the compiler that each round does the same.
    asm volatile("" : "+v"(a), "+v"(b));
#pragma GCC unroll 16
    for (int chain = 0; chain < kChains; ++chain) {
      __m512i different = _mm512_xor_si512(a, b);
      asm volatile("" : "+v"(different));
      sum[chain] = _mm512_add_epi32(sum[chain], _mm512_popcnt_epi32(different));
    }
  }
  for (int chain = 0; chain < kChains; ++chain) sums[chain] = sum[chain];
}

std::vector<Contender> make(const Task& task, const std::string& precision) {
  if (precision != "bits") return {};
  if (!__builtin_cpu_supports("avx512vpopcntdq")) {
    throw PeerMissing("no AVX-512 VPOPCNTDQ on this processor");
  }
  struct Sums {
    __m512i values[kChains];
  };
  const auto sums = std::make_shared<Sums>();
  const std::int64_t rounds = task.macs() / (kChains * kBits);
  return {{.name = "xor + vpopcntd + add, registers",
           .level = "avx512vpopcnt",
           .run = [=] { spend(rounds, sums->values); }}};
}

}  // namespace
}  // namespace signet::peers

int main(int argc, char** argv) {
  return signet::peers::compare_main(argc, argv, signet::peers::make);
}
