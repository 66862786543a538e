#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace signet {

/// Everything that decides what is trained and how. Read from TOML; every key
/// is documented by recipe_keys(), which `signet help recipe` prints.
struct Recipe {
  std::string name = "run";
  int64_t seed = 1;

  struct Data {
    std::string set = "fashion-mnist";
    std::string folder;
    int64_t validation = 0;
    int64_t split_seed = 0;
    double flip = 0;
    int64_t crop = 0;
  } data;

  struct Network {
    std::vector<std::string> layers;
  } network;

  struct Train {
    int64_t epochs = 15;
    int64_t batch = 100;
    std::string estimator = "st";
    std::vector<std::string> anneal = {};
    std::vector<std::string> switches = {};
    std::string precision = "auto";
    std::string from = {};
    std::string layout = "auto";
    int64_t init_batch = 0;
  } train;

  struct Optimizer {
    double rate = 0.001;
    std::string schedule = "cosine";
    double warmup = 0;
    std::string weights = "binaryconnect";
    std::string others = "gradient";
  } optimizer;
};

/// One documented key.
struct RecipeKey {
  using Field =
      std::variant<std::string*, int64_t*, double*, std::vector<std::string>*>;
  std::string path;  ///< "train.epochs"
  std::string help;  ///< one line or several
  Field (*field)(Recipe& recipe);
  double min = -std::numeric_limits<double>::infinity();  ///< of numbers
  double max = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices = {};  ///< of texts; empty: any
};

const std::vector<RecipeKey>& recipe_keys();

/// Reads a recipe and then the overrides, each "a.b=value".
/// Errors: UsageError, one line with the file and the line number where there
/// is one: not TOML, an unknown key (names the nearest), a wrong type or
/// range, a layer, estimator or optimizer that does not parse.
Recipe load_recipe(const std::filesystem::path& path,
                   const std::vector<std::string>& overrides = {});
Recipe parse_recipe(const std::string& toml, const std::string& source,
                    const std::vector<std::string>& overrides = {});

/// TOML of every key with its help as a comment; parse_recipe reads it back.
std::string recipe_text(const Recipe& recipe);

/// Every key and its value as TOML on one line, in the order of recipe_keys().
std::vector<std::pair<std::string, std::string>> recipe_values(
    const Recipe& recipe);

/// Keys whose values differ, "train.epochs: 15 -> 20"; empty if equal.
std::vector<std::string> differences(const Recipe& a, const Recipe& b);

}  // namespace signet
