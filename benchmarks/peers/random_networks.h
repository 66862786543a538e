// The networks of the table, with random weights: speed and size do not depend
// on their values.
#pragma once

#include <string>

#include "signet/runtime/format/description.h"

namespace signet::peers {

/// "mlp": 784-1024-1024-10 on bytes; "mlp-binary": the same on signs;
/// "mlp-uniform", "mlp-logistic": the first with noise, logits of unit size;
/// "vgg28": c64-c64-P-c128-c128-P-fc512-fc10 on 28x28 bytes.
runtime::ModelDescription random_network(const std::string& kind);

}  // namespace signet::peers
