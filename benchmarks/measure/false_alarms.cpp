// How often `signet measure` calls an unbiased estimator biased, and how often
// it finds a bias of 1 %: every unbiased estimator that applies, 20 networks,
// 50 seeds.
//
//   bench_measure_false_alarms RESULTS.csv [MINUTES [SEEDS]]
//
// RESULTS.csv keeps every measurement; the next call goes on from there. Stops
// after MINUTES (default 60) or SEEDS seeds (default 50), then prints the rates
// of all that is in the file.

#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include "signet/core/checks.h"
#include "signet/core/torch.h"
#include "signet/measure/gradients.h"
#include "signet/measure/measurement.h"
#include "signet/measure/points_problem.h"

namespace {

using namespace signet;
using Clock = std::chrono::steady_clock;

/// Logistic units between inputs and one output, logistic loss; weights uniform
/// up to `weight` in size.
struct Case {
  std::string name;
  std::vector<int64_t> sizes = {};
  int64_t batch = 1;
  double weight = 1;
  int64_t samples = 2000;
  Encoding encoding = Encoding::bits;
};

const std::vector<Case> kCases{
    {"1-1-1 x1 w1", {1, 1, 1}, 1, 1},
    {"1-1-1 x1 w5", {1, 1, 1}, 1, 5},
    {"1-1-1 x1 w20", {1, 1, 1}, 1, 20},
    {"2-2-1 x1 w3", {2, 2, 1}, 1, 3, 2000, Encoding::signs},
    {"2-5-1 x10 w5", {2, 5, 1}, 10, 5},
    {"2-5-5-1 x1 w20", {2, 5, 5, 1}, 1, 20},
    {"2-5-5-1 x100 w20", {2, 5, 5, 1}, 100, 20, 500},
    {"2-4-4-4-1 x200 w0.7", {2, 4, 4, 4, 1}, 200, 0.7, 200},
    {"2-5-5-1 x50 w8", {2, 5, 5, 1}, 50, 8, 500, Encoding::signs},
    {"20-5-5-1 x100 w2", {20, 5, 5, 1}, 100, 2, 300},
    {"100-5-5-1 x20 w0.3", {100, 5, 5, 1}, 20, 0.3, 500},
    {"300-5-5-1 x20 w1", {300, 5, 5, 1}, 20, 1, 500},
    {"5-8-1 x500 w1", {5, 8, 1}, 500, 1, 200},
    {"5-8-1 x500 w10", {5, 8, 1}, 500, 10, 200},
    {"10-50-1 x5 w1", {10, 50, 1}, 5, 1, 300},
    {"10-200-1 x1 w20", {10, 200, 1}, 1, 20, 300},
    {"10-30-30-1 x5 w3", {10, 30, 30, 1}, 5, 3, 300},
    {"polynomial(units=12)"},
    {"chain(layers=3, units=4)"},
    {"table(units=6)"},
};

constexpr double kShift = 0.01, kLargestError = 0.0025;
constexpr double kMostForPower = 20;  // times the samples of the case
constexpr int64_t kSeedsForPower = 20;

Problem problem_of(const Case& c, uint64_t index) {
  if (c.sizes.empty()) return make_problem(c.name);
  const Random random(1000 + index);
  uint32_t stream = 0;
  const auto uniform = [&](at::IntArrayRef shape, double size) {
    const auto u = random.site(RandomUse::user, stream++).uniform(shape);
    return (2 * u - 1) * size;
  };
  const auto inputs = uniform({c.batch, c.sizes[0]}, 1);
  const auto labels = torch::where(uniform({c.batch}, 1) > 0,
                                   torch::ones({c.batch}), -torch::ones({1}));
  std::vector<Problem::Group> layers;
  for (size_t l = 1; l < c.sizes.size(); ++l) {
    layers.push_back({"layer " + std::to_string(l),
                      {uniform({c.sizes[l], c.sizes[l - 1]}, c.weight),
                       uniform({c.sizes[l]}, c.weight)}});
  }
  auto problem =
      points_problem({inputs, labels}, layers, {.encoding = c.encoding});
  problem.name = c.name;
  return problem;
}

/// Those that claim to have no bias and take the problem.
std::vector<std::string> unbiased_estimators(const Problem& problem) {
  std::vector<std::string> names;
  for (const auto& record : table<Estimator>()) {
    if (!record.traits.unbiased || record.traits.bound) continue;
    try {
      sample_gradients(BoundEstimator(record.name), problem, 1, Random(0));
      names.push_back(record.name);
    } catch (const UsageError&) {
      // It says that the problem is not for it.
    }
  }
  return names;
}

struct Row {
  std::string kind, network, estimator;
  int64_t seed = 0;
  bool biased = false;  ///< the whole or any group
  int64_t samples = 0;
  double variance = 0;  ///< of one sample, / |g|^2
  double low = 0, high = 0;
};

class Results {
 public:
  explicit Results(const std::string& path) {
    std::ifstream old(path);
    std::string line;
    std::getline(old, line);
    while (std::getline(old, line)) {
      std::istringstream fields(line);
      std::vector<std::string> f;
      for (std::string field; std::getline(fields, field, ';');)
        f.push_back(field);
      if (f.size() != 9) continue;  // a torn line
      rows_.push_back({f[0], f[1], f[2], std::stoll(f[3]), f[4] == "1",
                       std::stoll(f[5]), std::stod(f[6]), std::stod(f[7]),
                       std::stod(f[8])});
      done_.insert(f[0] + f[1] + "/" + f[3] + "/" + f[2]);
    }
    file_.open(path, std::ios::app);
    check(file_.good(), path, "cannot be written");
    if (rows_.empty())
      file_ << "kind;network;estimator;seed;biased;samples;variance;low;high\n";
  }

  bool has(const std::string& kind, const std::string& network, int64_t seed,
           const std::string& estimator) const {
    return done_.contains(kind + network + "/" + std::to_string(seed) + "/" +
                          estimator);
  }
  void add(const Row& r) {
    rows_.push_back(r);
    file_ << r.kind << ';' << r.network << ';' << r.estimator << ';' << r.seed
          << ';' << r.biased << ';' << r.samples << ';' << r.variance << ';'
          << r.low << ';' << r.high << std::endl;
  }
  const std::vector<Row>& rows() const { return rows_; }

 private:
  std::ofstream file_;
  std::vector<Row> rows_;
  std::set<std::string> done_;
};

Row row_of(const std::string& kind, const std::string& network, int64_t seed,
           const EstimatorMeasurement& e) {
  const auto& whole = e.groups[0];
  Row row{.kind = kind, .network = network, .estimator = e.label, .seed = seed};
  for (const auto& group : e.groups)
    row.biased |= group.verdict == Verdict::biased;
  row.samples = e.samples;
  row.variance = whole.relative(whole.relative(whole.variance));
  row.low = whole.relative(whole.bias_low);
  row.high = whole.relative(whole.bias_high);
  return row;
}

/// The reference moved by kShift of its norm.
Reference shifted(Reference reference, const Random& random) {
  const auto size = static_cast<int64_t>(reference.gradient.size());
  const auto u = random.site(RandomUse::user, 1)
                     .uniform({size}, at::TensorOptions(at::kDouble));
  auto direction = at::special_ndtri(u);
  direction = direction / direction.norm();
  double square = 0;
  for (double g : reference.gradient) square += g * g;
  for (int64_t j = 0; j < size; ++j)
    reference.gradient[j] +=
        kShift * std::sqrt(square) * direction[j].item<double>();
  return reference;
}

/// The limit that a rate is below with confidence 99 %, of k among n.
/// Source: Clopper, Pearson 1934.
double upper_limit(int64_t k, int64_t n) {
  double low = static_cast<double>(k) / static_cast<double>(n), high = 1;
  for (int i = 0; i < 60; ++i) {
    const double p = (low + high) / 2;
    double below = 0;
    for (int64_t j = 0; j <= k; ++j) {
      const auto a = static_cast<double>(j), b = static_cast<double>(n);
      below += std::exp(std::lgamma(b + 1) - std::lgamma(a + 1) -
                        std::lgamma(b - a + 1) + a * std::log(p) +
                        (b - a) * std::log1p(-p));
    }
    (below > 0.01 ? low : high) = p;
  }
  return high;
}

void print_rates(const Results& results) {
  std::map<std::string, std::pair<int64_t, int64_t>> by_network, by_estimator;
  int64_t alarms = 0, measured = 0, found = 0, shifts = 0;
  for (const auto& r : results.rows()) {
    if (r.kind == "shifted") {
      ++shifts;
      found += r.biased;
      continue;
    }
    ++measured;
    alarms += r.biased;
    for (auto* rate : {&by_network[r.network], &by_estimator[r.estimator]}) {
      rate->first += r.biased;
      ++rate->second;
    }
  }
  for (const auto* rates : {&by_network, &by_estimator}) {
    for (const auto& [name, rate] : *rates)
      std::printf("%-28s %4lld of %5lld called biased\n", name.c_str(),
                  static_cast<long long>(rate.first),
                  static_cast<long long>(rate.second));
    std::printf("\n");
  }
  if (measured > 0) {
    const double limit = upper_limit(alarms, measured);
    std::printf(
        "false alarms: %lld of %lld, %.2f %%; 99 %% limit %.2f %%, "
        "must be below 1.3 %%: %s\n",
        static_cast<long long>(alarms), static_cast<long long>(measured),
        100.0 * static_cast<double>(alarms) / static_cast<double>(measured),
        100 * limit, limit < 0.013 ? "yes" : "no");
  }
  if (shifts > 0) {
    const double rate =
        static_cast<double>(found) / static_cast<double>(shifts);
    std::printf(
        "a bias of 1 %% of |g| with an error below 0.25 %%: found in "
        "%lld of %lld, %.1f %%, must be 95 %%: %s\n",
        static_cast<long long>(found), static_cast<long long>(shifts),
        100 * rate, rate >= 0.95 ? "yes" : "no");
  }
}

/// Everything of one network.
class Bench {
 public:
  Bench(const Case& c, uint64_t index, Results& results)
      : case_(c), problem_(problem_of(c, index)), results_(results) {
    estimators_ = unbiased_estimators(problem_);
  }

  void run(int64_t seed) {
    for (size_t e = 0; e < estimators_.size(); ++e) {
      const auto& name = estimators_[e];
      // A deterministic one says the same with every seed.
      if (seed > 1 && is_deterministic(name)) continue;
      if (results_.has("unbiased", case_.name, seed, name)) continue;
      results_.add(row_of("unbiased", case_.name, seed,
                          measured(e, seed, reference(seed), case_.samples)));
    }
  }

  /// Of those whose error gets below the largest one within the time, by the
  /// variance that all seeds together have seen.
  void run_shifted(int64_t seed) {
    if (reference(seed).samples > 0) return;
    for (size_t e = 0; e < estimators_.size(); ++e) {
      const auto& name = estimators_[e];
      if (is_deterministic(name) ||
          results_.has("shifted", case_.name, seed, name))
        continue;
      double variance = 0, count = 0;
      for (const auto& row : results_.rows()) {
        if (row.kind != "unbiased" || row.network != case_.name ||
            row.estimator != name)
          continue;
        variance += row.variance;
        ++count;
      }
      const double samples =
          std::max(variance / count / std::pow(0.96 * kLargestError, 2),
                   static_cast<double>(case_.samples));
      if (!(samples <= kMostForPower * static_cast<double>(case_.samples)))
        continue;
      results_.add(row_of("shifted", case_.name, seed,
                          measured(e, seed,
                                   shifted(reference(seed),
                                           Random(static_cast<uint64_t>(seed))),
                                   static_cast<int64_t>(samples))));
    }
  }

 private:
  static bool is_deterministic(const std::string& name) {
    return BoundEstimator(name).record().traits.deterministic;
  }

  /// Estimators see numbers of their own, so that alarms are independent.
  EstimatorMeasurement measured(size_t e, int64_t seed,
                                const Reference& reference, int64_t samples) {
    const auto random = Random(static_cast<uint64_t>(seed)).branch(e);
    return measure(problem_, reference, {estimators_[e]},
                   {.samples = samples, .learn = 50, .random = random})
        .estimators[0];
  }

  /// One that is sampled is another for each seed.
  const Reference& reference(int64_t seed) {
    if (of_seed_ < 0 || (reference_.samples > 0 && of_seed_ != seed)) {
      reference_ = reference_gradient(
          problem_, {.samples = 10 * case_.samples,
                     .random = Random(static_cast<uint64_t>(seed)).at_step(0)});
      of_seed_ = seed;
    }
    return reference_;
  }

  const Case& case_;
  Problem problem_;
  Results& results_;
  std::vector<std::string> estimators_;
  Reference reference_;
  int64_t of_seed_ = -1;
};

int run(int argc, char** argv) {
  check(argc >= 2, "bench_measure_false_alarms",
        "usage: bench_measure_false_alarms RESULTS.csv [MINUTES [SEEDS]]");
  const double minutes = argc > 2 ? std::stod(argv[2]) : 60;
  const int64_t seeds = argc > 3 ? std::stoll(argv[3]) : 50;
  at::set_num_threads(1);
  Results results(argv[1]);
  std::vector<Bench> benches;
  for (size_t i = 0; i < kCases.size(); ++i)
    benches.emplace_back(kCases[i], i, results);
  const auto start = Clock::now();
  const auto is_over = [&] {
    return std::chrono::duration<double>(Clock::now() - start).count() >
           60 * minutes;
  };
  std::vector<double> seconds(kCases.size());
  const auto walk = [&](int64_t most, void (Bench::*step)(int64_t)) {
    for (int64_t seed = 1; seed <= most && !is_over(); ++seed) {
      for (size_t i = 0; i < benches.size() && !is_over(); ++i) {
        const auto begin = Clock::now();
        (benches[i].*step)(seed);
        seconds[i] +=
            std::chrono::duration<double>(Clock::now() - begin).count();
      }
      std::fprintf(stderr, "seed %lld done\n", static_cast<long long>(seed));
    }
  };
  walk(seeds, &Bench::run);
  walk(std::min(seeds, kSeedsForPower), &Bench::run_shifted);
  for (size_t i = 0; i < benches.size(); ++i)
    std::fprintf(stderr, "%-28s %.1f s\n", kCases[i].name.c_str(), seconds[i]);
  print_rates(results);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
