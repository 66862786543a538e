#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace signet {

/// How many evaluations of the objective one estimate takes, from
/// K samples, L layers of units and n units in all.
struct Evaluations {
  int fixed = 1;
  int per_sample = 0;        ///< times K
  int per_layer = 0;         ///< times L
  int per_sample_layer = 0;  ///< times K L
  int per_unit = 0;          ///< times n
  int per_state = 0;         ///< times 2^n
  int per_layer_state = 0;   ///< times the sum of 2^n_l over layers

  /// For a network with so many units in each layer.
  int64_t count(int64_t samples, std::span<const int64_t> layers) const;
  std::string text() const;  ///< "1 + L", "K", "1 + 2^n"
};

}  // namespace signet
