#include "signet/experiments/latency.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <variant>

#include "signet/base/overloaded.h"
#include "signet/core/torch.h"
#include "signet/export/expect.h"

namespace signet {
namespace {

constexpr int kRounds = 21;
constexpr double kRoundSeconds = 0.03;

/// Packed rows of weights as -1 and +1.
at::Tensor unpack(const std::vector<uint64_t>& weights, int64_t rows,
                  int64_t columns) {
  auto signs = at::empty({rows, columns});
  float* w = signs.data_ptr<float>();
  const int64_t words = (columns + 63) / 64;
  for (int64_t j = 0; j < rows; ++j) {
    for (int64_t k = 0; k < columns; ++k) {
      const auto word = weights[static_cast<size_t>(j * words + k / 64)];
      w[j * columns + k] = (word >> (k % 64) & 1) ? 1.0f : -1.0f;
    }
  }
  return signs;
}

/// The same network for LibTorch, as its users would run it when they want it
/// fast: folded batch norm, no gradient. Between layers are signs; where the
/// packed network has bits {0,1}, half the weights and half their sum in the
/// bias make up for it.
class FloatNetwork {
 public:
  explicit FloatNetwork(const runtime::ModelDescription& model)
      : in_(input_shape(model.layers.front())) {
    for (const auto& layer : model.layers)
      std::visit([this](const auto& each) { add(each); }, layer);
  }

  at::Tensor forward(at::Tensor h) const {
    if (in_.pixels() > 1) h = h.view({-1, in_.channels, in_.height, in_.width});
    for (const auto& layer : layers_)
      h = std::visit([&](const auto& each) { return apply(each, h); }, layer);
    return h;
  }

 private:
  struct Linear {
    at::Tensor weight, bias;
    bool reads_signs = false;
  };
  struct Conv {
    at::Tensor weight, bias;
    int64_t stride = 1, pad = 0;
    double outside = 0;
    bool reads_signs = false;
  };
  struct Pool {
    std::vector<int64_t> window;
    int64_t stride = 1;
    at::Tensor directions;  ///< of channels; undefined: all are +1
  };
  using Step = std::variant<Linear, Conv, Pool>;

  static at::Tensor apply(const Linear& layer, at::Tensor h) {
    if (layer.reads_signs) h = h.sign_();
    if (h.dim() == 4) h = h.permute({0, 2, 3, 1}).flatten(1);
    return at::linear(h, layer.weight, layer.bias);
  }

  static at::Tensor apply(const Conv& layer, at::Tensor h) {
    if (layer.reads_signs) h = h.sign_();
    int64_t pad = layer.pad;
    if (pad > 0 && layer.outside != 0) {
      h = at::constant_pad_nd(h, {pad, pad, pad, pad}, layer.outside);
      pad = 0;
    }
    return at::conv2d(h, layer.weight, layer.bias, layer.stride, pad);
  }

  static at::Tensor apply(const Pool& layer, at::Tensor h) {
    h = at::max_pool2d(h, layer.window, layer.stride);
    return layer.directions.defined() ? h.mul_(layer.directions) : h;
  }

  /// s >= t for integers s is s - t + 1/2 > 0.
  static at::Tensor half_above(const runtime::Thresholds& thresholds) {
    std::vector<float> half;
    for (int32_t t : thresholds.values)
      half.push_back(0.5f - static_cast<float>(t));
    return at::tensor(half);
  }

  Linear linear(const at::Tensor& weight, runtime::InputEncoding input) const {
    Linear made{.weight = weight,
                .bias = at::zeros({weight.size(0)}),
                .reads_signs = !layers_.empty()};
    if (input == runtime::InputEncoding::bits) {
      made.weight = made.weight / 2;
      made.bias = made.weight.sum(1);
    }
    return made;
  }

  static void fold(const runtime::Scores& scores, Linear& layer) {
    const auto scale = at::tensor(scores.scale);
    layer.weight = (layer.weight * scale.unsqueeze(1)).contiguous();
    layer.bias = layer.bias * scale + at::tensor(scores.offset);
  }

  void add(const runtime::BinaryLinear& layer) {
    auto made =
        linear(unpack(layer.weights, layer.outputs, layer.inputs), layer.input);
    std::visit(Overloaded{[&](const runtime::Thresholds& t) {
                            made.bias = made.bias + half_above(t);
                          },
                          [&](const runtime::Scores& s) { fold(s, made); }},
               layer.output);
    layers_.push_back(std::move(made));
  }

  void add(const runtime::RealLinear& layer) {
    auto made = linear(at::tensor(layer.weights).view({layer.outputs, -1}),
                       layer.input);
    fold(layer.scores, made);
    layers_.push_back(std::move(made));
  }

  void add(const runtime::BinaryConv& layer) {
    const auto& window = layer.window;
    Conv made{.weight = unpack(layer.weights, layer.outputs, layer.patch())
                            .view({layer.outputs, window.height, window.width,
                                   layer.in.channels})
                            .permute({0, 3, 1, 2})
                            .contiguous(),
              .bias = half_above(layer.thresholds),
              .stride = window.stride,
              .pad = window.pad,
              .reads_signs = !layers_.empty()};
    constexpr double kOutside[] = {0, -1, 1};
    made.outside = kOutside[static_cast<int>(layer.padding)];
    if (layer.input == runtime::InputEncoding::bits) {
      made.weight = made.weight / 2;
      made.bias = made.bias + made.weight.sum({1, 2, 3});
      made.outside = 2 * made.outside - 1;
    }
    layers_.push_back(std::move(made));
  }

  /// Sums are pooled as the network was trained: channels that were turned
  /// around are turned back before, and around again after.
  void add(const runtime::MaxPool& layer) {
    Pool made{.window = {layer.window.height, layer.window.width},
              .stride = layer.window.stride,
              .directions = {}};
    if (!layer.least.empty()) {
      const auto turned = unpack(layer.least, 1, layer.in.channels).view({-1});
      made.directions = turned.neg().view({1, -1, 1, 1});
      size_t before = layers_.size();
      while (!std::holds_alternative<Conv>(layers_[--before])) {
        // A pool before it leaves the sums turned back for this one.
        std::get<Pool>(layers_[before]).directions = at::Tensor();
      }
      if (before + 1 == layers_.size()) {
        auto& conv = std::get<Conv>(layers_[before]);
        conv.weight = conv.weight * turned.neg().view({-1, 1, 1, 1});
        conv.bias = conv.bias * turned.neg();
      }
    }
    layers_.push_back(std::move(made));
  }

  runtime::MapShape in_;
  std::vector<Step> layers_;
};

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<long>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Seconds of one call: as many calls as fill a round.
template <class Call>
double time_call(const Call& call, int64_t calls) {
  const auto start = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < calls; ++i) call();
  const std::chrono::duration<double> spent =
      std::chrono::steady_clock::now() - start;
  return spent.count() / static_cast<double>(calls);
}

template <class Call>
int64_t calls_a_round(const Call& call) {
  time_call(call, 3);  // warm
  const double once = time_call(call, 5);
  return std::max<int64_t>(1, static_cast<int64_t>(kRoundSeconds / once));
}

Latency measure(const runtime::Model& model, const FloatNetwork& network,
                int64_t batch) {
  const int64_t features = model.info().inputs;
  std::vector<uint8_t> pixels(static_cast<size_t>(batch * features));
  std::mt19937 generator(1);
  for (auto& p : pixels) p = static_cast<uint8_t>(generator());
  auto workspace =
      expect(runtime::Workspace::create(model, std::min<int64_t>(batch, 64)));
  std::vector<float> scores(static_cast<size_t>(batch * model.info().outputs));
  const auto x =
      at::from_blob(pixels.data(), {batch, features}, at::kByte).to(at::kFloat);
  const auto packed_call = [&] {
    expect(model.forward(pixels, batch, workspace, scores));
  };
  const auto torch_call = [&] { network.forward(x); };

  const int64_t packed_calls = calls_a_round(packed_call);
  const int64_t torch_calls = calls_a_round(torch_call);
  std::vector<double> packed, torch, ratios;
  for (int round = 0; round < kRounds; ++round) {
    packed.push_back(time_call(packed_call, packed_calls));
    torch.push_back(time_call(torch_call, torch_calls));
    ratios.push_back(torch.back() / packed.back());
  }
  return {batch, median(packed), median(torch), median(ratios)};
}

}  // namespace

std::vector<Latency> measure_latency(const runtime::Model& model,
                                     const runtime::ModelDescription& weights,
                                     const std::vector<int64_t>& batches) {
  torch::NoGradGuard no_gradient;
  const FloatNetwork network(weights);
  std::vector<Latency> all;
  for (const auto batch : batches)
    all.push_back(measure(model, network, batch));
  return all;
}

}  // namespace signet
