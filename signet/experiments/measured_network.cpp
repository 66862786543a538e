#include "signet/experiments/measured_network.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "signet/base/printable.h"
#include "signet/core/checks.h"
#include "signet/core/torch.h"
#include "signet/data/atomic_file.h"
#include "signet/data/csv.h"
#include "signet/experiments/foreign_weights.h"
#include "signet/experiments/read_toml.h"
#include "signet/measure/losses.h"
#include "signet/models/network.h"

namespace signet {
namespace {

namespace fs = std::filesystem;

NetworkSpec read_spec(const fs::path& path) {
  const auto bytes = read_file(path);
  const auto table =
      read_toml(std::string(bytes.begin(), bytes.end()), path.string());
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

/// Labels as the loss wants them.
Tensor labels_for(const LossKind& loss, const CsvMatrix& points,
                  int64_t outputs, const fs::path& path) {
  const size_t column = points.columns.size() - 1;
  bool has_zero = false, has_minus = false;
  auto labels = torch::empty({static_cast<int64_t>(points.rows)});
  for (size_t i = 0; i < points.rows; ++i) {
    const double label = points.at(i, column);
    const auto fail = [&](const std::string& must) {
      throw UsageError(path.string() + ": row " + std::to_string(i + 1) +
                       ", column \"" + points.columns[column] +
                       "\": a label must be " + must + ", but got " +
                       number_text(label));
    };
    if (loss.classes) {
      if (label != std::floor(label) || label < 0 || label >= outputs)
        fail("a class from 0 to " + std::to_string(outputs - 1));
    } else if (loss.name == "logistic") {
      has_zero |= label == 0;
      has_minus |= label == -1;
      if (label != 1 && label != 0 && label != -1) fail("-1 or +1, or 0 or 1");
      if (has_zero && has_minus) fail("-1 or +1, or 0 or 1, not of both");
    }
    labels[static_cast<int64_t>(i)] = has_zero && label == 0 ? -1.0 : label;
  }
  return labels;
}

struct Points {
  Tensor inputs;  ///< [B, inputs]
  Tensor labels;  ///< [B]
};

Points read_points(const fs::path& path, const LossKind& loss,
                   const NetworkSpec& spec) {
  const auto points = read_matrix(path);
  const auto columns = static_cast<int64_t>(points.columns.size());
  const int64_t inputs = spec.input.values();
  check(columns == inputs + 1, path.string(),
        "must have " + std::to_string(inputs + 1) + " columns, the network's " +
            std::to_string(inputs) + " inputs and a label, but got " +
            std::to_string(columns));
  const int64_t outputs = summarize(spec).back().output.values();
  check(loss.classes ? outputs >= 2 : outputs == 1, "loss " + loss.name,
        "the network must have " +
            std::string(loss.classes ? "an output for each class, 2 at least"
                                     : "one output") +
            ", but has " + std::to_string(outputs));
  const auto values = torch::tensor(points.values, torch::kDouble)
                          .view({static_cast<int64_t>(points.rows), columns})
                          .to(torch::kFloat);
  return {values.narrow(1, 0, inputs).contiguous(),
          labels_for(loss, points, outputs, path)};
}

Problem with_points(const std::shared_ptr<Network>& network,
                    const std::vector<Problem::Group>& groups,
                    const LossKind& loss, const Points& points) {
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
            return with_points(network, groups, loss,
                               {points.inputs.index_select(0, rows),
                                points.labels.index_select(0, rows)});
          }};
}

Problem load(const MeasuredNetworkFiles& files) {
  const auto& loss = find_loss(files.loss);
  check(!files.data.empty(), "data", "a file of points is required");
  const auto spec = read_spec(files.network);
  check(std::any_of(spec.layers.begin(), spec.layers.end(),
                    [](const auto& layer) {
                      return std::holds_alternative<UnitsSpec>(layer);
                    }),
        files.network.string(),
        "layers must have units, or there is nothing to estimate");
  const auto points = read_points(files.data, loss, spec);
  const auto network = std::make_shared<Network>(
      spec, Random(static_cast<uint64_t>(files.seed)));
  if (!files.weights.empty())
    load_foreign_weights(files.weights, *network, files.layout);
  network->eval();
  std::vector<Problem::Group> groups;
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    Problem::Group group{layer_name(spec, i), {}};
    for (const auto& parameter : network->layer(i).parameters())
      group.parameters.push_back(parameter.detach().clone());
    if (!group.parameters.empty()) groups.push_back(std::move(group));
  }
  auto problem = with_points(network, groups, loss, points);
  const auto shown = [](const fs::path& path) {
    return printable(path.string(), 500);
  };
  problem.name = shown(files.network) +
                 (files.weights.empty() ? " (weights from seed " +
                                              std::to_string(files.seed) + ")"
                                        : " with " + shown(files.weights)) +
                 " on " + shown(files.data) + ", " + loss.name + " loss";
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
