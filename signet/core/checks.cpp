#include "signet/core/checks.h"

namespace signet {

void check_floating(const at::Tensor& t, std::string_view who,
                    std::string_view argument) {
  check(t.defined(), who,
        std::string(argument) + " must be a tensor, but it is undefined");
  check(t.is_floating_point(), who,
        std::string(argument) + " must be of a floating-point type, but got " +
            c10::toString(t.scalar_type()));
}

std::string shape_text(at::IntArrayRef shape) {
  std::string text = "[";
  for (const auto size : shape) {
    text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  }
  return text + "]";
}

}  // namespace signet
