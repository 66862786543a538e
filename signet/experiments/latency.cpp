#include "signet/experiments/latency.h"

#include <algorithm>
#include <chrono>
#include <random>

#include "signet/base/overloaded.h"
#include "signet/core/torch.h"
#include "signet/export/expect.h"

namespace signet {
namespace {

constexpr int kRounds = 21;
constexpr double kRoundSeconds = 0.03;

/// The same network for LibTorch, as its users would run it when they want it
/// fast: folded batch norm, no gradient.
class FloatNetwork {
 public:
  explicit FloatNetwork(const runtime::ModelDescription& model) {
    for (const auto& layer : model.layers)
      add(std::get<runtime::BinaryLinear>(layer));
  }

  at::Tensor forward(at::Tensor h) const {
    for (size_t i = 0; i < layers_.size(); ++i) {
      h = at::linear(h, layers_[i].weight, layers_[i].bias);
      if (i + 1 < layers_.size()) h = h.sign_();
    }
    return h;
  }

 private:
  struct Layer {
    at::Tensor weight, bias;
  };

  /// A layer that reads bits is given signs here: half the weights, and half
  /// their sum in the bias.
  void add(const runtime::BinaryLinear& layer) {
    auto weight = at::empty({layer.outputs, layer.inputs});
    float* w = weight.data_ptr<float>();
    const int64_t words = (layer.inputs + 63) / 64;
    for (int64_t j = 0; j < layer.outputs; ++j) {
      for (int64_t k = 0; k < layer.inputs; ++k) {
        const auto word =
            layer.weights[static_cast<size_t>(j * words + k / 64)];
        w[j * layer.inputs + k] = (word >> (k % 64) & 1) ? 1.0f : -1.0f;
      }
    }
    auto bias = at::zeros({layer.outputs});
    if (layer.input == runtime::InputEncoding::bits) {
      weight = weight / 2;
      bias = bias + weight.sum(1);
    }
    std::visit(Overloaded{[&](const runtime::Thresholds& t) {
                            // s >= t for integers s is s - t + 1/2 > 0.
                            std::vector<float> half;
                            for (int32_t v : t.values)
                              half.push_back(0.5f - static_cast<float>(v));
                            bias = bias + at::tensor(half);
                          },
                          [&](const runtime::Scores& s) {
                            const auto scale = at::tensor(s.scale);
                            weight = weight * scale.unsqueeze(1);
                            bias = bias * scale + at::tensor(s.offset);
                          }},
               layer.output);
    layers_.push_back({weight.contiguous(), bias});
  }

  std::vector<Layer> layers_;
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
