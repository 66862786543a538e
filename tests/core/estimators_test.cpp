// The one test of all estimators: what each record of the table claims.

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "signet/core/samplers.h"
#include "signet/core/torch.h"
#include "tests/core/estimator_problem.h"
#include "tests/core/one_unit.h"

namespace signet {
namespace {

/// Two-sided false-alarm rate 2.6e-12 a comparison; the tests here make fewer
/// than 20,000 of them, so 5e-8 for all together. Seeds are fixed besides.
constexpr double kZ = 7;

constexpr Encoding kEncodings[] = {Encoding::bits, Encoding::signs};

/// The default spelling, and one for each parameter with another value.
std::vector<std::string> spellings(const Estimator& e) {
  std::vector<std::string> all{e.name};
  for (const auto& p : e.parameters) {
    const auto add = [&](const std::string& value) {
      all.push_back(e.name + "(" + p.name + "=" + value + ")");
    };
    if (const auto* number = std::get_if<double>(&p.fallback)) {
      if (*number + 0.25 <= p.max) add(number_text(*number + 0.25));
    } else if (const auto* integer = std::get_if<int64_t>(&p.fallback)) {
      if (*integer < p.max) add(std::to_string(*integer + 1));
    } else if (const auto* flag = std::get_if<bool>(&p.fallback)) {
      add(*flag ? "false" : "true");
    } else {
      for (const auto& choice : p.choices) {
        if (choice != std::get<std::string>(p.fallback)) add(choice);
      }
    }
  }
  return all;
}

/// The default and, where there is one, the lowest temperature.
std::vector<std::string> extreme_spellings(const Estimator& e) {
  std::vector<std::string> all{e.name};
  for (const auto& p : e.parameters) {
    if (p.name == "temperature")
      all.push_back(e.name + "(temperature=" + number_text(p.min) + ")");
  }
  return all;
}

/// Every family. One encoding each is enough: the estimates do not depend on
/// it, sample by sample (EncodingDoesNotMatter).
std::vector<Problem> problems() {
  std::vector<Problem> all;
  for (const auto& noise : noise_families())
    all.push_back(one_layer({kEncodings[all.size() % 2], &noise}));
  all.push_back(chain({Encoding::signs, &logistic_noise()}));
  all.push_back(chain({Encoding::bits, &triangular_noise()}));
  return all;
}

/// For the further values of the parameters.
std::vector<Problem> few_problems() {
  return {one_layer({Encoding::bits, &triangular_noise()}),
          chain({Encoding::signs, &logistic_noise()})};
}

std::string where(const Problem& problem) {
  return problem.name + ", " + std::string(name_of(problem.units.encoding)) +
         ", " + problem.units.noise->name;
}

bool claims_no_bias(const Traits& traits, const Problem& problem) {
  return traits.unbiased ||
         (traits.exact_for_one_layer && problem.name != "chain");
}

/// Identity that must not be differentiated.
struct Wall : torch::autograd::Function<Wall> {
  static Tensor forward(torch::autograd::AutogradContext*, const Tensor& x) {
    return x.clone();
  }
  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext*, torch::autograd::variable_list) {
    throw std::domain_error("the objective was differentiated");
  }
};

void unbiased_means_exact_in_every_coordinate(const Estimator& e) {
  for (const auto& spelling : spellings(e)) {
    const BoundEstimator estimator(spelling);
    for (const auto& problem :
         spelling == e.name ? problems() : few_problems()) {
      if (!claims_no_bias(e.traits, problem)) continue;
      const auto d = deviation(estimator, problem, 101);
      if (e.traits.deterministic)
        EXPECT_LT(d.largest, 1e-12) << spelling << ": " << where(problem);
      else
        EXPECT_LT(d.z, kZ) << spelling << ": " << where(problem);
    }
  }
}

// What was learned is constant here, as it is for the next sample in training.
void learning_leaves_the_unbiased_unbiased(const Estimator& e) {
  if (!e.traits.unbiased || !e.traits.learns) return;
  for (const auto& spelling : spellings(e)) {
    const BoundEstimator estimator(spelling);
    for (const auto& problem : few_problems()) {
      const auto d =
          deviation(estimator, problem, 105, learned_state(estimator, problem));
      EXPECT_LT(d.z, kZ) << spelling << ": " << where(problem);
    }
  }
}

void those_that_say_learn(const Estimator& e) {
  bool learns = false;
  for (const auto& spelling : spellings(e)) {
    const BoundEstimator estimator(spelling);
    const auto problem = chain({});
    auto state = learned_state(estimator, problem);
    EstimatorState frozen;
    frozen.learning = false;
    gradients(estimator, problem, 10, 1, frozen);
    bool changed = false;
    for (const auto& [name, tensor] : frozen.tensors)
      changed |= !tensor.equal(state.tensors.at(name));
    EXPECT_EQ(changed, !state.tensors.empty()) << spelling;
    learns |= changed;
    const auto before = frozen.tensors;
    for (const auto& [name, tensor] : before)
      frozen.tensors[name] = tensor.clone();
    gradients(estimator, problem, 10, 2, frozen);
    for (const auto& [name, tensor] : before)
      EXPECT_TRUE(tensor.equal(frozen.tensors.at(name))) << spelling << name;
  }
  EXPECT_EQ(learns, e.traits.learns) << e.name;
}

// Otherwise the claim would be idle.
void biased_means_measurably_so(const Estimator& e) {
  if (e.traits.unbiased) return;
  Deviation worst;
  for (const auto& problem : problems()) {
    const auto d = deviation(BoundEstimator(e.name), problem, 102);
    worst = {std::max(worst.z, d.z), std::max(worst.largest, d.largest)};
  }
  EXPECT_TRUE(e.traits.deterministic ? worst.largest > 1e-3 : worst.z > kZ)
      << e.name;
}

// The mean over 32 blocks of replicates, each a quadrature over the number
// that draws the unit; what is left is the error of further numbers. Student's
// t with 31 degrees of freedom: P(|t| > 9) = 4e-10 a comparison.
void exact_for_polynomials_to_the_order_claimed_and_no_further(
    const Estimator& e) {
  constexpr int64_t kBlocks = 32, kBlock = 8192;
  if (e.traits.unbiased || e.traits.exact_for_one_layer) return;
  for (const auto encoding : kEncodings) {
    for (int degree = 1; degree <= e.traits.order + 1; ++degree) {
      const OneUnit unit{
          .a = 0.4,
          .units = {.encoding = encoding},
          .loss = [&](const Tensor& x) { return x.pow(degree); }};
      const auto [g, u] =
          one_unit_gradients(BoundEstimator(e.name), unit, kBlocks * kBlock);
      const auto weights = quadrature_weights(u.view({kBlocks, kBlock}));
      const auto means = (g.view({kBlocks, kBlock}) * weights).sum(1);
      const double bias = means.mean().item<double>() - unit.gradient();
      const double error =
          means.std().item<double>() / std::sqrt(double{kBlocks}) + 1e-8;
      EXPECT_EQ(std::abs(bias) > 9 * error, degree > e.traits.order)
          << e.name << ", " << name_of(encoding) << ", degree " << degree
          << ": bias " << bias << " +- " << error;
    }
  }
}

void evaluations_are_counted(const Estimator& e) {
  const struct {
    Problem problem;
    std::vector<int64_t> layers;
  } cases[] = {{one_layer({}), {4}}, {chain({}), {3, 2}}};
  for (const auto& spelling : spellings(e)) {
    const BoundEstimator estimator(spelling);
    const auto& arguments = estimator.arguments();
    const auto samples =
        arguments.has("samples") ? arguments.integer("samples") : 1;
    for (const auto& [problem, layers] : cases) {
      int64_t evaluations = 0;
      auto counted = problem;
      counted.loss = [&](const auto& p, Sampler& s, const UnitOptions& u) {
        const auto loss = problem.loss(p, s, u);
        evaluations += loss.numel() / 3;
        return loss;
      };
      gradients(estimator, counted, 3, 1);
      EXPECT_EQ(evaluations, e.traits.evaluations.count(samples, layers))
          << spelling << ": " << where(problem);
    }
  }
}

void only_those_that_say_differentiate_the_objective(const Estimator& e) {
  const auto a = one_layer({}).parameters[0].expand({3, 4}).clone();
  a.requires_grad_();
  // Some differentiate it themselves, before anything calls backward.
  const auto differentiate = [&] {
    const auto estimate = BoundEstimator(e.name)(
        [&](Sampler& sampler) {
          return Wall::apply(sampler.draw(a, {})).square().sum(-1);
        },
        Random(1));
    estimate.surrogate.sum().backward();
  };
  if (e.traits.differentiates_objective)
    EXPECT_ANY_THROW(differentiate()) << e.name;
  else
    EXPECT_NO_THROW(differentiate()) << e.name;
}

void units_are_relaxed_if_claimed(const Estimator& e) {
  for (const auto encoding : kEncodings) {
    const double lo = low(encoding), hi = high(encoding);
    bool inside = false, outside = false;
    const auto a = one_layer({}).parameters[0].expand({50, 4});
    BoundEstimator(e.name)(
        [&](Sampler& sampler) {
          const auto x = sampler.draw(a, {.encoding = encoding});
          inside |= ((x > lo) & (x < hi)).any().item<bool>();
          outside |= ((x < lo) | (x > hi)).any().item<bool>();
          return x.sum(-1);
        },
        Random(1));
    EXPECT_EQ(inside, e.traits.relaxed) << e.name;
    EXPECT_FALSE(outside) << e.name;
  }
}

void seeds_decide_and_threads_do_not(const Estimator& e) {
  const int threads = at::get_num_threads();
  const BoundEstimator estimator(e.name);
  const auto problem = chain({});
  at::set_num_threads(1);
  const auto one = gradients(estimator, problem, 5000, 7);
  at::set_num_threads(2);
  EXPECT_TRUE(one.equal(gradients(estimator, problem, 5000, 7))) << e.name;
  EXPECT_EQ(one.equal(gradients(estimator, problem, 5000, 8)),
            e.traits.deterministic)
      << e.name;
  at::set_num_threads(threads);
}

void finite_for_certain_units(const Estimator& e) {
  for (const auto& spelling : extreme_spellings(e)) {
    for (const auto encoding : kEncodings) {
      for (const auto& noise : noise_families()) {
        auto a = torch::tensor({-40.0F, 40.0F, 0.0F, 1.0F, -1.0F})
                     .expand({200, 5})
                     .clone()
                     .requires_grad_();
        const auto estimate = BoundEstimator(spelling)(
            [&](Sampler& sampler) {
              const auto x = sampler.draw(a, {encoding, &noise});
              return (x * torch::arange(1.0F, 6.0F)).sum(-1).square();
            },
            Random(2));
        estimate.surrogate.sum().backward();
        EXPECT_TRUE(estimate.loss.isfinite().all().item<bool>() &&
                    a.grad().isfinite().all().item<bool>())
            << spelling << ", " << name_of(encoding) << ", " << noise.name;
      }
    }
  }
}

// The same function of the same units, written for the other encoding.
void encoding_does_not_matter(const Estimator& e) {
  for (const auto& noise : noise_families()) {
    const auto bits = chain({Encoding::bits, &noise});
    auto signs = bits;
    signs.units.encoding = Encoding::signs;
    signs.loss = [&](const auto& p, Sampler& sampler, const UnitOptions& u) {
      struct AsBits : Sampler {
        Sampler& inner;
        explicit AsBits(Sampler& s) : inner(s) {}
        Tensor draw(const Tensor& a, const UnitOptions& u) override {
          return (inner.draw(a, u) + 1) / 2;
        }
      } as_bits(sampler);
      return bits.loss(p, as_bits, u);
    };
    const BoundEstimator estimator(e.name);
    const auto difference = gradients(estimator, bits, 100, 3) -
                            gradients(estimator, signs, 100, 3);
    EXPECT_LT(difference.abs().max().item<double>(), 1e-12)
        << e.name << ", " << noise.name;
  }
}

class Claims : public testing::TestWithParam<const Estimator*> {};

TEST_P(Claims, Hold) {
  const struct {
    const char* name;
    void (*check)(const Estimator&);
  } claims[] = {
      {"unbiased_means_exact_in_every_coordinate",
       unbiased_means_exact_in_every_coordinate},
      {"learning_leaves_the_unbiased_unbiased",
       learning_leaves_the_unbiased_unbiased},
      {"those_that_say_learn", those_that_say_learn},
      {"biased_means_measurably_so", biased_means_measurably_so},
      {"exact_for_polynomials_to_the_order_claimed_and_no_further",
       exact_for_polynomials_to_the_order_claimed_and_no_further},
      {"evaluations_are_counted", evaluations_are_counted},
      {"only_those_that_say_differentiate_the_objective",
       only_those_that_say_differentiate_the_objective},
      {"units_are_relaxed_if_claimed", units_are_relaxed_if_claimed},
      {"seeds_decide_and_threads_do_not", seeds_decide_and_threads_do_not},
      {"finite_for_certain_units", finite_for_certain_units},
      {"encoding_does_not_matter", encoding_does_not_matter},
  };
  for (const auto& claim : claims) {
    SCOPED_TRACE(claim.name);
    claim.check(*GetParam());
  }
}

std::vector<const Estimator*> all_records() {
  std::vector<const Estimator*> all;
  for (const auto& e : table<Estimator>()) all.push_back(&e);
  return all;
}

std::string test_name(const testing::TestParamInfo<const Estimator*>& info) {
  auto name = info.param->name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Estimators, Claims, testing::ValuesIn(all_records()),
                         test_name);

}  // namespace
}  // namespace signet
