#include "signet/core/renewed_runs.h"

#include "signet/core/torch.h"

namespace signet {
namespace {

/// Units shrunk around their middle, for the objective to see.
class ShrinkingSampler : public Sampler {
 public:
  ShrinkingSampler(Sampler& inner, double scale)
      : inner_(inner), scale_(scale) {}

  Tensor draw(const Tensor& logits, const UnitOptions& units) override {
    const auto x = inner_.draw(logits, units);
    if (scale_ == 1) return x;
    const double middle = (low(units.encoding) + high(units.encoding)) / 2;
    return middle + (x - middle) / scale_;
  }

 private:
  Sampler& inner_;
  double scale_;
};

}  // namespace

Estimate renewed_runs(const Objective& objective, const BoundEstimator& rule,
                      const Random& random, const RenewedRuns& runs) {
  Tensor sum;
  for (int64_t k = 0; k < runs.samples; ++k) {
    const auto fresh = random.branch(static_cast<uint64_t>(k));
    RuleSampler sampler = runs.keep == 0
                              ? RuleSampler(rule, fresh)
                              : RuleSampler(rule, random, {runs.keep, fresh});
    ShrinkingSampler shrinking(sampler, runs.scale);
    const auto loss = objective(shrinking);
    sum = sum.defined() ? sum + loss : loss;
  }
  const auto mean = sum / static_cast<double>(runs.samples);
  return {mean.detach(), mean};
}

Parameter samples_parameter(int64_t fallback) {
  return {.name = "samples",
          .fallback = fallback,
          .help = "runs of the objective",
          .min = 1,
          .max = 10000};
}

Parameter keep_parameter() {
  return {.name = "keep",
          .fallback = 0.5,
          .help =
              "rho, the probability that a unit keeps its noise from run "
              "to run",
          .min = 0,
          .max = 1};
}

Parameter scale_parameter() {
  return {.name = "scale",
          .fallback = 2.0,
          .help = "c; the units are shrunk around their middle by 1/c",
          .min = 1,
          .max = 1000};
}

}  // namespace signet
