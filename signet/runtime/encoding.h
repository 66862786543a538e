// How the inputs of a layer are to be read.
#pragma once

namespace signet::runtime {

/// What a layer reads.
enum class InputEncoding {
  pixels,  ///< bytes 0..255; first layer only
  signs,   ///< {-1,+1}, a packed bit 1 is +1
  bits,    ///< {0,1}
};

/// "pixels", "signs" or "bits".
const char* encoding_name(InputEncoding encoding);

}  // namespace signet::runtime
