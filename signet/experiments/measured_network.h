#pragma once

#include <filesystem>
#include <string>

#include "signet/experiments/measured_points.h"
#include "signet/measure/problem.h"

namespace signet {

/// A network of the user's own with points to evaluate it on.
struct MeasuredNetworkFiles {
  /// TOML with `inputs = 2` and `layers = ["linear(outputs=5, ...)", ...]`; a
  /// recipe, whose network on images it is; or the folder of a run, whose
  /// trained network it is.
  std::filesystem::path network;
  /// Safetensors, see read_foreign_weights; a checkpoint of `signet train` is
  /// one too. Empty: initialised from `seed`.
  std::filesystem::path weights = {};
  std::string layout = {};  ///< of the weights; empty: what their file says
  /// Without data: the training images of the recipe.
  MeasuredPointsOptions points = {};
  /// Of loss_kinds(); empty: cross_entropy of several outputs, logistic of one.
  std::string loss = {};
  int64_t seed = 1;
};

/// The network's mean loss over the points as a problem whose groups are its
/// layers. The network is that of evaluation: batch norm has its running
/// moments, dropout is off.
/// Errors: one line that names the file and the key, tensor, or row and column.
Problem network_problem(const MeasuredNetworkFiles& files);

}  // namespace signet
