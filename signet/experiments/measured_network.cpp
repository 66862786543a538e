#include "signet/experiments/measured_network.h"

#include <algorithm>
#include <memory>

#include "signet/base/printable.h"
#include "signet/core/checks.h"
#include "signet/core/torch.h"
#include "signet/data/atomic_file.h"
#include "signet/experiments/foreign_weights.h"
#include "signet/experiments/image_shape.h"
#include "signet/experiments/read_toml.h"
#include "signet/experiments/run_folder.h"
#include "signet/measure/losses.h"
#include "signet/models/network.h"

namespace signet {
namespace {

namespace fs = std::filesystem;

std::string shown(const fs::path& path) {
  return printable(path.string(), 500);
}

toml::table read_table(const fs::path& path) {
  const auto bytes = read_file(path);
  return read_toml(std::string(bytes.begin(), bytes.end()), path.string());
}

NetworkSpec read_spec(const toml::table& table, const fs::path& path) {
  const std::vector<std::string> keys{"inputs", "layers"};
  for (const auto& [key, value] : table) {
    const auto name = std::string(key.str());
    if (std::find(keys.begin(), keys.end(), name) == keys.end())
      throw UsageError(path.string() + ": " + unknown_name("key", name, keys));
  }
  const auto inputs = table["inputs"].value_exact<int64_t>();
  const auto map = table["inputs"].value_exact<std::string>();
  check(map || (inputs && *inputs > 0), path.string(),
        "inputs must be a positive whole number, or for maps a text such as "
        "\"1x28x28\"");
  const auto* layers = table["layers"].as_array();
  check(layers && !layers->empty(), path.string(),
        "layers must be a list of texts, such as [\"linear(outputs=5)\"]");
  std::vector<std::string> texts;
  for (const auto& layer : *layers) {
    check(layer.is_string(), path.string(), "layers must be a list of texts");
    texts.push_back(layer.as_string()->get());
  }
  try {
    return parse_network(map ? Shape::parse(*map) : Shape::vector(*inputs),
                         texts);
  } catch (const UsageError& error) {
    throw UsageError(path.string() + ": " + error.what());
  }
}

Problem with_points(const std::shared_ptr<Network>& network,
                    const std::vector<Problem::Group>& groups,
                    const LossKind& loss, const MeasuredPoints& points) {
  return {
      .name = {},
      .groups = groups,
      .examples = points.labels.size(0),
      .loss =
          [=, &loss](const std::vector<Tensor>& parameters, Sampler& sampler) {
            const auto type = parameters[0].scalar_type();
            network->compute_with(parameters);
            return loss.loss(network->forward(points.inputs.to(type), sampler),
                             points.labels.to(type));
          },
      .restricted =
          [=, &loss](const Tensor& rows) {
            return with_points(
                network, groups, loss,
                {points.inputs.index_select(0, rows),
                 points.labels.index_select(0, rows), points.name});
          }};
}

/// What is measured, where it is measured, and what both are called.
struct Loaded {
  std::shared_ptr<Network> network;
  std::string name;
  MeasuredPointsOptions options;
  std::optional<Dataset> images;
};

/// The images of a recipe, unless other data are asked for.
void add_images(Loaded& loaded, const Recipe& recipe) {
  auto& data = loaded.options.data;
  if (!data.empty()) {
    loaded.images = measured_images(loaded.options);
    return;
  }
  data = recipe.data.set;
  loaded.images =
      load_dataset({recipe.data.set, recipe.data.folder}, Part::train);
}

Loaded load_network_of_run(const MeasuredNetworkFiles& files) {
  check(files.weights.empty(), files.network.string(),
        "is the folder of a run, which has weights of its own: leave out "
        "--weights");
  auto run = load_run(files.network);
  Loaded loaded{
      .network = run.network,
      .name = shown(files.network) + ", epoch " + std::to_string(run.epoch),
      .options = files.points,
      .images = {}};
  add_images(loaded, run.recipe);
  return loaded;
}

Loaded load_network(const MeasuredNetworkFiles& files) {
  if (fs::is_directory(files.network)) return load_network_of_run(files);
  Loaded loaded{.network = nullptr,
                .name = shown(files.network),
                .options = files.points,
                .images = {}};
  const auto table = read_table(files.network);
  NetworkSpec spec;
  if (table.contains("network")) {
    const auto recipe = load_recipe(files.network);
    add_images(loaded, recipe);
    check(loaded.images.has_value(), files.network.string(),
          "is a recipe, whose network takes images: --data must be a data set "
          "or the folder of one");
    spec = parse_network(image_shape(*loaded.images), recipe.network.layers);
  } else {
    spec = read_spec(table, files.network);
    check(!files.points.data.empty(), files.network.string(),
          "needs --data: a CSV file of points, a data set or the folder of "
          "one");
    loaded.images = measured_images(loaded.options);
  }
  loaded.network = std::make_shared<Network>(
      spec, Random(static_cast<uint64_t>(files.seed)));
  if (files.weights.empty()) {
    loaded.name += " (weights from seed " + std::to_string(files.seed) + ")";
  } else {
    load_foreign_weights(files.weights, *loaded.network, files.layout);
    loaded.name += " with " + shown(files.weights);
  }
  loaded.network->eval();
  return loaded;
}

const LossKind& loss_for(const std::string& name, const NetworkSpec& spec) {
  if (!name.empty()) return find_loss(name);
  const bool classes = summarize(spec).back().output.values() > 1;
  return find_loss(classes ? "cross_entropy" : "logistic");
}

Problem load(const MeasuredNetworkFiles& files) {
  if (!files.loss.empty()) find_loss(files.loss);  // a slip costs no time
  const auto loaded = load_network(files);
  const auto& network = loaded.network;
  const auto& spec = network->spec();
  check(std::any_of(spec.layers.begin(), spec.layers.end(),
                    [](const auto& layer) {
                      return std::holds_alternative<UnitsSpec>(layer);
                    }),
        files.network.string(),
        "layers must have units, or there is nothing to estimate");
  const auto& loss = loss_for(files.loss, spec);
  const auto points =
      measured_points(loaded.options, loaded.images, loss, spec);
  std::vector<Problem::Group> groups;
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    Problem::Group group{layer_name(spec, i), {}};
    for (const auto& parameter : network->layer(i).parameters())
      group.parameters.push_back(parameter.detach().clone());
    if (!group.parameters.empty()) groups.push_back(std::move(group));
  }
  auto problem = with_points(network, groups, loss, points);
  problem.name = loaded.name + " on " + printable(points.name, 500) + ", " +
                 loss.name + " loss";
  return problem;
}

}  // namespace

Problem network_problem(const MeasuredNetworkFiles& files) {
  try {
    return load(files);
  } catch (const std::runtime_error& error) {
    throw UsageError(error.what());  // of a file that the user can mend
  }
}

}  // namespace signet
