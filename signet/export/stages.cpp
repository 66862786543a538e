#include "signet/export/stages.h"

#include "signet/base/error.h"

namespace signet {
namespace {

/// Takes the layers of a network one after another.
class Splitter {
 public:
  explicit Splitter(const NetworkSpec& spec) : spec_(spec) {}

  std::vector<Stage> split() {
    for (i_ = 0; i_ < spec_.layers.size(); ++i_)
      std::visit([this](const auto& layer) { take(layer); }, spec_.layers[i_]);
    check(!stages_.empty(), "export", "the network has no linear layer");
    const auto& last = stages_.back();
    const bool linear =
        std::holds_alternative<LinearSpec>(spec_.layers[last.weighted]);
    check(linear && !last.units, "export",
          "the network must end in a linear layer that gives the scores, but "
          "it ends in " +
              std::string(last.units ? "units" : "a convolution"));
    return std::move(stages_);
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw UsageError("export: layer " + layer_name(spec_, i_) + " " + why);
  }

  /// The stage that waits for its units.
  Stage& open_stage() {
    if (stages_.empty() || stages_.back().units)
      refuse("must follow a linear layer or a convolution");
    return stages_.back();
  }

  void take_weights(const WeightSpec& weights, bool may_be_real) {
    if (!weights.one_bit() && !may_be_real)
      refuse("must have binary weights to be packed, but they are real");
    if (!stages_.empty() && !stages_.back().units)
      refuse("must follow units, which give the runtime its bits");
    stages_.emplace_back().weighted = i_;
  }

  void take(const LinearSpec& layer) {
    // A head reads units, and has none: take(UnitsSpec) sees to that.
    take_weights(layer.weights, !stages_.empty());
  }
  void take(const ConvSpec& layer) { take_weights(layer.weights, false); }

  void take(const MaxPoolSpec&) {
    if (stages_.empty()) refuse("must follow a linear layer or a convolution");
    auto& stage = stages_.back();
    auto& pools = stage.units  ? stage.unit_pools
                  : stage.norm ? stage.logit_pools
                               : stage.sum_pools;
    pools.push_back(i_);
  }

  void take(const BatchNormSpec&) {
    auto& stage = open_stage();
    if (stage.norm) refuse("is the second batch norm in a row");
    stage.norm = i_;
  }

  void take(const UnitsSpec&) {
    auto& stage = open_stage();
    const auto* linear = std::get_if<LinearSpec>(&spec_.layers[stage.weighted]);
    if (linear && !linear->weights.one_bit()) {
      refuse(
          "follows real weights, which the runtime has in the last layer "
          "only");
    }
    stage.units = i_;
  }

  void take(const FlattenSpec&) {
    if (!stages_.empty() && !stages_.back().units)
      refuse("must follow units: the runtime has one threshold a channel");
  }

  void take(const DropoutSpec&) {}

  void take(const AveragePoolSpec&) {
    refuse("takes means, but the runtime has bits between layers");
  }
  void take(const QuantizeSpec&) {
    refuse("gives several bits, but the runtime has units of one bit only");
  }
  template <Activation kFunction>
  void take(const ActivationSpec<kFunction>&) {
    refuse("gives real values, but the runtime has units of one bit only");
  }
  void take(const ShortcutSpec&) {
    refuse("begins a residual block, which the runtime does not have");
  }
  void take(const AddSpec&) {
    refuse("ends a residual block, which the runtime does not have");
  }

  const NetworkSpec& spec_;
  size_t i_ = 0;
  std::vector<Stage> stages_;
};

}  // namespace

std::vector<Stage> split_stages(const NetworkSpec& spec) {
  return Splitter(spec).split();
}

}  // namespace signet
