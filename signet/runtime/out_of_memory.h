// Where memory may run out: the one place that knows about exceptions.
#pragma once

#include <new>

#include "signet/runtime/result.h"

namespace signet::runtime {

/// What make(), which returns a Result, returns; an Error if memory runs out in
/// it. In a build without exceptions the program ends then, as operator new
/// does there; LoadOptions::max_memory keeps it from coming to that.
template <class Make>
auto or_out_of_memory(const Make& make) -> decltype(make()) {
#ifdef __cpp_exceptions
  try {
    return make();
  } catch (const std::bad_alloc&) {
    // So short that it needs no memory itself.
    return Error{"out of memory", ErrorKind::memory};
  }
#else
  return make();
#endif
}

}  // namespace signet::runtime
