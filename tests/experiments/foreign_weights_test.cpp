#include "signet/experiments/foreign_weights.h"

#include <gtest/gtest.h>

#include <cmath>

#include "signet/core/samplers.h"
#include "signet/core/torch.h"
#include "signet/data/safetensors.h"
#include "signet/experiments/checkpoint.h"
#include "signet/experiments/tensor_data.h"
#include "signet/experiments/training.h"
#include "tests/experiments/tiny_run.h"

namespace signet {
namespace {

using State = std::map<std::string, Tensor>;

/// Multiples of 1/8 up to 2: any floating-point type holds them.
Tensor eighths(at::IntArrayRef shape, uint32_t index) {
  const auto u = Random(3).site(RandomUse::user, index).uniform(shape);
  return (u * 32 - 16).round() / 8;
}

/// What nn.Sequential(Conv2d(3, 4, 3, padding=1), BatchNorm2d(4), Tanh(),
/// MaxPool2d(2), Flatten(), BatchNorm1d(24), Linear(24, 5), Sign(),
/// Linear(5, 2)) has in its state_dict, for images of 3x4x6.
State pytorch_state() {
  State s;
  s["0.weight"] = eighths({4, 3, 3, 3}, 1);
  s["0.bias"] = eighths({4}, 2);
  for (const auto& [layer, n] : {std::pair{"1.", 4}, {"5.", 24}}) {
    const auto at = static_cast<uint32_t>(n);
    const std::string norm = layer;
    s[norm + "weight"] = eighths({n}, at);
    s[norm + "bias"] = eighths({n}, at + 1);
    s[norm + "running_mean"] = eighths({n}, at + 2);
    s[norm + "running_var"] = eighths({n}, at + 3).abs() + 0.5;
    s[norm + "num_batches_tracked"] =
        torch::full({}, 123'456'789, torch::kInt64);
  }
  s["6.weight"] = eighths({5, 24}, 50);
  s["6.bias"] = eighths({5}, 51);
  s["8.weight"] = eighths({2, 5}, 52);
  s["8.bias"] = eighths({2}, 53);
  return s;
}

const auto kInput = Shape::map(3, 4, 6);
const std::vector<std::string> kLayers = {
    "conv(channels=4, padding=1, weights=real, bias=true)",
    "batch-norm",
    "tanh",
    "max-pool",
    "flatten",
    "batch-norm",
    "linear(outputs=5, weights=real, bias=true)",
    "units",
    "linear(outputs=2, bias=true)"};

/// The same network by plain loops over PyTorch's tensors. x: [3 4 6] numbers.
std::vector<double> by_loops(const State& s, const float* x) {
  const auto at = [&](const char* name, int64_t i) {
    return s.at(name).contiguous().data_ptr<float>()[i];
  };
  const auto norm = [&](const std::string& layer, int64_t c, double v) {
    const auto of = [&](const char* name) {
      return double{at((layer + name).c_str(), c)};
    };
    return (v - of("running_mean")) / std::sqrt(of("running_var") + 1e-5) *
               of("weight") +
           of("bias");
  };
  std::vector<double> flat;  // channels, height, width
  for (int c = 0; c < 4; ++c) {
    for (int i = 0; i < 4; i += 2) {
      for (int j = 0; j < 6; j += 2) {
        double greatest = -2;
        for (const auto& [a, b] :
             {std::pair{i, j}, {i, j + 1}, {i + 1, j}, {i + 1, j + 1}}) {
          double sum = at("0.bias", c);
          for (int k = 0; k < 27; ++k) {
            const int p = k / 9, y = a + k / 3 % 3 - 1, z = b + k % 3 - 1;
            if (y < 0 || y >= 4 || z < 0 || z >= 6) continue;
            sum += double{at("0.weight", c * 27 + k)} * x[p * 24 + y * 6 + z];
          }
          greatest = std::max(greatest, std::tanh(norm("1.", c, sum)));
        }
        flat.push_back(greatest);
      }
    }
  }
  std::vector<double> out;
  for (int o = 0; o < 2; ++o) {
    double sum = at("8.bias", o);
    for (int h = 0; h < 5; ++h) {
      double a = at("6.bias", h);
      for (int k = 0; k < 24; ++k)
        a += double{at("6.weight", h * 24 + k)} *
             norm("5.", k, flat[static_cast<size_t>(k)]);
      sum += (a >= 0 ? 1 : -1) * (at("8.weight", o * 5 + h) >= 0 ? 1 : -1);
    }
    out.push_back(sum);
  }
  return out;
}

void write(const std::filesystem::path& path, const State& state,
           const std::map<std::string, std::string>& metadata,
           at::ScalarType type = torch::kFloat) {
  Safetensors file{.tensors = {}, .metadata = metadata};
  for (const auto& [name, tensor] : state) {
    file.tensors[name] =
        to_data(tensor.is_floating_point() ? tensor.to(type) : tensor);
  }
  save_safetensors(path, file);
}

Network network_of(const std::vector<std::string>& layers = kLayers,
                   const Shape& input = kInput) {
  return {parse_network(input, layers), Random(1)};
}

Tensor outputs(Network& network, const Tensor& x) {
  torch::NoGradGuard no_gradient;
  network.eval();
  ModeSampler mode;
  return network.forward(x, mode);
}

/// What the network of PyTorch gives of a few images.
void expect_pytorch_outputs(Network& network) {
  const auto state = pytorch_state();
  const auto x = eighths({40, 72}, 9);
  const auto y = outputs(network, x);
  for (int64_t i = 0; i < x.size(0); ++i) {
    const auto expected = by_loops(state, x.data_ptr<float>() + i * 72);
    for (int64_t o = 0; o < 2; ++o)
      ASSERT_NEAR(y[i][o].item<double>(), expected[static_cast<size_t>(o)],
                  1e-4)
          << i;
  }
}

// Kernels [out, in, h, w] whose sizes also read channels-last, what follows a
// flatten (a batch norm and a linear layer), counts of batches, a layer that
// PyTorch binarises itself.
TEST(ForeignWeights, ComputeWhatPytorchComputes) {
  const TempFolder folder;
  const auto path = folder / "w.safetensors";
  for (const auto type :
       {torch::kFloat, torch::kDouble, torch::kHalf, torch::kBFloat16}) {
    write(path, pytorch_state(), {{"format", "pt"}}, type);
    auto network = network_of();
    load_foreign_weights(path, network, "");
    expect_pytorch_outputs(network);
  }
  // Integers, and words that all names have in front.
  State named;
  for (const auto& [name, tensor] : pytorch_state())
    named["model.features." + name] = tensor;
  named["model.features.8.bias"] = torch::tensor({3, -2}, torch::kInt8);
  write(path, named, {});
  auto network = network_of();
  load_foreign_weights(path, network, "pytorch");
  auto with_bias = network_state(network).at("8.bias");
  EXPECT_TRUE(with_bias.equal(torch::tensor({3.F, -2.F})));
  {
    torch::NoGradGuard no_gradient;
    with_bias.copy_(pytorch_state().at("8.bias"));
  }
  expect_pytorch_outputs(network);
}

// A network that has been read, written in signet's own layout.
TEST(ForeignWeights, OwnLayoutIsThatOfTheNetwork) {
  const TempFolder folder;
  const auto path = folder / "w.safetensors";
  write(path, pytorch_state(), {{"format", "pt"}});
  auto network = network_of();
  load_foreign_weights(path, network, "auto");
  for (const auto& [metadata, layout] :
       {std::pair<std::map<std::string, std::string>, std::string>{
            {{"format", "signet"}}, ""},
        {{}, "signet"},
        {{{"format", "mlx"}}, "signet"},
        {{{"format", "pt"}}, "signet"}}) {
    write(path, network_state(network), metadata);
    auto again = network_of();
    load_foreign_weights(path, again, layout);
    expect_pytorch_outputs(again);
  }
  // As PyTorch's they are others.
  write(path, network_state(network), {{"format", "pt"}});
  auto other = network_of();
  load_foreign_weights(path, other, "");
  EXPECT_FALSE(outputs(other, eighths({40, 72}, 9))
                   .equal(outputs(network, eighths({40, 72}, 9))));
}

std::string refusal(const State& state,
                    const std::map<std::string, std::string>& metadata,
                    const std::string& layout = "",
                    const std::vector<std::string>& layers = kLayers,
                    const Shape& input = kInput) {
  const TempFolder folder;
  write(folder / "w", state, metadata);
  auto network = network_of(layers, input);
  auto text =
      error_of([&] { load_foreign_weights(folder / "w", network, layout); });
  const auto at = text.find((folder / "w").string());
  return at == std::string::npos
             ? text
             : text.replace(at, (folder / "w").string().size(), "w");
}

TEST(ForeignWeights, WantALayoutThatIsKnown) {
  const std::string choice =
      ": give --layout pytorch (kernels [out, in, height, width], channels "
      "first after flatten) or --layout signet ([out, height, width, in], "
      "channels last), in a recipe the key train.layout";
  const std::string must =
      "w: must say how its weights are laid out, but its metadata has ";
  EXPECT_EQ(refusal(pytorch_state(), {}), must + "no format" + choice);
  EXPECT_EQ(refusal(pytorch_state(), {{"made_by", "us"}}),
            must + "no format" + choice);
  for (const std::string format : {"np", "mlx", "tf", "flax", "PT"})
    EXPECT_EQ(refusal(pytorch_state(), {{"format", format}}),
              must + "the unknown format '" + format + "'" + choice);
  EXPECT_EQ(refusal(pytorch_state(), {}, "torch"),
            "--layout: must be pytorch or signet, but got 'torch'");
  EXPECT_EQ(refusal({}, {{"format", "pt"}}, "",
                    {"conv(channels=2, weights=real)", "flatten"}),
            "--layout pytorch: the network must end in a linear layer, or in a "
            "map of one pixel, but its outputs are a flattened map, here in "
            "the order height, width, channels");
}

TEST(ForeignWeights, ThatDoNotFitAreListedBesideTheNamesExpected) {
  const std::map<std::string, std::string> pt = {{"format", "pt"}};
  const std::vector<std::string> layers = {"conv(channels=4, weights=real)",
                                           "units", "flatten",
                                           "linear(outputs=2)"};
  State state = {{"0.weight", torch::ones({4, 3, 3, 3})},
                 {"3.weight", torch::ones({2, 32})}};
  const auto with = [&](auto change) {
    auto changed = state;
    change(changed);
    return refusal(changed, pt, "", layers);
  };
  EXPECT_EQ(with([](State&) {}), "no error");
  EXPECT_EQ(with([](State& s) {
              s["3.weight"] = torch::ones({32, 2});
            }),
            "w: tensors do not fit: 3.weight [32, 2]; in their place the "
            "network expects, in the layout pytorch: 3.weight [2, 32]");
  EXPECT_EQ(with([](State& s) {
              s["conv.weight"] = s["0.weight"];
              s.erase("0.weight");
              s["3.num_batches_tracked"] = torch::ones({});
            }),
            "w: tensors do not fit: 3.num_batches_tracked [], conv.weight [4, "
            "3, 3, 3]; in their place the network expects, in the layout "
            "pytorch: 0.weight [4, 3, 3, 3]");
  EXPECT_EQ(with([](State& s) { s["0.bias"] = torch::ones({4}); }),
            "w: the network has no place for 0.bias [4]; a linear layer or "
            "convolution has a bias with bias=true");
  EXPECT_EQ(with([](State& s) { s.erase("3.weight"); }),
            "w: lacks tensors that the network expects, in the layout pytorch: "
            "3.weight [2, 32]");
  EXPECT_EQ(refusal(state, {}, "signet", layers),
            "w: tensors do not fit: 3.weight [2, 32]; in their place the "
            "network expects, in the layout signet: 3.latent [2, 32]");
  // Kernels of another size, in the order of the file.
  EXPECT_EQ(with([](State& s) {
              s["0.weight"] = torch::ones({4, 3, 3, 5});
            }),
            "w: tensors do not fit: 0.weight [4, 3, 3, 5]; in their place the "
            "network expects, in the layout pytorch: 0.weight [4, 3, 3, 3]");
  State many;
  for (int i = 0; i < 20; ++i) many["x" + std::to_string(i)] = torch::ones({1});
  EXPECT_NE(refusal(many, pt).find(" and 12 more;"), std::string::npos);
}

TEST(ForeignWeights, MustBeNumbersThatAFloatHolds) {
  const std::map<std::string, std::string> pt = {{"format", "pt"}};
  const auto of = [&](const Tensor& t) {
    return refusal({{"1.weight", t}}, pt, "",
                   {"units", "linear(outputs=1, weights=real)"},
                   Shape::vector(2));
  };
  EXPECT_EQ(of(torch::tensor({{1, -7}}, torch::kInt32)), "no error");
  EXPECT_EQ(of(torch::tensor({{1.0, std::nan("")}})),
            "w: tensor '1.weight': must be finite, but holds infinity, NaN or "
            "what no float holds");
  EXPECT_EQ(of(torch::tensor({{1.0, 1e300}}, torch::kDouble)),
            "w: tensor '1.weight': must be finite, but holds infinity, NaN or "
            "what no float holds");
  EXPECT_EQ(of(torch::tensor({{1, (1 << 24) + 1}}, torch::kInt64)),
            "w: tensor '1.weight': must have integers that a float holds, up "
            "to 2^24");
  const TempFolder folder;
  Safetensors file{.tensors = {{"1.weight", {"BOOL", {1, 2}, {0, 1}}}},
                   .metadata = pt};
  save_safetensors(folder / "w", file);
  auto network = network_of({"units", "linear(outputs=1)"}, Shape::vector(2));
  EXPECT_NE(error_of([&] {
              load_foreign_weights(folder / "w", network, "");
            }).find("'1.weight' must be of type F64"),
            std::string::npos);
}

// train.from: a run, its checkpoint, a file of PyTorch's.
TEST(ForeignWeights, AreTheStartOfARun) {
  const TempFolder folder;
  auto recipe = tiny_recipe(folder);
  recipe.network.layers = {"conv(channels=3, weights=real, bias=true)",
                           "batch-norm",
                           "tanh",
                           "flatten",
                           "linear(outputs=3, weights=real)",
                           "batch-norm"};
  recipe.train.epochs = 3;
  const auto real = train(recipe, {.out = folder / "real"});
  EXPECT_GT(real.test.accuracy(), 0.9);
  auto copy = network_of(recipe.network.layers, Shape::map(1, 6, 6));
  load_foreign_weights(folder / "real/checkpoint.safetensors", copy, "");
  const auto trained =
      load_checkpoint(folder / "real/checkpoint.safetensors").network;
  for (const auto& [name, tensor] : network_state(copy))
    EXPECT_TRUE(tensor.equal(trained.at(name))) << name;
  // As PyTorch would have written it.
  auto state = trained;
  for (const std::string norm : {"1.", "5."}) {
    for (const char* name : {"mode_mean", "mode_var", "mode_batches"})
      state.erase(norm + name);
    state[norm + "num_batches_tracked"] = torch::ones({}, torch::kInt64);
  }
  auto& kernels = state.at("0.weight");
  kernels = kernels.permute({0, 3, 1, 2}).contiguous();
  auto& rows = state.at("4.weight");
  rows = rows.view({3, 4, 4, 3}).permute({0, 3, 1, 2}).flatten(1);
  write(folder / "pt.safetensors", state, {{"format", "pt"}});
  write(folder / "plain.safetensors", state, {});

  recipe.train.epochs = 1;
  recipe.optimizer.rate = 0;
  const auto loss_from = [&](const std::string& from,
                             const std::string& layout) {
    recipe.train.from = folder / from;
    recipe.train.layout = layout;
    return train(recipe, {.out = folder / "next", .overwrite = true}).test.loss;
  };
  const double same = loss_from("real", "auto");
  EXPECT_LT(same, 0.5);  // a guess has 1.1
  EXPECT_EQ(loss_from("real/checkpoint.safetensors", "auto"), same);
  EXPECT_EQ(loss_from("real", "signet"), same);
  EXPECT_EQ(loss_from("pt.safetensors", "auto"), same);
  EXPECT_EQ(loss_from("plain.safetensors", "pytorch"), same);
  EXPECT_EQ(load_recipe(folder / "next/recipe.toml").train.layout, "pytorch");
  const auto error_from = [&](const std::string& from,
                              const std::string& layout) {
    return error_of([&] { loss_from(from, layout); });
  };
  EXPECT_NE(error_from("plain.safetensors", "auto").find("train.layout"),
            std::string::npos);
  EXPECT_NE(error_from("plain.safetensors", "signet")
                .find("0.weight [3, 1, 3, 3]; in their place the network "
                      "expects, in the layout signet: 0.weight [3, 3, 3, 1]"),
            std::string::npos);
  EXPECT_EQ(error_from("real", "pytorch"),
            "train.layout: must be signet for a run of signet, but got "
            "pytorch");
  EXPECT_NE(error_from("real/checkpoint.safetensors", "pytorch")
                .find("is a checkpoint of signet, whose layout is signet"),
            std::string::npos);
  recipe.train.from.clear();
  EXPECT_EQ(error_of([&] {
              train(recipe, {.out = folder / "next", .overwrite = true});
            }),
            "train.layout: goes with train.from, whose weights it is about");
  // Real weights are the means of binary ones.
  recipe.network.layers[0] = "conv(channels=3, bias=true)";
  recipe.network.layers[4] = "linear(outputs=3)";
  loss_from("pt.safetensors", "auto");
  const auto from_file =
      load_checkpoint(folder / "next/checkpoint.safetensors").network;
  loss_from("real", "auto");
  const auto from_run =
      load_checkpoint(folder / "next/checkpoint.safetensors").network;
  for (const auto& [name, tensor] : from_run)
    EXPECT_TRUE(from_file.at(name).equal(tensor)) << name;
}

// What is no checkpoint of signet is not called one of another version.
TEST(ForeignWeights, AreNoCheckpoint) {
  const TempFolder folder;
  write(folder / "w", {}, {{"format", "pt"}, {"layers", "12"}});
  EXPECT_NE(error_of([&] { load_checkpoint(folder / "w"); })
                .find("is not a checkpoint of signet: its metadata has the "
                      "format 'pt'"),
            std::string::npos);
}

}  // namespace
}  // namespace signet
