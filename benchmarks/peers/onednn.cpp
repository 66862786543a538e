// oneDNN: int8 (u8 activations, s8 weights, 8 bits out) and fp32. Weights in
// the layout it likes best, primitives and scratch made once. Its level is
// capped by ONEDNN_MAX_CPU_ISA.
#include <dnnl.hpp>
#include <map>
#include <random>

#include "benchmarks/peers/compare.h"

namespace signet::peers {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;
using Type = memory::data_type;

std::string level_in_use() {
  static const std::map<dnnl::cpu_isa, std::string> names = {
      {dnnl::cpu_isa::sse41, "SSE41"},
      {dnnl::cpu_isa::avx, "AVX"},
      {dnnl::cpu_isa::avx2, "AVX2"},
      {dnnl::cpu_isa::avx2_vnni, "AVX2_VNNI"},
      {dnnl::cpu_isa::avx512_core, "AVX512_CORE"},
      {dnnl::cpu_isa::avx512_core_vnni, "AVX512_CORE_VNNI"},
      {dnnl::cpu_isa::avx512_core_bf16, "AVX512_CORE_BF16"},
      {dnnl::cpu_isa::avx512_core_amx, "AVX512_CORE_AMX"}};
  const auto found = names.find(dnnl::get_effective_cpu_isa());
  return found == names.end() ? "another" : found->second;
}

struct Types {
  Type in, weights, out;
};

/// The engine, and a primitive with its memory.
class Primitive {
 public:
  Primitive() : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {}

  const dnnl::engine& engine() const { return engine_; }

  static dnnl::primitive_attr attributes(const Types& types) {
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    if (types.in == Type::u8) attributes.set_output_scales(0, {0.01f});
    return attributes;
  }

  template <class Operation, class Descriptor>
  Contender make(const char* name, const Descriptor& chosen) {
    operation_ = Operation(chosen);
    for (const auto& [argument, descriptor] :
         {std::pair{DNNL_ARG_SRC, chosen.src_desc()},
          std::pair{DNNL_ARG_WEIGHTS, chosen.weights_desc()},
          std::pair{DNNL_ARG_DST, chosen.dst_desc()},
          std::pair{DNNL_ARG_SCRATCHPAD, chosen.scratchpad_desc()}}) {
      memory made(descriptor, engine_);
      fill(made, descriptor.data_type() == Type::f32);
      arguments_.emplace(argument, made);
    }
    return {.name = std::string(name) + ", " + chosen.impl_info_str(),
            .level = level_in_use(),
            .run = [self = *this]() mutable {
              self.operation_.execute(self.stream_, self.arguments_);
              self.stream_.wait();
            }};
  }

 private:
  static void fill(memory& made, bool floats) {
    std::mt19937 random(1);
    const std::size_t bytes = made.get_desc().get_size();
    auto* data = static_cast<unsigned char*>(made.get_data_handle());
    if (floats) {
      auto* values = reinterpret_cast<float*>(data);
      for (std::size_t i = 0; i < bytes / 4; ++i) {
        values[i] = static_cast<float>(random()) * 1e-9f - 2.f;
      }
    } else {
      for (std::size_t i = 0; i < bytes; ++i) {
        data[i] = static_cast<unsigned char>(random());
      }
    }
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
  dnnl::primitive operation_;
  std::unordered_map<int, memory> arguments_;
};

Contender matmul(const Types& types, memory::dim m, memory::dim k,
                 memory::dim n) {
  Primitive primitive;
  const dnnl::matmul::desc what({{m, k}, types.in, Tag::ab},
                                {{k, n}, types.weights, Tag::any},
                                {{m, n}, types.out, Tag::ab});
  return primitive.make<dnnl::matmul>(
      "matmul", dnnl::matmul::primitive_desc(what, Primitive::attributes(types),
                                             primitive.engine()));
}

Contender inner_product(const Types& types, memory::dim m, memory::dim k,
                        memory::dim n) {
  Primitive primitive;
  const dnnl::inner_product_forward::desc what(
      dnnl::prop_kind::forward_inference, {{m, k}, types.in, Tag::any},
      {{n, k}, types.weights, Tag::any}, {{m, n}, types.out, Tag::any});
  return primitive.make<dnnl::inner_product_forward>(
      "inner product",
      dnnl::inner_product_forward::primitive_desc(
          what, Primitive::attributes(types), primitive.engine()));
}

Contender convolution(const Types& types, memory::dim size,
                      memory::dim channels, memory::dim outputs) {
  Primitive primitive;
  const dnnl::convolution_forward::desc what(
      dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct,
      {{1, channels, size, size}, types.in, Tag::any},
      {{outputs, channels, 3, 3}, types.weights, Tag::any},
      {{1, outputs, size, size}, types.out, Tag::any}, {1, 1}, {1, 1}, {1, 1});
  return primitive.make<dnnl::convolution_forward>(
      "convolution",
      dnnl::convolution_forward::primitive_desc(
          what, Primitive::attributes(types), primitive.engine()));
}

std::vector<Contender> make(const Task& task, const std::string& precision) {
  const auto& s = task.sizes;
  const bool floats = precision == "fp32";
  if (!floats && precision != "int8") return {};
  if (task.kind == "linear") {
    const Types types = floats ? Types{Type::f32, Type::f32, Type::f32}
                               : Types{Type::u8, Type::s8, Type::s8};
    return {matmul(types, s[0], s[1], s[2]),
            inner_product(types, s[0], s[1], s[2])};
  }
  if (task.kind == "conv") {
    const Types types = floats ? Types{Type::f32, Type::f32, Type::f32}
                               : Types{Type::u8, Type::s8, Type::u8};
    return {convolution(types, s[0], s[1], s[2])};
  }
  return {};
}

}  // namespace
}  // namespace signet::peers

int main(int argc, char** argv) {
  return signet::peers::compare_main(argc, argv, signet::peers::make);
}
