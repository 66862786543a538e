#pragma once

#include <string>
#include <vector>

#include "signet/core/estimator.h"
#include "signet/experiments/evaluation.h"
#include "signet/models/network.h"
#include "signet/optim/optimizer.h"

// Small trainings that an experiment watches step by step.

namespace signet {

/// Images scaled to [0, 1], float [n, features], and their classes.
struct ScaledImages {
  Tensor x, labels;
  Shape shape;
  int64_t classes = 0;

  int64_t size() const { return labels.size(0); }
};

/// The first `count` images of a part; 0: all.
ScaledImages scaled_images(const DatasetOptions& options, Part part,
                           int64_t count = 0);

struct NetworkTraining {
  std::vector<std::string> layers;
  std::string estimator = "st";
  std::string weights = "binaryconnect";  ///< rule of binary weights
  std::string others = "gradient";
  double rate = 1e-3;
  int64_t steps = 0;  ///< that the rate falls to 0 over, along a cosine
  int64_t batch = 100;
  /// Pre-activations of this many images get mean 0 and deviation 1; 0: none.
  int64_t init_batch = 0;
};

/// A network and its optimizer. Trainers of equal `random` see the same
/// batches, the same dropout and the same noise.
class NetworkTrainer {
 public:
  NetworkTrainer(const NetworkTraining& training, const ScaledImages& images,
                 const Random& random);

  /// One step on the next batch, of an order that changes every epoch; returns
  /// its mean cross entropy.
  /// Errors: Diverged if that is not finite.
  double step();
  int64_t steps() const { return optimizer_.steps(); }
  /// The rest of the training goes by another estimator; what the old one has
  /// learned is forgotten.
  void use_estimator(const std::string& spelling);

  Network& network() { return network_; }
  /// Latent weights of all binary layers in one row, a copy.
  Tensor latent_weights();
  /// Puts such a row into the layers.
  void set_latent_weights(const Tensor& row);

 private:
  Tensor next_batch();

  NetworkTraining training_;
  const ScaledImages& images_;
  Random random_;
  Network network_;
  Optimizer optimizer_;
  BoundEstimator estimator_;
  EstimatorState state_;
  Tensor order_;
};

/// How a network does on images: softmax probabilities averaged over `samples`
/// joint draws of its units, or of one pass of its mode.
struct TestScore {
  double accuracy = 0;  ///< percent, of the average
  double loss = 0;      ///< mean cross entropy of one draw, nats
};
TestScore score(Network& network, const ScaledImages& images, int64_t samples,
                const Random& random);

}  // namespace signet
