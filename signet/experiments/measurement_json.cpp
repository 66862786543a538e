#include "signet/experiments/measurement_json.h"

#include <nlohmann/json.hpp>

namespace signet {
namespace {

using json = nlohmann::ordered_json;

json means_json(const GroupStatistics& group) {
  auto all = json::array();
  for (const auto& m : group.means) {
    all.push_back({{"n", m.n},
                   {"means", m.means},
                   {"relative_rmse", m.rmse},
                   {"relative_rmse_error", m.rmse_error},
                   {"cosine", m.cosine},
                   {"cosine_15_percent", m.cosine_low},
                   {"cosine_85_percent", m.cosine_high}});
  }
  return all;
}

json group_json(const GroupStatistics& group, double seconds) {
  return {{"name", group.name},
          {"parameters", group.parameters},
          {"gradient_norm", group.gradient_norm},
          {"gradient_norm_error", group.gradient_norm_error},
          {"bias", group.bias},
          {"bias_low", group.bias_low},
          {"bias_high", group.bias_high},
          {"relative_bias", group.relative(group.bias)},
          {"relative_bias_low", group.relative(group.bias_low)},
          {"relative_bias_high", group.relative(group.bias_high)},
          {"detectable_bias", group.detectable_bias},
          {"relative_detectable_bias", group.relative(group.detectable_bias)},
          {"rounding", group.rounding},
          {"relative_rounding", group.relative(group.rounding)},
          {"largest_z", group.largest_z},
          {"threshold_z", group.threshold_z},
          {"verdict", name_of(group.verdict)},
          {"estimator_variance", group.variance},
          {"estimator_variance_per_parameter", group.variance_per_parameter},
          {"variance_times_seconds", group.variance * seconds},
          {"means_of_n", means_json(group)}};
}

json estimator_json(const EstimatorMeasurement& e) {
  auto groups = json::array();
  for (const auto& group : e.groups)
    groups.push_back(group_json(group, e.seconds));
  return {{"label", e.label},
          {"estimator", e.estimator},
          {"replicates_in_a_run", e.replicates},
          {"samples", e.samples},
          {"learned", e.learned},
          {"deterministic", e.deterministic},
          {"evaluations", e.evaluations},
          {"seconds_per_sample", e.seconds},
          {"groups", groups}};
}

/// |g| of the whole and of each group.
json norms_json(const Measurement& m) {
  json norms = json::object();
  for (const auto& group : m.estimators.at(0).groups)
    norms[group.name] = group.gradient_norm;
  return norms;
}

}  // namespace

std::string measurement_json(const Measurement& m, const Basket* basket,
                             const std::string& command) {
  json all{{"command", command},
           {"problem", m.problem},
           {"parameters", m.parameters},
           {"examples", m.examples},
           {"seed", m.options.random.seed()},
           {"alpha", m.options.confidence.alpha},
           {"tolerance", m.options.confidence.tolerance},
           {"reference",
            {{"name", m.reference.name},
             {"exact", m.reference.samples == 0},
             {"samples", m.reference.samples},
             {"loss", m.reference.loss},
             {"loss_standard_error", m.reference.loss_error},
             {"gradient_norms", norms_json(m)},
             {"gradient", m.reference.gradient},
             {"standard_error", m.reference.error}}}};
  for (const auto& e : m.estimators)
    all["estimators"].push_back(estimator_json(e));
  if (basket) {
    all["basket"] = {{"steps", basket->steps}};
    for (const auto& curve : basket->curves) {
      all["basket"]["gradient_variance_ema_batch_mean"].push_back(
          {{"label", curve.label},
           {"estimator", curve.estimator},
           {"values", curve.variance}});
    }
  }
  return all.dump(2, ' ', false, json::error_handler_t::replace);
}

}  // namespace signet
