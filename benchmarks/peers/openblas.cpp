// OpenBLAS: fp32 matrix products; for one row the matrix-vector product.
#include <dlfcn.h>

#include <memory>
#include <random>

#include "benchmarks/peers/compare.h"

namespace signet::peers {
namespace {

// As cblas.h has them; the library comes without it in libopenblas0-openmp.
constexpr int kRowMajor = 101, kPlain = 111, kTransposed = 112;
using Gemm = void (*)(int, int, int, int, int, int, float, const float*, int,
                      const float*, int, float, float*, int);
using Gemv = void (*)(int, int, int, int, float, const float*, int,
                      const float*, int, float, float*, int);

template <class Function>
Function find(void* library, const char* name) {
  auto* found = reinterpret_cast<Function>(dlsym(library, name));
  if (found == nullptr) throw PeerMissing(std::string("no ") + name);
  return found;
}

std::vector<Contender> make(const Task& task, const std::string& precision) {
  if (precision != "fp32" || task.kind != "linear") return {};
  void* library = dlopen("libopenblas.so.0", RTLD_NOW);
  if (library == nullptr) {
    throw PeerMissing("OpenBLAS is missing: install libopenblas0-openmp");
  }
  const auto gemm = find<Gemm>(library, "cblas_sgemm");
  const auto gemv = find<Gemv>(library, "cblas_sgemv");
  const auto core = find<char* (*)()>(library, "openblas_get_corename");

  const auto m = static_cast<int>(task.sizes[0]);
  const auto k = static_cast<int>(task.sizes[1]);
  const auto n = static_cast<int>(task.sizes[2]);
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  const auto numbers = [&](std::size_t count) {
    auto made = std::make_shared<std::vector<float>>(count);
    for (float& value : *made) value = normal(random);
    return made;
  };
  const auto a = numbers(std::size_t(m) * k), b = numbers(std::size_t(n) * k),
             c = numbers(std::size_t(m) * n);
  if (m == 1) {
    return {{.name = "sgemv", .level = core(), .run = [=] {
               gemv(kRowMajor, kPlain, n, k, 1, b->data(), k, a->data(), 1, 0,
                    c->data(), 1);
             }}};
  }
  return {{.name = "sgemm", .level = core(), .run = [=] {
             gemm(kRowMajor, kPlain, kTransposed, m, n, k, 1, a->data(), k,
                  b->data(), k, 0, c->data(), n);
           }}};
}

}  // namespace
}  // namespace signet::peers

int main(int argc, char** argv) {
  return signet::peers::compare_main(argc, argv, signet::peers::make);
}
