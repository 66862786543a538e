// signet estimators, signet optimizers, signet help NAME: the tables, printed.

#include <algorithm>
#include <cstdio>
#include <memory>

#include "cli/command.h"
#include "signet/base/arguments.h"
#include "signet/core/estimator.h"
#include "signet/data/dataset_help.h"
#include "signet/experiments/recipe.h"
#include "signet/models/network_spec.h"
#include "signet/optim/weight_rule.h"

namespace signet {
namespace {

void print_parameters(const std::vector<Parameter>& parameters) {
  for (const auto& p : parameters) std::printf("  %s\n", describe(p).c_str());
}

/// Rows under a header, each column as wide as its widest cell.
void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths(rows[0].size());
  for (const auto& row : rows)
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  for (const auto& row : rows) {
    for (size_t i = 0; i + 1 < row.size(); ++i)
      std::printf("%-*s  ", static_cast<int>(widths[i]), row[i].c_str());
    std::printf("%s\n", row.back().c_str());
  }
}

void print_optimizers() {
  std::vector<std::vector<std::string>> rows;
  for (const auto& r : table<WeightRule>())
    rows.push_back({"  " + r.name, r.summary});
  print_table(rows);
}

void print_estimators() {
  std::vector<std::vector<std::string>> rows{
      {"name", "kind", "bias", "evaluations", "derivative", "paper"}};
  for (const auto& e : table<Estimator>()) {
    const auto& t = e.traits;
    rows.push_back(
        {e.name,
         std::holds_alternative<LayerRule>(e.rule) ? "layer" : "objective",
         bias_text(t), t.evaluations.text(),
         t.differentiates_objective ? "needed" : "-",
         e.papers.empty() ? "-" : short_text(e.papers[0])});
  }
  print_table(rows);
  std::printf(
      "\nbias: none, or the largest degree of a polynomial loss of one unit "
      "without any\n"
      "evaluations of the objective: K samples, L layers, n units, n_l of them "
      "in layer l\n"
      "derivative: of the loss with respect to the units\n"
      "signet help NAME explains one; signet cite NAME prints its BibTeX; "
      "docs/choose.md how to choose\n");
}

template <class Record>
bool print_record(const std::string& name) {
  for (const auto& r : table<Record>()) {
    if (r.name != name) continue;
    std::printf("%s: %s\n%s\nSource: %s\n", r.name.c_str(), r.summary.c_str(),
                r.help.c_str(), short_text(r.papers).c_str());
    if (!r.parameters.empty()) std::printf("Parameters:\n");
    print_parameters(r.parameters);
    return true;
  }
  return false;
}

/// Every kind of layer, or the one of that name. False if there is none.
bool print_layers(const std::string& name = "") {
  bool found = false;
  for (const auto& kind : layer_kinds()) {
    if (!name.empty() && kind.name != name) continue;
    std::printf("%s: %s\n", kind.name.c_str(), kind.help.c_str());
    print_parameters(kind.parameters);
    found = true;
  }
  return found;
}

template <class Records>
std::vector<std::string> names_of(const Records& records) {
  std::vector<std::string> names;
  for (const auto& r : records) names.push_back(r.name);
  return names;
}

struct Topics {
  const char* kind;
  std::vector<std::string> names;
};

std::vector<Topics> topics() {
  return {{"in general", {"recipe", "layers", "data"}},
          {"commands", names_of(table<Command>())},
          {"estimators", names_of(table<Estimator>())},
          {"optimizers", names_of(table<WeightRule>())},
          {"layers", names_of(layer_kinds())}};
}

int help(const std::string& topic) {
  if (topic.empty()) {
    std::printf("signet help TOPIC explains\n");
    for (const auto& [kind, names] : topics())
      std::printf("  %s: %s\n", kind, join(names).c_str());
    return 0;
  }
  if (topic == "recipe") {
    std::printf("# Every key of a recipe, with its default.\n%s",
                recipe_text({}).c_str());
    return 0;
  }
  if (topic == "layers") {
    print_layers();
    return 0;
  }
  if (topic == "data") {
    std::printf("%s", dataset_help().c_str());
    return 0;
  }
  if (print_record<Estimator>(topic) || print_record<WeightRule>(topic) ||
      print_layers(topic))
    return 0;
  for (const auto& command : table<Command>()) {
    if (command.name != topic) continue;
    CLI::App app(command.summary, "signet " + command.name);
    command.setup(app);
    std::printf("%s", app.help().c_str());
    return 0;
  }
  std::vector<std::string> known;
  for (const auto& kind : topics())
    known.insert(known.end(), kind.names.begin(), kind.names.end());
  throw UsageError("help: " + unknown_name("topic", topic, known));
}

const Registered<Command> estimators{{
    .name = "estimators",
    .summary = "List the gradient estimators",
    .setup = [](CLI::App& app) -> std::function<int()> {
      auto markdown = std::make_shared<bool>(false);
      app.add_flag("--markdown", *markdown, "all their help, as Markdown");
      return [markdown] {
        if (*markdown)
          std::printf("%s", estimators_markdown().c_str());
        else
          print_estimators();
        return 0;
      };
    },
}};

const Registered<Command> optimizers{{
    .name = "optimizers",
    .summary = "List the rules for weights",
    .setup = [](CLI::App&) -> std::function<int()> {
      return [] {
        print_optimizers();
        return 0;
      };
    },
}};

const Registered<Command> help_command{{
    .name = "help",
    .summary = "Explain 'recipe', 'layers', 'data', a layer, an estimator, an "
               "optimizer "
               "or a command",
    .setup = [](CLI::App& app) -> std::function<int()> {
      auto topic = std::make_shared<std::string>();
      app.add_option("topic", *topic,
                     "what to explain (default: all that can be)");
      return [topic] { return help(*topic); };
    },
}};

}  // namespace
}  // namespace signet
