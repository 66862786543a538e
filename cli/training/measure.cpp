// signet measure ESTIMATOR... --problem SPELLING | --network NET --data POINTS

#include <cstdio>
#include <memory>
#include <optional>

#include "cli/command.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/shell_quoted.h"
#include "cli/training/start_torch.h"
#include "signet/base/threads.h"
#include "signet/data/atomic_file.h"
#include "signet/experiments/measured_network.h"
#include "signet/experiments/measurement_json.h"
#include "signet/experiments/measurement_page.h"
#include "signet/experiments/measurement_text.h"
#include "signet/experiments/progress.h"
#include "signet/report/html.h"

namespace signet {
namespace {

struct Options {
  std::vector<std::string> estimators;
  std::string problem, network, weights, layout, data, loss;
  std::string reference, report, optimizer = "adam";
  int64_t samples = 20000, reference_samples = 0, seed = 1, learn = 1000;
  int64_t basket = 0, batch = 0, examples = 0;
  std::vector<int64_t> averages;
  double tolerance = 0.01, alpha = 0.01, rate = 0.01, divide_pixels = 1;
  int threads = 1;
  bool json = false, in_double = false;
};

std::string command_text(const Options& o) {
  std::string text = "signet measure";
  for (const auto& e : o.estimators) text += " " + shell_quoted(e);
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty())
      text += std::string(" --") + name + " " + shell_quoted(value);
  };
  add("problem", o.problem);
  add("network", o.network);
  add("weights", o.weights);
  add("layout", o.layout);
  add("data", o.data);
  if (o.examples > 0) add("examples", std::to_string(o.examples));
  if (o.divide_pixels != 1) add("divide-pixels", number_text(o.divide_pixels));
  add("loss", o.loss);
  add("reference", o.reference);
  if (o.reference_samples > 0)
    add("reference-samples", std::to_string(o.reference_samples));
  add("samples", std::to_string(o.samples));
  std::string averages;
  for (int64_t n : o.averages)
    averages += (averages.empty() ? "" : ",") + std::to_string(n);
  add("averages", averages);
  add("learn", std::to_string(o.learn));
  add("tolerance", number_text(o.tolerance));
  add("alpha", number_text(o.alpha));
  if (o.basket > 0) {
    add("basket", std::to_string(o.basket));
    add("batch", std::to_string(o.batch));
    add("rate", number_text(o.rate));
    add("optimizer", o.optimizer);
  }
  if (o.in_double) text += " --double";
  return text + " --seed " + std::to_string(o.seed);
}

Problem problem_of(const Options& o) {
  check(o.layout.empty() || !o.weights.empty(), "measure",
        "--layout goes with --weights");
  if (o.network.empty()) {
    check(o.weights.empty() && o.data.empty() && o.loss.empty() &&
              o.examples == 0 && o.divide_pixels == 1,
          "measure",
          "--weights, --data, --examples, --divide-pixels and --loss go with "
          "--network");
    return make_problem(o.problem.empty() ? "cosine" : o.problem);
  }
  check(o.problem.empty(), "measure",
        "--problem and --network exclude each other");
  return network_problem({.network = o.network,
                          .weights = o.weights,
                          .layout = o.layout,
                          .points = {.data = o.data,
                                     .examples = o.examples,
                                     .divide_pixels = o.divide_pixels},
                          .loss = o.loss,
                          .seed = o.seed});
}

int run(const Options& o) {
  for (const auto& read : {NamedFile{"--network", o.network},
                           {"--weights", o.weights},
                           {"--data", o.data}})
    check_not_replaced(read, {"--report", o.report});
  start_torch(o.threads);
  auto problem = problem_of(o);
  if (o.in_double) problem = in_double(problem);
  for (const auto& e : o.estimators) BoundEstimator{e};
  for (int64_t n : o.averages) {
    check(n <= o.samples, "--averages",
          "must be at most the " + std::to_string(o.samples) +
              " samples, but got " + std::to_string(n));
  }
  const auto command = command_text(o);
  const Random random(static_cast<uint64_t>(o.seed));

  std::optional<Basket> basket;
  if (o.basket > 0) {
    Progress progress("basket", static_cast<double>(o.basket), "steps");
    basket = run_basket(
        problem, o.estimators,
        {.steps = o.basket,
         .batch = o.batch,
         .rate = o.rate,
         .optimizer = o.optimizer,
         .random = random.branch(1)},
        [&](int64_t step) { progress.update(static_cast<double>(step)); });
    progress.cancel();
    problem = basket->end;
  }
  // Ten times the samples: its error is then a third of what it judges.
  const int64_t reference_samples =
      o.reference_samples > 0 ? o.reference_samples : 10 * o.samples;
  Progress reference_progress(
      "reference", static_cast<double>(reference_samples), "samples");
  const auto reference =
      reference_gradient(problem,
                         {.estimator = o.reference,
                          .samples = reference_samples,
                          .random = random.at_step(0)},
                         [&](int64_t done) {
                           reference_progress.update(static_cast<double>(done));
                         });
  reference_progress.cancel();
  Progress progress(
      "measuring",
      static_cast<double>(o.samples) * static_cast<double>(o.estimators.size()),
      "samples");
  const auto measurement =
      measure(problem, reference, o.estimators,
              {.samples = o.samples,
               .learn = o.learn,
               .random = random,
               .confidence = {.alpha = o.alpha, .tolerance = o.tolerance},
               .averages = o.averages},
              [&](int64_t done, int64_t) {
                progress.update(static_cast<double>(done));
              });
  progress.cancel();

  const Basket* trajectory = basket ? &*basket : nullptr;
  if (!o.report.empty()) {
    write_atomically(o.report, report::render_html(measurement_page(
                                   measurement, trajectory, command)));
  }
  auto* const summary = summary_stream({o.report});
  if (o.json) {
    std::fprintf(summary, "%s\n",
                 measurement_json(measurement, trajectory, command).c_str());
    return 0;
  }
  if (trajectory)
    std::fprintf(summary, "%s\n", basket_text(*trajectory).c_str());
  std::fprintf(summary, "%s", measurement_text(measurement).c_str());
  return 0;
}

std::string problems_help() {
  std::string text = "\nProblems:\n";
  for (const auto& record : table<ProblemRecord>()) {
    text += "  " + record.name + ": " + record.summary + "\n";
    for (const auto& p : record.parameters) text += "    " + describe(p) + "\n";
  }
  return text +
         "\nA network is a TOML file with `inputs = 2` and `layers = [...]` "
         "('signet help layers'),\nits weights safetensors named by layer "
         "(0.weight) or a run's checkpoint,\n--layout pytorch those of a "
         "torch.nn.Sequential (kernels [out, in, height, width],\nchannels "
         "first after flatten), its data a CSV\nfile with a line "
         "of names and the label in the last column, or training images. A\n"
         "recipe or a run's folder is a network too.\nIts units are high with "
         "probability sigma(2a) of their logit a; weights from a program "
         "that\nhas sigma(a) need units(noise=sigmoid).\n";
}

const Registered<Command> entry{{
    .name = "measure",
    .summary = "How biased and how noisy estimators are, with confidence",
    .setup = [](CLI::App& app) -> std::function<int()> {
      auto o = std::make_shared<Options>();
      app.add_option("estimators", o->estimators,
                     "spellings such as st or 'gumbel(temperature=0.5)'")
          ->required();
      app.add_option("--problem", o->problem,
                     "a built-in problem (default: cosine), listed below");
      app.add_option("--network", o->network,
                     "a network of your own (TOML), a recipe, or the folder of "
                     "a run");
      app.add_option("--weights", o->weights,
                     "its weights (default: initialised from the seed)");
      app.add_option("--layout", o->layout,
                     "of the weights: pytorch or signet (default: as their "
                     "file says,\n'format' pt or signet's own mark)");
      app.add_option("--data", o->data,
                     "its points: CSV, a data set such as fashion-mnist, or "
                     "the folder of one\n(default: the recipe's data set)");
      app.add_option("--examples", o->examples,
                     "the first so many of them (default: all, of images 100)")
          ->check(whole_number(1, 1'000'000'000));
      app.add_option("--divide-pixels", o->divide_pixels,
                     "pixels are 0 to 255, divided by this (default 1; 255 for "
                     "PyTorch's ToTensor)")
          ->check(positive_number());
      app.add_option("--loss", o->loss,
                     "of the network: logistic, mse or cross_entropy (default: "
                     "logistic of one output,\nelse cross_entropy)");
      app.add_flag("--double", o->in_double,
                   "compute in double: network, data and parameters");
      app.add_option("--samples", o->samples,
                     "gradients of each estimator (default 20000)")
          ->check(whole_number(1, 1'000'000'000));
      app.add_option("--averages", o->averages,
                     "numbers of samples averaged, such as 1,3,10 (default 1, "
                     "2, 5, 10, ...)")
          ->delimiter(',')
          ->check(whole_number(1, 1'000'000'000));
      app.add_option("--seed", o->seed, "of all random numbers (default 1)")
          ->check(whole_number(0));
      app.add_option("--learn", o->learn,
                     "samples that estimators with learned state see "
                     "beforehand (default 1000)")
          ->check(whole_number(0, 1'000'000'000));
      app.add_option("--reference", o->reference,
                     "unbiased estimator to compare with (default: an exact "
                     "one if possible, else rloo)");
      app.add_option("--reference-samples", o->reference_samples,
                     "of a reference that is not exact (default: 10 times "
                     "--samples)")
          ->check(whole_number(1, 10'000'000'000));
      app.add_option("--tolerance", o->tolerance,
                     "bias / |gradient| that counts as none (default 0.01)")
          ->check(positive_number());
      app.add_option("--alpha", o->alpha,
                     "chance of a false 'biased', and of an interval's error "
                     "(default 0.01)")
          ->check(number_in(1e-9, 0.5));
      app.add_option("--basket", o->basket,
                     "first train so many steps by the first estimator and "
                     "follow all of them")
          ->check(whole_number(1, 100'000'000));
      app.add_option("--batch", o->batch,
                     "examples of a step of the basket (default: all)")
          ->check(whole_number(1, 1'000'000));
      app.add_option("--rate", o->rate, "of the basket's steps (default 0.01)")
          ->check(non_negative_number());
      app.add_option("--optimizer", o->optimizer,
                     "of the basket: adam (default) or sgd");
      app.add_option("--threads", o->threads,
                     "threads (default 1, so that times compare)")
          ->check(whole_number(1, kMostThreads));
      app.add_flag("--json", o->json, "print JSON");
      checks_output_file(
          app.add_option("--report", o->report, "also write a page, HTML"));
      app.footer(problems_help());
      return [o] { return run(*o); };
    },
}};

}  // namespace
}  // namespace signet
