#include "signet/measure/rare_states.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "signet/core/torch.h"
#include "signet/measure/gradients.h"

namespace signet {
namespace {

constexpr double kOften = 25;  // expected draws; fewer is rare
constexpr size_t kPaths = 8;
constexpr uint32_t kContinuations = 4;
constexpr size_t kLookedAt = 128;       // rare states
constexpr size_t kExamples = 16;        // that they are of
constexpr int64_t kElements = 1 << 22;  // of all gradients of one run

/// One unit of one example on one of the paths, in its rare state.
struct Rare {
  size_t path, layer;
  int64_t example, index;  ///< place in the layer's units of the example
  bool high;               ///< the state
  double probability;
};

/// One replicate of a run: a path, perhaps with one unit in its rare state; the
/// layers above that draw anew.
struct Row {
  size_t path = 0;
  const Rare* rare = nullptr;
  uint32_t continuation = 0;
};

/// Draws every replicate's units by its own row.
class RowSampler : public Sampler {
 public:
  /// All examples (`example` < 0), or one of them, which sees the numbers that
  /// it sees among all.
  RowSampler(const std::vector<Row>& rows, int64_t examples, int64_t example)
      : rows_(rows), examples_(examples), example_(example) {}

  Tensor draw(const Tensor& logits, const UnitOptions& units) override {
    const auto replicates = static_cast<int64_t>(rows_.size());
    const auto a = with_replicates(logits);
    const auto cdf = units.noise->cdf(a.detach()).reshape({replicates, -1});
    const auto high = uniform(cdf) < cdf;
    for (int64_t r = 0; r < replicates; ++r) {
      const auto* rare = rows_[static_cast<size_t>(r)].rare;
      if (rare && rare->layer == layer_) high[r][rare->index].fill_(rare->high);
    }
    is_high.push_back(high);
    other.push_back(torch::where(high, 1 - cdf, cdf));
    const auto states = high.view(a.sizes());
    const auto log_p =
        log_prob(*units.noise, a, states).reshape({replicates, -1}).sum(1);
    log_probability =
        log_probability.defined() ? log_probability + log_p : log_p;
    ++layer_;
    return states.to(a.scalar_type()) * width(units.encoding) +
           low(units.encoding);
  }

  /// Of each layer, [replicates, E units]: the states, and the probabilities of
  /// the other ones.
  std::vector<Tensor> is_high, other;
  Tensor log_probability;  ///< [replicates]

 private:
  /// Units that see the inputs alone have logits without an axis of replicates.
  Tensor with_replicates(const Tensor& logits) const {
    const auto replicates = static_cast<int64_t>(rows_.size());
    const int64_t examples = example_ < 0 ? examples_ : 1;
    const bool has =
        logits.size(0) == replicates &&
        (examples_ == 0 ? logits.dim() > 1
                        : logits.dim() > 2 || (logits.dim() == 2 &&
                                               logits.size(1) == examples));
    if (has) return logits;
    auto shape = logits.sizes().vec();
    shape.insert(shape.begin(), replicates);
    return logits.expand(shape);
  }

  /// Of an example alone, so that it is the same in all sets of examples.
  Tensor uniform(const Tensor& like) const {
    const int64_t first = std::max<int64_t>(example_, 0);
    const int64_t count = example_ < 0 ? std::max<int64_t>(examples_, 1) : 1;
    const int64_t units = like.size(1) / count;
    std::vector<Tensor> rows;
    for (const auto& row : rows_) {
      const bool anew = row.rare && layer_ > row.rare->layer;
      const auto source = Random(row.path).replica(anew ? row.continuation : 0);
      for (int64_t e = first; e < first + count; ++e)
        rows.push_back(source.branch(static_cast<uint64_t>(e))
                           .site(RandomUse::measurement, layer_)
                           .uniform({units}, like.options()));
    }
    return torch::cat(rows).view(like.sizes());
  }

  const std::vector<Row>& rows_;
  int64_t examples_, example_;
  uint32_t layer_ = 0;
};

/// The rare states of all paths, the likeliest first, and how often N samples
/// draw one.
std::vector<Rare> find_rare(const Problem& problem, double samples,
                            double& expected) {
  torch::NoGradGuard no_gradient;
  std::vector<Rare> all;
  for (size_t path = 0; path < kPaths; ++path) {
    const std::vector<Row> rows{{.path = path}};
    RowSampler sampler(rows, problem.examples, -1);
    problem.loss(replicated_parameters(problem, 1), sampler);
    for (size_t l = 0; l < sampler.other.size(); ++l) {
      const auto p = sampler.other[l].contiguous();
      const auto high = sampler.is_high[l].contiguous();
      const int64_t units = p.numel() / std::max<int64_t>(problem.examples, 1);
      for (int64_t i = 0; i < p.numel(); ++i) {
        const double probability = p.data_ptr<double>()[i];
        if (!(probability > 0) || probability * samples >= kOften) continue;
        expected += probability * samples / kPaths;
        all.push_back({path, l, i / units, i % units, !high.data_ptr<bool>()[i],
                       probability});
      }
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.probability > b.probability;
  });
  return all;
}

/// As many of each layer, of few examples: half the likeliest, and of the rest
/// one here and there.
std::map<int64_t, std::vector<const Rare*>> chosen(
    const std::vector<Rare>& all) {
  std::map<size_t, std::vector<const Rare*>> layers;
  for (const auto& rare : all) layers[rare.layer].push_back(&rare);
  std::map<int64_t, std::vector<const Rare*>> examples;
  const auto take = [&](const Rare* rare) {
    if (examples.size() >= kExamples && !examples.contains(rare->example))
      return false;
    examples[rare->example].push_back(rare);
    return true;
  };
  for (const auto& [layer, states] : layers) {
    const size_t budget = std::max<size_t>(kLookedAt / layers.size(), 2);
    size_t taken = 0, next = 0;
    for (; next < states.size() && taken < budget / 2; ++next)
      taken += take(states[next]);
    const size_t every =
        std::max<size_t>((states.size() - next) / (budget - taken), 1);
    for (; next < states.size() && taken < budget; next += every)
      taken += take(states[next]);
  }
  return examples;
}

/// Rows of h, with a baseline or without, a baseline being the loss of the
/// replicate's path, which is the first replicate of that path.
Tensor score_function(const Problem& problem, RowSampler sampler,
                      const std::vector<int64_t>& path_rows, bool baseline) {
  const auto replicates = static_cast<int64_t>(path_rows.size());
  const auto leaves = replicated_parameters(problem, replicates);
  const auto loss =
      problem.loss(leaves, sampler).reshape({replicates, -1}).sum(1);
  auto weight = loss.detach();
  if (baseline)
    weight = weight - weight.index_select(0, torch::tensor(path_rows));
  (loss + weight * sampler.log_probability).sum().backward();
  return gradient_rows(leaves);
}

/// Adds to the jumps those of some rare states of one example.
void add_jumps(const Problem& one, int64_t examples, int64_t example,
               const std::vector<const Rare*>& states,
               const std::vector<ParameterRange>& ranges,
               std::vector<double>& jump) {
  std::vector<Row> rows;
  std::vector<int64_t> path_rows;
  for (size_t path = 0; path < kPaths; ++path) {
    path_rows.push_back(static_cast<int64_t>(path));
    rows.push_back({.path = path});
  }
  for (const auto* rare : states) {
    for (uint32_t k = 1; k <= kContinuations; ++k) {
      path_rows.push_back(static_cast<int64_t>(rare->path));
      rows.push_back({rare->path, rare, k});
    }
  }
  for (bool baseline : {false, true}) {
    const auto h = score_function(
        one, RowSampler(rows, examples, examples > 0 ? example : -1), path_rows,
        baseline);
    const auto squares =
        (h - h.index_select(0, torch::tensor(path_rows))).square();
    for (size_t i = 0; i < ranges.size(); ++i) {
      const double most =
          std::sqrt(squares.narrow(1, ranges[i].first, ranges[i].count)
                        .sum(1)
                        .max()
                        .item<double>());
      jump[i] = std::max(
          jump[i], most / static_cast<double>(std::max<int64_t>(examples, 1)));
    }
  }
}

}  // namespace

RareStates rare_states(const Problem& original, int64_t samples) {
  const auto problem = in_double(original);
  RareStates result;
  const auto rare =
      find_rare(problem, static_cast<double>(samples), result.expected);
  if (rare.empty()) return result;
  const auto ranges = parameter_ranges(problem);
  result.jump.assign(ranges.size(), 0);
  const auto at_once = static_cast<size_t>(std::max<int64_t>(
      kElements / std::max<int64_t>(ranges[0].count, 1) / kContinuations, 1));
  for (const auto& [example, states] : chosen(rare)) {
    auto one = problem;
    if (problem.examples > 0) {
      one = problem.restricted(torch::tensor({example}));
      one.groups = problem.groups;  // these values, in double
    }
    for (size_t first = 0; first < states.size(); first += at_once) {
      const auto begin = states.begin() + static_cast<int64_t>(first);
      const auto count =
          static_cast<int64_t>(std::min(at_once, states.size() - first));
      add_jumps(one, problem.examples, example, {begin, begin + count}, ranges,
                result.jump);
    }
  }
  return result;
}

}  // namespace signet
