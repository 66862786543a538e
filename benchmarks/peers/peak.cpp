// The peak of xor, vpopcntd and add on registers alone: as many of them as the
// task needs. What share of it a kernel reaches is the ratio of the two times.
#include <algorithm>

#include "benchmarks/peers/compare.h"

namespace signet::peers {
namespace {

constexpr int kChains = 16;  // independent sums, as a 4 x 4 register tile has
constexpr std::int64_t kBits = 512;

/// kChains triples a round. Assembler, or the compiler would see that all count
/// the same; what the registers hold does not matter.
__attribute__((target("avx512f,avx512vpopcntdq"))) void spend(
    std::int64_t rounds) {
  asm volatile(
      "1:\n\t"
      ".irp sum, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
      "vpxord %%zmm16, %%zmm17, %%zmm18\n\t"
      "vpopcntd %%zmm18, %%zmm18\n\t"
      "vpaddd %%zmm18, %%zmm\\sum, %%zmm\\sum\n\t"
      ".endr\n\t"
      "dec %0\n\t"
      "jnz 1b"
      : "+r"(rounds)
      :
      : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
        "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
        "xmm16", "xmm17", "xmm18");
}

std::vector<Contender> make(const Task& task, const std::string& precision) {
  if (precision != "bits") return {};
  if (!__builtin_cpu_supports("avx512vpopcntdq")) {
    throw PeerMissing("no AVX-512 VPOPCNTDQ on this processor");
  }
  const std::int64_t rounds =
      std::max<std::int64_t>(1, task.macs() / (kChains * kBits));
  return {{.name = "xor + vpopcntd + add, registers",
           .level = "avx512vpopcnt",
           .run = [=] { spend(rounds); }}};
}

}  // namespace
}  // namespace signet::peers

int main(int argc, char** argv) {
  return signet::peers::compare_main(argc, argv, signet::peers::make);
}
