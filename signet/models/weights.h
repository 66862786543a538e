#pragma once

#include <functional>

#include "signet/models/layer.h"
#include "signet/models/layer_kind.h"

namespace signet {

/// Where the weights of a linear layer or convolution come from.
struct WeightSpec {
  enum class Kind {
    binary,      ///< signs of latent weights
    real,        ///< themselves
    stochastic,  ///< Bernoulli: P(w = +1) = F(latent), drawn by the Sampler
  };
  Kind kind = Kind::binary;
  double init = 0.1;  ///< latent weights start uniform in [-init, init]
  std::string noise = "logistic";  ///< F of stochastic weights
  /// Whether every example has its own draw of stochastic weights, as
  /// estimators need that use the loss of each example; else one a step.
  bool draw_for_each_example = false;

  bool one_bit() const { return kind != Kind::real; }
};

/// The parameters `weights`, `init`, `noise` and `draw` of a layer kind.
std::vector<Parameter> weight_parameters();
WeightSpec read_weights(const Arguments& arguments);

/// What so many weights and multiply-accumulates cost, with a bias of so many
/// values.
LayerCost cost_of(const WeightSpec& spec, int64_t weights, int64_t macs,
                  int64_t bias);

/// The signs of latent weights, +1 where latent >= 0, in a type of choice, with
/// the identity as backward: dL/dlatent = dL/dw. Which step the latent weights
/// then take is the optimizer's business.
Tensor binary_weights(const Tensor& latent,
                      at::ScalarType type = at::ScalarType::Float);

/// Weights and bias of a linear layer or a convolution.
class WeightedLayer : public Layer {
 public:
  /// Makes the weights of the forward pass, of latent's shape and with a
  /// backward to latent, in place of the signs.
  using MakeWeights = std::function<Tensor(const Tensor& latent)>;

  /// Real weights start uniform in +-1/sqrt(weights of one output), the bias
  /// at 0.
  WeightedLayer(const char* name, const WeightSpec& spec, at::IntArrayRef shape,
                bool with_bias, const RandomStream& random);

  std::vector<Tensor*> handles() override;
  bool takes_bfloat16() const override { return true; }

  /// For binary weights while training: what an optimizer needs that does not
  /// train with signs. Empty: the signs.
  void set_weights(MakeWeights make) { make_weights_ = std::move(make); }

  /// In evaluation: a batch norm follows, and takes the bias with its mean. So
  /// the outputs of binary weights are integers there, as they are without a
  /// bias, and the sum of both is rounded once.
  void leave_bias() { leaves_bias_ = true; }
  bool leaves_bias() const { return leaves_bias_; }

  Tensor latent;  ///< [outputs, ...]; undefined with real weights
  Tensor weight;  ///< [outputs, ...]; undefined with binary weights
  Tensor bias;    ///< [outputs]; undefined without

 protected:
  /// The weights of a pass: the shape of the parameter, with axes in front if
  /// there are replicates or samples of them. If `for_each_example`, the last
  /// of those axes is that of the examples.
  struct Drawn {
    Tensor weight;
    bool for_each_example = false;
  };
  Drawn weights(int64_t examples, ForwardPass& pass) const;

  /// The bias that this pass has to add; undefined if there is none, or if it
  /// is left to the batch norm.
  Tensor bias_to_add(ForwardPass& pass) const;
  /// y + added, in the type of that; y without one.
  Tensor with_bias(const Tensor& y, const Tensor& added) const;

 private:
  WeightSpec spec_;
  int64_t dims_;  ///< of the weights without axes in front
  MakeWeights make_weights_;
  bool leaves_bias_ = false;
};

}  // namespace signet
