#include "signet/experiments/recipe.h"

#include <cmath>
#include <functional>
#include <optional>

#include "signet/base/arguments.h"
#include "signet/base/error.h"
#include "signet/base/names.h"
#include "signet/base/overloaded.h"
#include "signet/base/printable.h"
#include "signet/core/estimator.h"
#include "signet/data/atomic_file.h"
#include "signet/data/dataset.h"
#include "signet/experiments/anneal.h"
#include "signet/experiments/estimator_plan.h"
#include "signet/experiments/rate.h"
#include "signet/experiments/read_toml.h"
#include "signet/models/network_spec.h"
#include "signet/optim/weight_rule.h"

namespace signet {
namespace {

using Field = RecipeKey::Field;

std::vector<RecipeKey> make_keys() {
  std::vector<std::string> sets;
  for (const auto& set : known_datasets()) sets.push_back(set.name);
  return {
      {.path = "name",
       .help = "names the run in reports and in the model file",
       .field = [](Recipe& r) -> Field { return &r.name; }},
      {.path = "seed",
       .help =
           "of all random numbers: same seed, same run, on the same number of "
           "threads",
       .field = [](Recipe& r) -> Field { return &r.seed; },
       .min = 0},
      {.path = "data.set",
       .help = "the data set",
       .field = [](Recipe& r) -> Field { return &r.data.set; },
       .choices = sets},
      {.path = "data.folder",
       .help = "where its files are ('signet help data' has their names); "
               "empty: where its package puts them",
       .field = [](Recipe& r) -> Field { return &r.data.folder; }},
      {.path = "data.validation",
       .help = "training examples held out for validation",
       .field = [](Recipe& r) -> Field { return &r.data.validation; },
       .min = 0,
       .max = 1e9},
      {.path = "data.split_seed",
       .help = "decides which examples are held out",
       .field = [](Recipe& r) -> Field { return &r.data.split_seed; },
       .min = 0},
      {.path = "data.flip",
       .help = "probability of a horizontal flip of a training image; 0: none",
       .field = [](Recipe& r) -> Field { return &r.data.flip; },
       .min = 0,
       .max = 1},
      {.path = "data.crop",
       .help = "zeros around a training image, in pixels, before a window of "
               "its size is\ncut out anywhere; 0: none",
       .field = [](Recipe& r) -> Field { return &r.data.crop; },
       .min = 0,
       .max = 1000},
      {.path = "network.layers",
       .help = "from input to output, each KIND or KIND(key=value, ...); "
               "'signet help layers' lists the kinds.\nUnits are high with "
               "probability sigma(2a) of their logit a; with noise=sigmoid\n"
               "sigma(a), as most other programs have it",
       .field = [](Recipe& r) -> Field { return &r.network.layers; }},
      {.path = "train.epochs",
       .help = "passes over the training examples",
       .field = [](Recipe& r) -> Field { return &r.train.epochs; },
       .min = 1,
       .max = 1e6},
      {.path = "train.batch",
       .help = "examples in a step",
       .field = [](Recipe& r) -> Field { return &r.train.batch; },
       .min = 1,
       .max = 1e6},
      {.path = "train.estimator",
       .help = "of the gradient of the units; 'signet estimators' lists them. "
               "The loss of K\nsamples: averaged(estimator=st, samples=K)",
       .field = [](Recipe& r) -> Field { return &r.train.estimator; }},
      {.path = "train.switch",
       .help = "estimators to go on with, each such as 'after 20000 steps: "
               "rloo(samples=10)'\nor 'after 4 epochs: averaged(estimator=st, "
               "samples=4)'; what the one before has\nlearned is dropped",
       .field = [](Recipe& r) -> Field { return &r.train.switches; }},
      {.path = "train.precision",
       .help = "of products while training, evaluation is in fp32; auto: bf16 "
               "where the processor\nmultiplies it in hardware, as the run's "
               "own recipe.toml then says",
       .field = [](Recipe& r) -> Field { return &r.train.precision; },
       .choices = {"auto", "fp32", "bf16"}},
      {.path = "train.from",
       .help = "a trained run of the same layers to start from, or a "
               "safetensors file of their weights\n(of a network that reads "
               "pixels 0 .. 255); real weights w give binary ones of mean\n"
               "w / max |w|, theta = F(eta); empty: none",
       .field = [](Recipe& r) -> Field { return &r.train.from; }},
      {.path = "train.layout",
       .help = "of such a file: pytorch, kernels [out, in, height, width] and "
               "channels first after\nflatten; signet, [out, height, width, "
               "in] and channels last; auto: as it says itself,\n'format' pt "
               "or signet's own mark",
       .field = [](Recipe& r) -> Field { return &r.train.layout; },
       .choices = {"auto", "pytorch", "signet"}},
      {.path = "train.init_batch",
       .help = "training examples whose statistics the network starts from: "
               "outputs of mean 0\nand deviation 1 where there is a bias and "
               "no batch norm, its running mean and\nvariance elsewhere; 0: "
               "none",
       .field = [](Recipe& r) -> Field { return &r.train.init_batch; },
       .min = 0,
       .max = 1e6},
      {.path = "train.anneal",
       .help = "numbers of train.estimator that change with the epoch (0, 1, "
               "...), each such as\n'slope = linear(start=1, step=0.04, "
               "limit=5)'; the schedules are\n" +
               schedules_help(),
       .field = [](Recipe& r) -> Field { return &r.train.anneal; }},
      {.path = "optimizer.rate",
       .help = "learning rate at the start",
       .field = [](Recipe& r) -> Field { return &r.optimizer.rate; },
       .min = 0},
      {.path = "optimizer.schedule",
       .help = "of the rate: cosine, constant, steps(at=80 140, factor=0.1) or "
               "another schedule of\ntrain.anneal; its start is "
               "optimizer.rate, its epochs have fractions",
       .field = [](Recipe& r) -> Field { return &r.optimizer.schedule; }},
      {.path = "optimizer.warmup",
       .help = "epochs, also 0.5, in which the rate grows from 0 to that of "
               "the schedule; 0: none",
       .field = [](Recipe& r) -> Field { return &r.optimizer.warmup; },
       .min = 0},
      {.path = "optimizer.weights",
       .help = "rule of the latent weights behind binary ones; 'signet "
               "optimizers'",
       .field = [](Recipe& r) -> Field { return &r.optimizer.weights; }},
      {.path = "optimizer.others",
       .help = "rule of all other parameters, and of the latent weights of "
               "stochastic ones",
       .field = [](Recipe& r) -> Field { return &r.optimizer.others; }},
  };
}

std::vector<std::string> key_names() {
  std::vector<std::string> names;
  for (const auto& key : recipe_keys()) names.push_back(key.path);
  return names;
}

void check_number(const RecipeKey& key, double value, const std::string& who) {
  check(std::isfinite(value), who, key.path + " must be finite");
  check(value >= key.min, who,
        key.path + " must be at least " + number_text(key.min) + ", but got " +
            number_text(value));
  check(value <= key.max, who,
        key.path + " must be at most " + number_text(key.max) + ", but got " +
            number_text(value));
}

[[noreturn]] void wrong_type(const RecipeKey& key, const std::string& who,
                             const std::string& got) {
  Recipe scratch;
  const auto must = std::visit(
      Overloaded{[](std::string*) { return "a text, in quotes"; },
                 [](int64_t*) { return "a whole number such as 100"; },
                 [](double*) { return "a number such as 0.5"; },
                 [](std::vector<std::string>*) {
                   return "a list of texts such as ['a', 'b']";
                 }},
      key.field(scratch));
  throw UsageError(who + ": " + key.path + " must be " + must +
                   (got.empty() ? "" : ", but got '" + printable(got) + "'"));
}

/// Puts a TOML value into the recipe. `got` is how it was spelt, for errors.
void assign(Recipe& recipe, const RecipeKey& key, const toml::node& node,
            const std::string& who, const std::string& got = "") {
  const auto fail = [&] { wrong_type(key, who, got); };
  std::visit(
      Overloaded{[&](std::string* text) {
                   if (!node.is_string()) fail();
                   *text = node.as_string()->get();
                   check(key.choices.empty() ||
                             std::find(key.choices.begin(), key.choices.end(),
                                       *text) != key.choices.end(),
                         who,
                         key.path + " must be one of " + join(key.choices) +
                             ", but got '" + printable(*text) + "'");
                 },
                 [&](int64_t* integer) {
                   if (!node.is_integer()) fail();
                   *integer = node.as_integer()->get();
                   check_number(key, static_cast<double>(*integer), who);
                 },
                 [&](double* number) {
                   if (!node.is_number()) fail();
                   *number = *node.value<double>();
                   check_number(key, *number, who);
                 },
                 [&](std::vector<std::string>* texts) {
                   if (!node.is_array()) fail();
                   texts->clear();
                   for (const auto& element : *node.as_array()) {
                     if (!element.is_string()) fail();
                     texts->push_back(element.as_string()->get());
                   }
                 }},
      key.field(recipe));
}

void assign_all(Recipe& recipe, const toml::table& table,
                const std::string& prefix, const std::string& source) {
  for (const auto& [name, node] : table) {
    const auto path = prefix + std::string(name.str());
    if (const auto* inner = node.as_table()) {
      assign_all(recipe, *inner, path + ".", source);
      continue;
    }
    const auto who = source + ":" + std::to_string(node.source().begin.line);
    const RecipeKey* found = nullptr;
    for (const auto& key : recipe_keys()) {
      if (key.path == path) found = &key;
    }
    if (!found) {
      throw UsageError(who + ": " + unknown_name("key", path, key_names()) +
                       " ('signet help recipe' explains them)");
    }
    assign(recipe, *found, node, who);
  }
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// A value of the command line as TOML: a text needs no quotes there, and a
/// number may be .5 or +3.
std::string command_line_value(const RecipeKey& key, const std::string& value) {
  const auto bare = trimmed(value);
  const bool quoted = bare.starts_with('"') || bare.starts_with('\'');
  Recipe scratch;
  return std::visit(
      Overloaded{
          [&](std::string*) { return quoted ? value : toml_text(value); },
          [&](double*) {
            const auto number =
                read_number<double>(bare.substr(bare.starts_with('+') ? 1 : 0));
            return number ? toml_number(*number) : value;
          },
          [&](auto*) { return value; }},
      key.field(scratch));
}

/// "a.b=value", as the command line gives it.
void override_key(Recipe& recipe, const std::string& text) {
  const auto equals = text.find('=');
  check(equals != std::string::npos && equals > 0, "--set",
        "must read key=value, but got '" + printable(text) + "'");
  const auto name = std::string(trimmed(text.substr(0, equals)));
  const auto who = "--set " + printable(name);
  const auto value = text.substr(equals + 1);
  for (const auto& key : recipe_keys()) {
    if (key.path != name) continue;
    const auto toml = command_line_value(key, value);
    toml::table table;
    try {
      table = read_toml("x = " + toml, who);
    } catch (const UsageError&) {
      wrong_type(key, who, value);
    }
    const auto* node = table.get("x");
    if (!node || table.size() != 1) wrong_type(key, who, value);
    assign(recipe, key, *node, who, value);
    return;
  }
  throw UsageError("--set: " + unknown_name("key", name, key_names()) +
                   " ('signet help recipe' explains them)");
}

std::string value_text(const Field& field) {
  return std::visit(Overloaded{[](std::string* t) { return toml_text(*t); },
                               [](int64_t* i) { return std::to_string(*i); },
                               [](double* d) { return toml_number(*d); },
                               [](std::vector<std::string>* list) {
                                 std::string text = "[";
                                 for (const auto& t : *list)
                                   text += "\n  " + toml_text(t) + ",";
                                 return text + (list->empty() ? "]" : "\n]");
                               }},
                    field);
}

std::string comment(const std::string& help) {
  std::string text = "# ";
  for (char c : help) text += c == '\n' ? "\n# " : std::string(1, c);
  return text;
}

/// Whatever is spelt inside a key must parse before training starts.
void check_spellings(const Recipe& recipe, const std::string& source) {
  const auto checked = [&](const char* key, const auto& parse) {
    try {
      parse();
    } catch (const UsageError& error) {
      throw UsageError(source + ": " + key + ": " + error.what());
    }
  };
  checked("network.layers", [&] { parse_layers(recipe.network.layers); });
  checked("train.estimator", [&] { BoundEstimator{recipe.train.estimator}; });
  checked("train.anneal", [&] {
    parse_annealings(recipe.train.anneal, recipe.train.estimator,
                     recipe.train.epochs);
  });
  checked("train.switch", [&] { parse_switches(recipe.train.switches); });
  checked("optimizer.schedule", [&] { Rate(recipe, 1); });
  checked("optimizer.weights", [&] { BoundRule{recipe.optimizer.weights}; });
  checked("optimizer.others", [&] { BoundRule{recipe.optimizer.others}; });
}

}  // namespace

const std::vector<RecipeKey>& recipe_keys() {
  static const auto keys = make_keys();
  return keys;
}

Recipe parse_recipe(const std::string& toml, const std::string& source,
                    const std::vector<std::string>& overrides) {
  Recipe recipe;
  assign_all(recipe, read_toml(toml, source), "", source);
  for (const auto& text : overrides) override_key(recipe, text);
  check_spellings(recipe, source);
  return recipe;
}

Recipe load_recipe(const std::filesystem::path& path,
                   const std::vector<std::string>& overrides) {
  const auto bytes = read_file(path);
  return parse_recipe(std::string(bytes.begin(), bytes.end()), path.string(),
                      overrides);
}

std::string recipe_text(const Recipe& recipe) {
  auto copy = recipe;
  std::string text, section;
  for (const auto& key : recipe_keys()) {
    const auto dot = key.path.find('.');
    const auto key_section =
        dot == std::string::npos ? "" : key.path.substr(0, dot);
    if (key_section != section) {
      section = key_section;
      text += "\n[" + section + "]\n";
    }
    const auto name =
        dot == std::string::npos ? key.path : key.path.substr(dot + 1);
    text += comment(key.help);
    if (!key.choices.empty()) text += " (" + join(key.choices) + ")";
    text += "\n" + name + " = " + value_text(key.field(copy)) + "\n";
  }
  return text;
}

std::vector<std::pair<std::string, std::string>> recipe_values(
    const Recipe& recipe) {
  auto copy = recipe;
  std::vector<std::pair<std::string, std::string>> values;
  for (const auto& key : recipe_keys()) {
    const auto field = key.field(copy);
    auto* const* list = std::get_if<std::vector<std::string>*>(&field);
    if (!list) {
      values.emplace_back(key.path, value_text(field));
      continue;
    }
    std::vector<std::string> texts;
    for (auto& text : **list) texts.push_back(value_text(&text));
    values.emplace_back(key.path, "[" + join(texts) + "]");
  }
  return values;
}

std::vector<std::string> differences(const Recipe& a, const Recipe& b) {
  auto first = a, second = b;
  std::vector<std::string> found;
  for (const auto& key : recipe_keys()) {
    const auto x = value_text(key.field(first));
    const auto y = value_text(key.field(second));
    if (x != y) found.push_back(key.path + ": " + x + " -> " + y);
  }
  return found;
}

}  // namespace signet
