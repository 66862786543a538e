#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "signet/base/arguments.h"
#include "signet/base/table.h"
#include "signet/core/sampler.h"

namespace signet {

/// Something whose gradient is to be estimated: parameters and a loss with
/// stochastic units in it. Every parameter can be given an axis of R
/// replicates in front, so that one backward pass makes R independent
/// estimates.
struct Problem {
  /// What is reported together: a layer.
  struct Group {
    std::string name;
    std::vector<Tensor> parameters;  ///< values, without the axis
  };

  std::string name;
  std::vector<Group> groups;
  /// Examples B that the loss is the mean of; 0: a loss without data.
  int64_t examples = 0;
  /// Parameters of all groups in turn, each [R, ...] -> loss [R, B], or [R]
  /// without data; [K, R, B] when the sampler draws K samples. Must do with
  /// double parameters too.
  std::function<Tensor(const std::vector<Tensor>& parameters, Sampler&)> loss;
  /// The problem with those examples alone (int64 [b]); null without data.
  std::function<Problem(const Tensor& rows)> restricted = {};
};

/// A part of all parameters laid out in one row.
struct ParameterRange {
  std::string name;
  int64_t first, count;
};

/// Where each group is, after the whole.
std::vector<ParameterRange> parameter_ranges(const Problem& problem);

/// The parameters of all groups in turn.
std::vector<Tensor> all_parameters(const Problem& problem);

/// The problem at other values: the row of all parameters, or their type.
Problem at_values(Problem problem, const Tensor& row);
Problem in_double(Problem problem);

/// One built-in problem: a record in a file of its own.
struct ProblemRecord {
  std::string name;
  std::string summary;  ///< one line
  std::vector<Parameter> parameters;
  Problem (*make)(const Arguments& arguments);
};

/// From a spelling such as "polynomial(units=20, target=0.499)".
/// Errors: UsageError for an unknown name, parameter or value.
Problem make_problem(std::string_view spelling);

}  // namespace signet
