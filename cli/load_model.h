#pragma once

#include <string>

#include "signet/data/atomic_file.h"
#include "signet/export/expect.h"
#include "signet/runtime/model.h"

namespace signet {

/// A model file, or "-" for standard input.
/// Errors: UsageError("who: ...") for a file that is no model.
inline runtime::Model load_model(const std::string& path,
                                 const std::string& who) {
  if (path != "-") return expect(runtime::Model::load(path), who);
  return expect(runtime::Model::from_bytes(read_file(path)),
                who + ": standard input");
}

}  // namespace signet
