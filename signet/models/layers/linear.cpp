#include "signet/models/layers/linear.h"

#include "signet/core/checks.h"
#include "signet/core/replicated_linear.h"
#include "signet/core/torch.h"

namespace signet {

LayerKind LinearSpec::kind() {
  std::vector<Parameter> parameters = {{.name = "outputs",
                                        .fallback = int64_t{0},
                                        .help = "values out",
                                        .min = 1,
                                        .max = 1 << 20}};
  for (auto& p : weight_parameters()) parameters.push_back(std::move(p));
  parameters.push_back(
      {.name = "bias", .fallback = false, .help = "add a bias"});
  return {"linear", "y = W x (+ b), on a vector of values", parameters};
}

LinearSpec LinearSpec::read(const Arguments& a) {
  check(a.integer("outputs") > 0, "linear", "outputs must be given");
  return {.outputs = a.integer("outputs"),
          .weights = read_weights(a),
          .bias = a.flag("bias")};
}

Shape LinearSpec::output(const Shape& input, OpenShortcuts&) const {
  if (!input.flat) {
    throw UsageError("wants a vector, but gets " + input.text() +
                     ": put \"flatten\" between them");
  }
  return Shape::vector(outputs);
}

LayerCost LinearSpec::cost(const Shape& input) const {
  const int64_t n = input.values() * outputs;
  return cost_of(weights, n, n, bias ? outputs : 0);
}

std::shared_ptr<Layer> LinearSpec::build(const Shape& input,
                                         const RandomStream& random) const {
  return std::make_shared<Linear>(input.values(), *this, random);
}

Linear::Linear(int64_t inputs, const LinearSpec& spec,
               const RandomStream& random)
    : WeightedLayer("Linear", spec.weights, {spec.outputs, inputs}, spec.bias,
                    random) {}

Tensor Linear::forward(const Tensor& x, ForwardPass& pass) {
  check_floating(x, "linear", "x");
  const auto& own = latent.defined() ? latent : weight;
  check(x.dim() >= 2 && x.size(-1) == own.size(-1), "linear",
        "x must be [..., B, " + std::to_string(own.size(-1)) + "], but got " +
            shape_text(x.sizes()));
  const auto [w, for_each_example] = weights(x.size(-2), pass);
  const auto input = x.to(w.scalar_type());
  const auto added = bias_to_add(pass);
  if (for_each_example)
    return with_bias(w.matmul(input.unsqueeze(-1)).squeeze(-1), added);
  // With samples of the weights the bias is one for all, unlike replicates'.
  const bool one_bias = bias.defined() && bias.dim() == 1;
  if (w.dim() == 3 && !one_bias) return replicated_linear(input, w, added);
  return with_bias(input.matmul(w.transpose(-1, -2)), added);
}

}  // namespace signet
