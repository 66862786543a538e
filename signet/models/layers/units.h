#pragma once

#include "signet/core/encoding.h"
#include "signet/core/normalized_logits.h"
#include "signet/models/layer.h"
#include "signet/models/layer_kind.h"

namespace signet {

/// Bernoulli units, drawn by the Sampler: P(x = high) = F(a). Or deterministic
/// ones: x = high where a >= 0, with the straight-through backward of the
/// noise, whatever the estimator.
struct UnitsSpec {
  Encoding encoding = Encoding::signs;
  std::string noise = "logistic";
  bool deterministic = false;

  static LayerKind kind();
  static UnitsSpec read(const Arguments& arguments);
  Shape output(const Shape& input, OpenShortcuts&) const;
  LayerCost cost(const Shape&) const { return {}; }
  std::shared_ptr<Layer> build(const Shape& input,
                               const RandomStream& random) const;
};

class Units : public Layer {
 public:
  explicit Units(const UnitsSpec& spec);

  Tensor forward(const Tensor& logits, ForwardPass& pass) override;
  /// The same for logits that are not written down yet.
  Tensor forward(const NormalizedLogits& logits, ForwardPass& pass);

 private:
  UnitOptions options_;
  bool deterministic_;
};

}  // namespace signet
