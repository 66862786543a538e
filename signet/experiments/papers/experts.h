#pragma once

#include <vector>

#include "signet/core/random.h"
#include "signet/core/sampler.h"

namespace signet {

/// A choice of experts: binary gates decide for each example which of several
/// small networks are computed,
///   g ~ Bernoulli(sigmoid(x G + c)),  y = b + sum_e g_e relu(x W_e + b_e) V_e.
/// An expert that is closed for an example costs nothing: its rows are left
/// out of the products.
class Experts {
 public:
  /// Which experts are computed.
  enum class Work {
    open,  ///< those whose gate is open
    all,   ///< every one, so that closed gates get a derivative too
  };

  struct Pass {
    Tensor classes;             ///< logits [B, 10]
    Tensor gates;               ///< [B, experts]
    int64_t multiply_adds = 0;  ///< of the gates and the experts computed
  };

  Experts(int64_t inputs, int64_t experts, int64_t hidden,
          const Random& random);

  /// Gates are drawn by the sampler. Shapes: x [B, inputs].
  Pass forward(const Tensor& x, Sampler& sampler, Work work) const;
  /// The same with gates given.
  Pass with_gates(const Tensor& x, const Tensor& gates, Work work) const;
  /// The logits of the gates, halved as logistic noise wants them.
  Tensor gate_logits(const Tensor& x) const;

  int64_t size() const { return static_cast<int64_t>(layers_.size()); }
  /// Of one example with every expert open, without the gates.
  int64_t dense_multiply_adds() const;
  std::vector<Tensor> parameters() const;

  /// All experts as one network 784 - experts hidden - 10 without gates, the
  /// fastest way to compute every one of them.
  Tensor dense(const Tensor& x) const;
  /// Copies the experts into that network's weights, once before dense().
  void prepare_dense();

 private:
  struct Expert {
    Tensor weight, bias, out;  ///< [inputs, hidden], [hidden], [hidden, 10]
  };
  Tensor gate_weight_, gate_bias_, bias_;
  std::vector<Expert> layers_;
  Expert dense_;
};

}  // namespace signet
