#include "signet/core/checked_objective.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "signet/core/checks.h"
#include "signet/core/finite.h"
#include "signet/core/normalized_logits.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

constexpr const char* kFromTheEnd =
    "; count dimensions from the end, as signet::cross_entropy does";

/// A layer as a run asked for it.
struct AskedLayer {
  std::vector<int64_t> logits;  ///< shape
  Encoding encoding;
  const Noise* noise;

  std::string text() const {
    return std::string(name_of(encoding)) + " of " + noise->name + " noise";
  }
};

/// What the later runs are compared with.
struct FirstRun {
  std::vector<AskedLayer> layers;
  std::vector<int64_t> loss;  ///< shape
};

/// Whether `shape` is `base`, maybe with one axis in front.
bool extends(at::IntArrayRef shape, at::IntArrayRef base) {
  return shape == base ||
         (shape.size() == base.size() + 1 && shape.slice(1) == base);
}

std::vector<int64_t> with_samples(int64_t samples, std::vector<int64_t> shape) {
  shape.insert(shape.begin(), samples);
  return shape;
}

/// Draws by another sampler, and watches what one run asks for and gets.
/// Texts are made only where one is thrown: some runs take microseconds.
class WatchingSampler : public Sampler {
 public:
  WatchingSampler(Sampler& inner, const RunBy& rule,
                  const std::optional<FirstRun>& first)
      : inner_(inner), rule_(rule), first_(first) {}

  Tensor draw(const Tensor& logits, const UnitOptions& units) override {
    ask(logits, units);
    check_finite(logits, rule_.estimator, "logits of units");
    if (rule_.keeps_units) keep(logits);
    return got(inner_.draw(logits, units), logits.sizes());
  }

  Tensor draw_normalized(const NormalizedLogits& logits,
                         const UnitOptions& units) override {
    ask(logits.x, units);
    check_finite(logits, rule_.estimator, "logits of units");
    return got(inner_.draw_normalized(logits, units), logits.x.sizes());
  }

  bool is_mode() const override { return inner_.is_mode(); }

  /// The loss that the run gave, with an axis of samples if units have one.
  Tensor finish(const Tensor& loss) const {
    if (layers_.empty())
      refuse(
          "the objective must draw its units from the sampler that it is "
          "given, but drew none");
    if (first_ && layers_.size() < first_->layers.size())
      refuse_count(std::to_string(layers_.size()));
    check_floating(loss, rule_.estimator, "the loss");
    if (has_derivative_ && at::GradMode::is_enabled() && !loss.requires_grad())
      refuse(
          "the loss must be differentiable in the units, but has no "
          "derivative; estimators for black-box objectives, such as "
          "reinforce, need none");
    for (const auto& [tensor, version] : kept_)
      if (tensor._version() != version)
        refuse(
            "the objective must not change logits or units in place: write "
            "x * y for x.mul_(y)");
    const auto result = samples_ ? of_samples(loss) : of_examples(loss);
    check_finite(loss, rule_.estimator, "loss");
    return result;
  }

  /// For the first run.
  std::optional<FirstRun> seen(const Tensor& loss) const {
    if (samples_) return std::nullopt;  // shapes without them are not known
    return FirstRun{layers_, loss.sizes().vec()};
  }

  bool has_samples() const { return samples_.has_value(); }

  /// Says where an error of LibTorch comes from that the samples bring.
  [[noreturn]] void explain(const c10::Error& error) const {
    const std::string text = error.what_without_backtrace();
    refuse("the objective must take units with " + std::to_string(*samples_) +
           " samples in front, of the shape " + shape_text(sampled_) +
           ", but LibTorch says: " + text.substr(0, text.find('\n')) +
           kFromTheEnd);
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw UsageError(rule_.estimator + ": " + why);
  }

  [[noreturn]] void refuse_count(const std::string& now) const {
    refuse(
        "the objective must draw the same layers of units in every run, but "
        "drew " +
        std::to_string(first_->layers.size()) + " and now " + now);
  }

  void ask(const Tensor& logits, const UnitOptions& units) {
    check_floating(logits, rule_.estimator, "logits of units");
    if (!units.noise)
      refuse("the noise of units must be a family, but is null");
    if (logits.dim() < 2 || logits.numel() == 0)
      refuse(
          "logits of units must be [B, n], at least one example and one "
          "unit, but got " +
          shape_text(logits.sizes()));
    const size_t l = layers_.size();
    layers_.push_back({logits.sizes().vec(), units.encoding, units.noise});
    if (!first_) return;
    if (l >= first_->layers.size()) refuse_count("more");
    const auto &before = first_->layers[l], &now = layers_[l];
    const auto name = [&] { return "layer " + std::to_string(l + 1); };
    if (!extends(now.logits, before.logits))
      refuse(
          "the objective must draw the same layers of units in every run, "
          "but logits of " +
          name() + " were " + shape_text(before.logits) + " and now " +
          shape_text(now.logits));
    if (now.encoding != before.encoding || now.noise != before.noise)
      refuse(
          "the objective must draw the same layers of units in every run, "
          "but " +
          name() + " was " + before.text() + " and now " + now.text());
  }

  Tensor got(Tensor x, at::IntArrayRef logits) {
    if (!x.defined() || !extends(x.sizes(), logits))
      refuse("units must have the shape of their logits, " +
             shape_text(logits) + ", maybe with samples in front, but " +
             (x.defined() ? "got " + shape_text(x.sizes())
                          : std::string("are undefined")));
    if (x.dim() > static_cast<int64_t>(logits.size()) && !samples_) {
      samples_ = x.size(0);
      sampled_ = x.sizes().vec();
    }
    has_derivative_ = has_derivative_ || x.requires_grad();
    if (rule_.keeps_units) keep(x);
    return x;
  }

  void keep(const Tensor& t) {
    if (!t.is_inference()) kept_.emplace_back(t, t._version());
  }

  /// Whether the axes of the loss are the first ones of the logits.
  bool leads(at::IntArrayRef loss, at::IntArrayRef logits) const {
    if (loss.empty() || logits.size() <= loss.size()) return false;
    for (size_t i = 0; i < loss.size(); ++i) {
      if (logits[i] != loss[i] && (rule_.uses_each_loss || logits[i] != 1))
        return false;
    }
    return true;
  }

  Tensor of_examples(const Tensor& loss) const {
    for (const auto& layer : layers_)
      if (!leads(loss.sizes(), layer.logits))
        refuse(
            "the loss must have a value for each example, its axes the "
            "first ones of units " +
            shape_text(layer.logits) + ", but got " + shape_text(loss.sizes()));
    if (first_ && loss.sizes() != first_->loss)
      refuse("the loss must have one shape in every run, but was " +
             shape_text(first_->loss) + " and now " + shape_text(loss.sizes()));
    return loss;
  }

  Tensor of_samples(const Tensor& loss) const {
    if (!first_) return loss;
    const auto shape = with_samples(*samples_, first_->loss);
    if (loss.sizes() != shape && loss.sizes() != first_->loss)
      refuse("the loss must be " + shape_text(shape) +
             " where units have samples in front, " + shape_text(sampled_) +
             ", but got " + shape_text(loss.sizes()) + kFromTheEnd);
    return loss.expand(shape);
  }

  Sampler& inner_;
  const RunBy& rule_;
  const std::optional<FirstRun>& first_;
  std::vector<AskedLayer> layers_;
  std::vector<std::pair<Tensor, int64_t>> kept_;
  std::optional<int64_t> samples_;  ///< how many units have in front
  std::vector<int64_t> sampled_;    ///< shape of the first of those units
  bool has_derivative_ = false;
};

struct Watched {
  Objective objective;
  RunBy rule;
  std::optional<FirstRun> first = {};

  Tensor run(Sampler& sampler) {
    WatchingSampler watching(sampler, rule, first);
    Tensor loss;
    try {
      loss = objective(watching);
    } catch (const c10::Error& error) {
      if (!watching.has_samples()) throw;
      watching.explain(error);
    }
    auto result = watching.finish(loss);
    if (!first) first = watching.seen(result);
    return result;
  }
};

}  // namespace

Objective checked_objective(const Objective& objective, const RunBy& rule) {
  check(objective != nullptr, rule.estimator,
        "the objective must be a function, but is empty");
  const auto watched =
      std::make_shared<Watched>(Watched{.objective = objective, .rule = rule});
  return [=](Sampler& sampler) { return watched->run(sampler); };
}

}  // namespace signet
