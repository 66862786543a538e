#include "signet/runtime/encoding.h"

namespace signet::runtime {

const char* encoding_name(InputEncoding encoding) {
  constexpr const char* kNames[] = {"pixels", "signs", "bits"};
  return kNames[static_cast<int>(encoding)];
}

}  // namespace signet::runtime
