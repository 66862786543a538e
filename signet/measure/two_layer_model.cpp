#include "signet/measure/two_layer_model.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "signet/base/names.h"
#include "signet/core/checks.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

using std::numbers::pi;

const double kRoot2Pi = std::sqrt(2 * pi);

double dot_of(const Tensor& a, const Tensor& b) {
  return a.dot(b).item<double>();
}
double sum_of(const Tensor& a) { return a.sum().item<double>(); }
double length_of(const Tensor& a) { return std::sqrt(dot_of(a, a)); }

void check_vector(const Tensor& t, const Tensor& like,
                  const std::string& name) {
  const std::string who = "two-layer model";
  check(t.defined() && t.dim() == 1 && t.scalar_type() == at::kDouble, who,
        name + " must be a vector of double");
  check(!like.defined() || t.sizes() == like.sizes(), who,
        name + " must have " + std::to_string(like.numel()) +
            " values, but got " + std::to_string(t.numel()));
  check(t.isfinite().all().item<bool>(), who, name + " must be finite");
}

/// w / |w|
Tensor direction(const Tensor& w) {
  const double length = length_of(w);
  check(length > 0, "two-layer model", "w must not be 0: it has no direction");
  return w / length;
}

/// (d' A d + (4 theta / pi) v'v*) / 8
double loss_at(const Tensor& v, double theta, const Tensor& v_star) {
  const auto d = v - v_star;
  return (dot_of(d, d) + sum_of(d) * sum_of(d) +
          4 * theta / pi * dot_of(v, v_star)) /
         8;
}

/// |v|^2 + (1'v)^2 - (1'v)(1'v*) + v'v*
double h(const Tensor& v, const Tensor& v_star) {
  return dot_of(v, v) + sum_of(v) * (sum_of(v) - sum_of(v_star)) +
         dot_of(v, v_star);
}

Tensor expected_identity(const TwoLayerModel& model, const TwoLayerPoint& at) {
  const auto& [v_star, w_star] = model.teacher();
  return (dot_of(at.v, at.v) * direction(at.w) -
          dot_of(at.v, v_star) * w_star) /
         kRoot2Pi;
}

Tensor expected_relu(const TwoLayerModel& model, const TwoLayerPoint& at) {
  const auto& [v_star, w_star] = model.teacher();
  const auto u = direction(at.w);
  return (h(at.v, v_star) * u - dot_of(at.v, v_star) * (u + w_star)) /
         (2 * kRoot2Pi);
}

/// p and q of E z 1[0 < z'w < 1, z'w* > 0] = p u + q e. Where it is y along e
/// and t along u, the second condition is y > -t cot(theta), so
///   q = int_0^T phi(t) phi(t cot) dt,   p = int_0^T t phi(t) Phi(t cot) dt,
/// the latter by parts.
struct ClippedMoments {
  double p, q;
};
ClippedMoments clipped_moments(double theta, double w_length) {
  const double border = 1 / w_length;
  // Where the sine is 0 the quotients are infinite, which is right.
  const double sine = std::sin(theta), cosine = std::cos(theta);
  const double share = std::erf(border / (std::numbers::sqrt2 * sine));
  const double phi = std::exp(-border * border / 2) / kRoot2Pi;
  const double below =
      std::erfc(-border * cosine / (std::numbers::sqrt2 * sine)) / 2;
  return {.p = (1 + cosine * share) / (2 * kRoot2Pi) - phi * below,
          .q = sine * share / (2 * kRoot2Pi)};
}

Tensor expected_clipped_relu(const TwoLayerModel& model,
                             const TwoLayerPoint& at) {
  const auto& v_star = model.teacher().v;
  const auto u = direction(at.w);
  const double length = length_of(at.w);
  const auto [p, q] = clipped_moments(model.angle(at.w), length);
  const double p0 = clipped_moments(0, length).p;
  return h(at.v, v_star) * p0 / 2 * u -
         dot_of(at.v, v_star) * (p * u + q * model.towards_teacher(at.w));
}

}  // namespace

TwoLayerModel::TwoLayerModel(const TwoLayerPoint& teacher) {
  check_vector(teacher.v, {}, "v*");
  check_vector(teacher.w, {}, "w*");
  check(length_of(teacher.v) > 0 && length_of(teacher.w) > 0, "two-layer model",
        "v* and w* must not be 0");
  teacher_ = {teacher.v, direction(teacher.w)};
}

double TwoLayerModel::angle(const Tensor& w) const {
  const double length = length_of(w);
  if (length == 0) return std::numeric_limits<double>::quiet_NaN();
  const auto u = w / length;
  const double cosine = dot_of(u, teacher_.w);
  return std::atan2(length_of(teacher_.w - cosine * u), cosine);
}

double TwoLayerModel::loss(const TwoLayerPoint& at) const {
  check_vector(at.v, teacher_.v, "v");
  check_vector(at.w, teacher_.w, "w");
  const double theta = angle(at.w);
  // s(Z 0) = 0, and so is the output.
  if (std::isnan(theta)) return loss_at(at::zeros_like(at.v), 0, teacher_.v);
  return loss_at(at.v, theta, teacher_.v);
}

Tensor TwoLayerModel::towards_teacher(const Tensor& w) const {
  const auto u = direction(w);
  const auto across = teacher_.w - dot_of(u, teacher_.w) * u;
  const double length = length_of(across);
  return length > 0 ? across / length : across;
}

TwoLayerPoint TwoLayerModel::gradient(const TwoLayerPoint& at) const {
  check_vector(at.v, teacher_.v, "v");
  check_vector(at.w, teacher_.w, "w");
  const auto e = towards_teacher(at.w);
  const auto d = at.v - teacher_.v;
  return {(d + sum_of(d)) / 4 + angle(at.w) / (2 * pi) * teacher_.v,
          e * (-dot_of(at.v, teacher_.v) / (2 * pi * length_of(at.w)))};
}

const std::vector<CoarseGradient>& coarse_gradients() {
  static const std::vector<CoarseGradient> all{
      {"identity", "t", [](const Tensor& t) { return at::ones_like(t); },
       expected_identity},
      {"relu", "max(t, 0)",
       [](const Tensor& t) { return (t > 0).to(t.dtype()); }, expected_relu},
      {"clipped-relu", "min(max(t, 0), 1)",
       [](const Tensor& t) { return ((t > 0) & (t < 1)).to(t.dtype()); },
       expected_clipped_relu},
  };
  return all;
}

const CoarseGradient& find_coarse_gradient(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& coarse : coarse_gradients()) {
    if (coarse.name == name) return coarse;
    names.push_back(coarse.name);
  }
  throw UsageError(unknown_name("coarse gradient", name, names));
}

TwoLayerSample sample_gradients(const TwoLayerModel& model,
                                const TwoLayerPoint& at,
                                const CoarseGradient& coarse, const Tensor& z) {
  const auto& [v_star, w_star] = model.teacher();
  check_vector(at.v, v_star, "v");
  check_vector(at.w, w_star, "w");
  check(z.dim() == 3 && z.size(1) == v_star.numel() &&
            z.size(2) == w_star.numel() && z.scalar_type() == at::kDouble,
        "sample_gradients",
        "z must be of double, [N, m, n], but got " + shape_text(z.sizes()));
  const auto t = z.matmul(at.w);
  const auto on = (t > 0).to(t.dtype());
  const auto error =
      on.matmul(at.v) - (z.matmul(w_star) > 0).to(t.dtype()).matmul(v_star);
  const auto in_t = coarse.derivative(t) * at.v * error.unsqueeze(1);
  return {.loss = error.square() / 2,
          .v = on * error.unsqueeze(1),
          .w = in_t.unsqueeze(1).matmul(z).squeeze(1)};
}

std::vector<CriticalPoint> critical_points(const TwoLayerModel& model) {
  const auto& v_star = model.teacher().v;
  const double ones = sum_of(v_star);
  const double share = ones * ones / dot_of(v_star, v_star) /
                       static_cast<double>(v_star.numel() + 1);
  std::vector<CriticalPoint> all;
  // A^-1 = I - 1 1' / (m + 1)
  const auto solved = v_star - ones / static_cast<double>(v_star.numel() + 1);
  const auto add = [&](const char* name, double theta) {
    const auto v = v_star - 2 * theta / pi * solved;
    all.push_back({name, theta, v, loss_at(v, theta, v_star)});
  };
  add("global minimum", 0);
  if (share < 0.5) {
    add("saddle", pi / 2 / (1 - share));
    add("spurious minimum", pi);
  }
  return all;
}

TwoLayerPoint point_at(const TwoLayerModel& model,
                       const CriticalPoint& critical, double length,
                       const Tensor& side) {
  const auto& w_star = model.teacher().w;
  check_vector(side, w_star, "side");
  if (critical.theta == 0) return {critical.v, w_star * length};
  if (critical.theta == pi) return {critical.v, w_star * -length};
  const auto across = direction(side - dot_of(side, w_star) * w_star);
  return {critical.v, length * (std::cos(critical.theta) * w_star +
                                std::sin(critical.theta) * across)};
}

CoarseDescent coarse_descent(const TwoLayerModel& model,
                             const TwoLayerPoint& start,
                             const CoarseGradient& coarse,
                             const CoarseDescentOptions& options) {
  check(options.rate > 0 && std::isfinite(options.rate) && options.steps >= 0 &&
            options.every > 0,
        "coarse_descent",
        "rate and every must be positive, steps must not be negative");
  check_vector(start.w, model.teacher().w, "w");
  check(length_of(start.w) > 0, "coarse_descent",
        "w must not be 0 at the start");
  CoarseDescent descent{.rows = {}, .end = start};
  auto& [v, w] = descent.end;
  for (int64_t step = 0;; ++step) {
    const double length = length_of(w);
    const bool last = step == options.steps || length == 0;
    TwoLayerPoint g{at::zeros_like(v), at::zeros_like(w)};
    if (length > 0) {
      g.v = model.gradient(descent.end).v;
      g.w = coarse.expected(model, descent.end);
    }
    if (last || step % options.every == 0) {
      descent.rows.push_back(
          {.step = step,
           .loss = model.loss(descent.end),
           .angle = model.angle(w),
           .length = length,
           .gradient = std::sqrt(dot_of(g.v, g.v) + dot_of(g.w, g.w))});
    }
    if (last) return descent;
    v = v - options.rate * g.v;
    w = w - options.rate * g.w;
  }
}

}  // namespace signet
