// One unit x ~ F(a) under a function of its own: every expectation is a sum of
// two terms, so bias and variance have closed forms (Shekhovtsov 2021,
// arXiv:2110.03549, sections 3 to 5).

#include "signet/core/torch.h"
#include "signet/measure/problem.h"

namespace signet {
namespace {

Tensor loss_of(const std::string& name, const Tensor& x) {
  if (name == "linear") return 3 * x + 1;
  if (name == "quadratic") return 2 * x * x - x;
  if (name == "cubic") return x * x * x + x / 2;
  if (name == "exponential") return torch::exp(1.3 * x);
  return torch::cos(3 * x) + x;
}

Problem make(const Arguments& arguments) {
  const auto name = arguments.text("loss");
  const UnitOptions units{
      .encoding = parse_encoding(arguments.text("encoding")),
      .noise = &find_noise(arguments.text("noise"))};
  return {.name = {},
          .groups = {{"logit", {torch::full({1}, arguments.number("logit"))}}},
          .loss = [=](const std::vector<Tensor>& p, Sampler& sampler) {
            return loss_of(name, sampler.draw(p[0], units)).squeeze(-1);
          }};
}

const Registered<ProblemRecord> entry{{
    .name = "one-unit",
    .summary = "one unit under a smooth function; all is known in closed form",
    .parameters = {{.name = "logit", .fallback = 0.5, .help = "a of F(a)"},
                   {.name = "loss",
                    .fallback = std::string("exponential"),
                    .help = "3x+1, 2x^2-x, x^3+x/2, exp(1.3x), cos(3x)+x",
                    .choices = {"linear", "quadratic", "cubic", "exponential",
                                "cosine"}},
                   {.name = "encoding",
                    .fallback = std::string("bits"),
                    .help = "values of the unit",
                    .choices = {"bits", "signs"}},
                   {.name = "noise",
                    .fallback = std::string("logistic"),
                    .help = "its family"}},
    .make = make,
}};

}  // namespace
}  // namespace signet
