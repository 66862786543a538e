// The one test of all estimators: what each record of the table claims.

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "signet/core/samplers.h"
#include "signet/core/torch.h"
#include "tests/core/estimator_problem.h"
#include "tests/core/one_unit.h"

namespace signet {
namespace {

namespace fs = std::filesystem;

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

std::vector<Problem> problems() {
  std::vector<Problem> all;
  for (const auto encoding : kEncodings) {
    for (const auto& noise : noise_families())
      all.push_back(one_layer({encoding, &noise}));
    for (const auto* name : {"logistic", "triangular"})
      all.push_back(chain({encoding, &find_noise(name)}));
  }
  return all;
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

TEST(Estimators, TableIsAsLongAsTheFolder) {
  std::vector<std::string> files;
  for (const auto& file :
       fs::directory_iterator(SIGNET_SOURCE_DIR "/signet/core/estimators")) {
    if (file.path().extension() == ".cpp") files.push_back(file.path().stem());
  }
  EXPECT_EQ(files.size(), table<Estimator>().size());
  for (const auto& e : table<Estimator>()) {
    auto stem = e.name;
    std::replace(stem.begin(), stem.end(), '-', '_');
    EXPECT_EQ(std::count(files.begin(), files.end(), stem), 1) << e.name;
    EXPECT_FALSE(e.summary.empty() || e.help.empty() || e.paper.empty())
        << e.name;
  }
}

TEST(Estimators, UnbiasedMeansExactInEveryCoordinate) {
  for (const auto& e : table<Estimator>()) {
    for (const auto& spelling : spellings(e)) {
      const BoundEstimator estimator(spelling);
      for (const auto& problem : problems()) {
        if (!claims_no_bias(e.traits, problem)) continue;
        const auto d = deviation(estimator, problem, 101);
        if (e.traits.deterministic)
          EXPECT_LT(d.largest, 1e-12) << spelling << ": " << where(problem);
        else
          EXPECT_LT(d.z, kZ) << spelling << ": " << where(problem);
      }
    }
  }
}

// What was learned is constant here, as it is for the next sample in training.
TEST(Estimators, LearningLeavesTheUnbiasedUnbiased) {
  for (const auto& e : table<Estimator>()) {
    if (!e.traits.unbiased || !e.traits.learns) continue;
    for (const auto& spelling : spellings(e)) {
      const BoundEstimator estimator(spelling);
      for (const auto encoding : kEncodings) {
        for (const auto& problem : {one_layer({encoding}), chain({encoding})}) {
          const auto d = deviation(estimator, problem, 105,
                                   learned_state(estimator, problem));
          EXPECT_LT(d.z, kZ) << spelling << ": " << where(problem);
        }
      }
    }
  }
}

TEST(Estimators, ThoseThatSayLearn) {
  for (const auto& e : table<Estimator>()) {
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
}

// Otherwise the claim would be idle.
TEST(Estimators, BiasedMeansMeasurablySo) {
  for (const auto& e : table<Estimator>()) {
    if (e.traits.unbiased) continue;
    Deviation worst;
    for (const auto& problem : problems()) {
      const auto d = deviation(BoundEstimator(e.name), problem, 102);
      worst = {std::max(worst.z, d.z), std::max(worst.largest, d.largest)};
    }
    EXPECT_TRUE(e.traits.deterministic ? worst.largest > 1e-3 : worst.z > kZ)
        << e.name;
  }
}

TEST(Estimators, StraightThroughIsExactForMultilinearLosses) {
  for (const auto encoding : kEncodings) {
    for (const auto& noise : noise_families()) {
      const auto problem = multilinear({encoding, &noise});
      EXPECT_LT(deviation(BoundEstimator("st"), problem, 103).z, kZ)
          << where(problem);
      EXPECT_GT(
          deviation(BoundEstimator("st-deterministic"), problem, 103).largest,
          0.01)
          << where(problem);
    }
  }
}

// The mean over 32 blocks of replicates, each a quadrature over the number
// that draws the unit; what is left is the error of further numbers. Student's
// t with 31 degrees of freedom: P(|t| > 9) = 4e-10 a comparison.
TEST(Estimators, ExactForPolynomialsToTheOrderClaimedAndNoFurther) {
  constexpr int64_t kBlocks = 32, kBlock = 8192;
  for (const auto& e : table<Estimator>()) {
    if (e.traits.unbiased || e.traits.exact_for_one_layer) continue;
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
}

TEST(Estimators, EvaluationsAreCounted) {
  const struct {
    Problem problem;
    std::vector<int64_t> layers;
  } cases[] = {{one_layer({}), {4}}, {chain({}), {3, 2}}};
  for (const auto& e : table<Estimator>()) {
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
}

TEST(Estimators, OnlyThoseThatSayDifferentiateTheObjective) {
  for (const auto& e : table<Estimator>()) {
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
}

TEST(Estimators, UnitsAreRelaxedIfClaimed) {
  for (const auto& e : table<Estimator>()) {
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
}

TEST(Estimators, SeedsDecideAndThreadsDoNot) {
  const int threads = at::get_num_threads();
  for (const auto& e : table<Estimator>()) {
    const BoundEstimator estimator(e.name);
    const auto problem = chain({});
    at::set_num_threads(1);
    const auto one = gradients(estimator, problem, 5000, 7);
    at::set_num_threads(2);
    EXPECT_TRUE(one.equal(gradients(estimator, problem, 5000, 7))) << e.name;
    EXPECT_EQ(one.equal(gradients(estimator, problem, 5000, 8)),
              e.traits.deterministic)
        << e.name;
  }
  at::set_num_threads(threads);
}

TEST(Estimators, FiniteForCertainUnits) {
  for (const auto& e : table<Estimator>()) {
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
}

// The same function of the same units, written for the other encoding.
TEST(Estimators, EncodingDoesNotMatter) {
  for (const auto& e : table<Estimator>()) {
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
}

std::string error_of(const std::string& spelling) {
  try {
    BoundEstimator estimator(spelling);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Estimators, SlipsInSpellingsAreExplained) {
  for (const auto& e : table<Estimator>()) {
    EXPECT_NE(error_of(e.name + "x").find("did you mean '" + e.name + "'"),
              std::string::npos)
        << error_of(e.name + "x");
    EXPECT_EQ(BoundEstimator(BoundEstimator(e.name).spell()).spell(),
              BoundEstimator(e.name).spell());
    for (const auto& p : e.parameters) {
      EXPECT_NE(error_of(e.name + "(" + p.name + "x=1)")
                    .find("did you mean '" + p.name + "'"),
                std::string::npos);
      EXPECT_NE(error_of(e.name + "(" + p.name + "=?)").find(p.name),
                std::string::npos);
      for (const double beyond : {p.min - 1, p.max + 1}) {
        if (!std::isfinite(beyond)) continue;
        const auto error =
            error_of(e.name + "(" + p.name + "=" + number_text(beyond) + ")");
        EXPECT_NE(error.find("must be"), std::string::npos) << error;
      }
    }
  }
  EXPECT_EQ(error_of("gumbel(temperature=0)"),
            "gumbel: temperature must be in [0.01, 100], but got '0'");
}

TEST(Estimators, DocumentationIsWhatTheProgramPrints) {
  std::ifstream file(SIGNET_SOURCE_DIR "/docs/estimators.md");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_TRUE(text.str() == estimators_markdown())
      << "run: signet estimators --markdown > docs/estimators.md";
}

TEST(Exact, EqualsADifferenceQuotientOfThePlainSum) {
  // The chain with signs and logistic noise, summed by hand.
  const auto problem = chain({});
  const auto flat = [&] {
    std::vector<double> all;
    for (const auto& p : problem.parameters) {
      const auto row = p.reshape({-1});
      for (int64_t i = 0; i < row.numel(); ++i)
        all.push_back(row[i].item<double>());
    }
    return all;
  }();
  const auto probability = [](double a, int x) {
    return 1 / (1 + std::exp(-2 * a * x));
  };
  const auto expected_loss = [&](const std::vector<double>& q) {
    double sum = 0;
    for (int state = 0; state < 32; ++state) {
      int x[5];
      for (int i = 0; i < 5; ++i) x[i] = (state >> i & 1) ? 1 : -1;
      double weight = 1;
      for (int i = 0; i < 3; ++i) weight *= probability(q[i], x[i]);
      for (int j = 0; j < 2; ++j) {
        double a = q[9 + j];
        for (int i = 0; i < 3; ++i) a += q[3 + 3 * j + i] * x[i];
        weight *= probability(a, x[3 + j]);
      }
      sum += weight * (std::exp(0.5 * x[3] - 0.3 * x[4]) +
                       std::pow(0.2 * x[3] + 0.7 * x[4], 2));
    }
    return sum;
  };
  const auto g = gradients(BoundEstimator("exact"), problem, 1, 0)[0];
  ASSERT_EQ(g.numel(), 11);
  for (size_t i = 0; i < flat.size(); ++i) {
    auto up = flat, down = flat;
    const double h = 1e-5;
    up[i] += h;
    down[i] -= h;
    EXPECT_NEAR(g[static_cast<int64_t>(i)].item<double>(),
                (expected_loss(up) - expected_loss(down)) / (2 * h), 1e-9);
  }
}

TEST(Exact, BlocksAddUpToTheWhole) {
  // 13 units, two blocks: the gradient goes to the leaves in the backward.
  const auto logits = Random(3).site(0).uniform({2, 13}, torch::kDouble) - 0.5;
  const auto weights = torch::linspace(-1, 1, 13, torch::kDouble);
  const auto gradient = [&](const std::string& spelling) {
    auto a = logits.clone().requires_grad_();
    auto w = weights.clone().requires_grad_();
    const auto estimate = BoundEstimator(spelling)(
        [&](Sampler& sampler) {
          return (sampler.draw(a, {}) * w).sum(-1).exp();
        },
        Random(1));
    // E exp(w x) is a product over the units.
    const auto p = torch::sigmoid(2 * logits);
    const auto product =
        (p * weights.exp() + (1 - p) * (-weights).exp()).prod(-1);
    EXPECT_LT((estimate.loss - product).abs().max().item<double>(), 1e-12);
    (estimate.surrogate * torch::tensor({1.0, 3.0}, torch::kDouble))
        .sum()
        .backward();
    return torch::cat({a.grad().flatten(), w.grad()});
  };
  const auto difference =
      gradient("exact") - gradient("exact-layered(units=13)");
  EXPECT_LT(difference.abs().max().item<double>(), 1e-12);
}

TEST(ExactLayered, EqualsEnumerationOnAThreeLayerChain) {
  // Signs, bits and signs; triangular noise between two logistic ones.
  const UnitOptions kinds[] = {{Encoding::signs, &logistic_noise()},
                               {Encoding::bits, &triangular_noise()},
                               {Encoding::signs, &logistic_noise()}};
  const Random random(5);
  const auto value = [&](uint32_t site, at::IntArrayRef shape) {
    return 2 * random.site(site).uniform(shape, torch::kDouble) - 1;
  };
  const auto x = value(0, {6, 2}), y = value(1, {6});
  const auto gradient = [&](const std::string& spelling) {
    std::vector<Tensor> w{value(2, {2, 4}), value(3, {4, 3}), value(4, {3, 4}),
                          value(5, {4})};
    for (auto& weight : w) weight.requires_grad_();
    const auto estimate = BoundEstimator(spelling)(
        [&](Sampler& sampler) {
          auto h = x;
          for (int l = 0; l < 3; ++l)
            h = sampler.draw(torch::matmul(h, w[l]), kinds[l]);
          return torch::softplus(-y * torch::matmul(h, w[3]));
        },
        random);
    estimate.surrogate.mean().backward();
    std::vector<Tensor> all{estimate.loss};
    for (const auto& weight : w) all.push_back(weight.grad().flatten());
    return torch::cat(all);
  };
  const auto difference = gradient("exact") - gradient("exact-layered");
  EXPECT_LT(difference.abs().max().item<double>(), 1e-13);
}

TEST(ExactLayered, RefusesNetworksThatSkipALayer) {
  const auto a = torch::zeros({1, 3});
  const auto message = [&] {
    try {
      BoundEstimator("exact-layered")(
          [&](Sampler& sampler) {
            const auto below = sampler.draw(a, {});
            const auto above = sampler.draw(below, {});
            return (below * above).sum(-1);
          },
          Random(1));
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  }();
  EXPECT_NE(message.find("layer 2"), std::string::npos) << message;
}

TEST(Exact, RefusesWhatItCannotEnumerate) {
  const auto a = torch::zeros({1, 17});
  EXPECT_THROW(
      BoundEstimator("exact")([&](Sampler& s) { return s.draw(a, {}).sum(-1); },
                              Random(1)),
      UsageError);
}

}  // namespace
}  // namespace signet
