// The activations of a block of examples on their way through the layers.
#pragma once

#include <cstdint>

#include "signet/runtime/packed_model.h"

namespace signet::runtime {

/// Where they are now, and where the next ones go.
class Activations {
 public:
  Activations(const std::uint8_t* inputs, PassMemory& memory)
      : now_(inputs), memory_(memory) {}

  const void* now() const { return now_; }
  const std::uint8_t* bytes() const {
    return static_cast<const std::uint8_t*>(now_);
  }
  const std::uint64_t* words() const {
    return static_cast<const std::uint64_t*>(now_);
  }

  /// Where to write what comes next; it is now() from here on.
  template <class T>
  T* next() {
    now_ = memory_.activations[turn_].data();
    turn_ ^= 1;
    return static_cast<T*>(const_cast<void*>(now_));
  }

 private:
  const void* now_;
  PassMemory& memory_;
  int turn_ = 0;
};

/// Bytes as a data set has them to what the first layer reads.
void enter(const PackedModel& model, std::int64_t examples,
           Activations& activations);

/// Pixels, each a row of words, to the row that a linear layer reads, where
/// these differ.
void join_pixels(const PackedLayer& layer, std::int64_t examples,
                 Activations& activations);

}  // namespace signet::runtime
