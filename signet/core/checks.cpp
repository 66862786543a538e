#include "signet/core/checks.h"

#include <sstream>

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
  std::ostringstream text;
  text << shape;
  return text.str();
}

}  // namespace signet
