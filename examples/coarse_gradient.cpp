// Coarse gradient descent: one step function, three straight-through
// estimators, one start. Prints where each of them goes and writes a page with
// the traces. From the default start, near a minimum that is not the global
// one, two of them stay there and the third does not.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <numbers>

#include "signet/base/number.h"
#include "signet/core/torch.h"
#include "signet/measure/two_layer_model.h"
#include "signet/report/html.h"

namespace {

using signet::CoarseDescentRow;

struct Options {
  std::vector<double> v_star{0.6, 0.9, -0.4, 1}, w_star{1, 0};
  std::vector<double> v{0.25, -0.05, 1.25, -0.15}, w{-1, 0.05};
  std::vector<std::string> estimators{"identity", "relu", "clipped-relu"};
  double rate = 0.05;
  int64_t steps = 2000;
  std::string report = "coarse_gradient.html";
};

/// Where one estimator went.
struct Trace {
  std::string estimator;
  std::vector<CoarseDescentRow> rows;
  std::string end;  ///< "the spurious minimum"
};

at::Tensor vector_of(const std::vector<double>& values) {
  return torch::tensor(values, torch::kDouble);
}

/// "0.6,0.9,-0.4,1", as it is typed.
std::string text(const std::vector<double>& values) {
  std::string all;
  for (double value : values)
    all += (all.empty() ? "" : ",") + signet::general_text(value, 6);
  return all;
}

double degrees(double angle) { return angle * 180 / std::numbers::pi; }

std::string describe_end(const CoarseDescentRow& last,
                         const std::vector<signet::CriticalPoint>& critical) {
  for (const auto& point : critical) {
    if (std::abs(last.loss - point.loss) < 1e-5 &&
        std::abs(last.angle - point.theta) < 1e-2)
      return "the " + point.name;
  }
  return "no critical point";
}

void print(const std::vector<Trace>& traces,
           const std::vector<signet::CriticalPoint>& critical) {
  std::printf("critical point     angle    loss\n");
  for (const auto& point : critical)
    std::printf("%-16s %6.1f  %6.4f\n", point.name.c_str(),
                degrees(point.theta), point.loss);
  std::printf("\n       ");
  for (const auto& trace : traces) std::printf("%26s", trace.estimator.c_str());
  std::printf("\n   step");
  for (size_t i = 0; i < traces.size(); ++i)
    std::printf("      loss   angle     |w|");
  std::printf("\n");
  const size_t count = traces[0].rows.size();
  for (size_t k = 0; k <= 10; ++k) {
    const size_t i = k * (count - 1) / 10;
    std::printf("%7ld", static_cast<long>(traces[0].rows[i].step));
    for (const auto& trace : traces) {
      const auto& row = trace.rows[std::min(i, trace.rows.size() - 1)];
      std::printf("%10.4f%8.1f%8.3f", row.loss, degrees(row.angle), row.length);
    }
    std::printf("\n");
  }
  std::printf("\n");
  for (const auto& trace : traces)
    std::printf("%s ends at %s\n", trace.estimator.c_str(), trace.end.c_str());
}

signet::report::LineChart chart(const std::vector<Trace>& traces,
                                const std::string& title,
                                const std::string& y_label,
                                double (*value)(const CoarseDescentRow&)) {
  signet::report::LineChart chart{
      .title = title, .x_label = "step", .y_label = y_label};
  for (const auto& trace : traces) {
    // Lines that coincide show through each other.
    signet::report::Series series{.label = trace.estimator,
                                  .dashed = chart.series.size() % 2 == 1};
    for (const auto& row : trace.rows) {
      series.x.push_back(static_cast<double>(row.step));
      series.y.push_back(value(row));
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

signet::report::Page page_of(const std::vector<Trace>& traces,
                             const std::vector<signet::CriticalPoint>& critical,
                             const Options& o) {
  signet::report::Page page{
      .title = "Coarse gradient descent",
      .subtitle = "Two linear layers with a step between them, Gaussian input"};
  for (const auto& trace : traces)
    page.figures.push_back(
        {.label = trace.estimator,
         .value = signet::fixed_text(trace.rows.back().loss, 4),
         .note = "loss at " + trace.end});
  page.blocks.push_back(chart(traces, "Loss", "E (y - y*)² / 2",
                              [](const auto& row) { return row.loss; }));
  page.blocks.push_back(
      chart(traces, "Angle between w and w*", "degrees",
            [](const auto& row) { return degrees(row.angle); }));
  page.blocks.push_back(chart(traces, "Length of w", "|w|",
                              [](const auto& row) { return row.length; }));
  auto gradient = chart(traces, "Length of the gradient", "in v and w together",
                        [](const auto& row) { return row.gradient; });
  gradient.log_y = true;
  page.blocks.push_back(gradient);
  signet::report::Table points{
      .title = "Critical points",
      .columns = {"point", "angle in degrees", "loss"}};
  for (const auto& point : critical)
    points.rows.push_back({point.name,
                           signet::fixed_text(degrees(point.theta), 1),
                           signet::fixed_text(point.loss, 4)});
  page.blocks.push_back(points);
  std::string formulas;
  for (const auto& coarse : signet::coarse_gradients())
    formulas += "\n" + coarse.name + ": mu(t) = " + coarse.formula;
  page.blocks.push_back(signet::report::Text{
      .title = "What this is",
      .body = "y = v' s(Z w) with s(t) = 1[t > 0] learns y* = v*' s(Z w*).\n"
              "s has no gradient, so that of mu replaces it:" +
              formulas + "\n\nv* = " + text(o.v_star) +
              "\nw* = " + text(o.w_star) + "\nv  = " + text(o.v) +
              " at the start\nw  = " + text(o.w) + " at the start\nrate " +
              signet::general_text(o.rate, 6) +
              ", means over all inputs in closed form",
      .preformatted = true});
  page.footer = "After Yin et al. 2019, arXiv:1903.05662";
  return page;
}

void run(const Options& o) {
  const signet::TwoLayerModel model({vector_of(o.v_star), vector_of(o.w_star)});
  const auto critical = signet::critical_points(model);
  std::vector<Trace> traces;
  for (const auto& name : o.estimators) {
    auto rows =
        signet::coarse_descent(model, {vector_of(o.v), vector_of(o.w)},
                               signet::find_coarse_gradient(name),
                               {.rate = o.rate,
                                .steps = o.steps,
                                .every = std::max<int64_t>(1, o.steps / 250)})
            .rows;
    const auto end = describe_end(rows.back(), critical);
    traces.push_back({name, std::move(rows), end});
  }
  print(traces, critical);
  std::ofstream file(o.report);
  file << signet::report::render_html(page_of(traces, critical, o));
  if (!file.flush()) throw std::runtime_error("cannot write " + o.report);
  std::printf("traces drawn in %s\n", o.report.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Coarse gradient descent on the two-layer model");
  const auto add_vector = [&](const char* name, std::vector<double>& values,
                              const char* help) {
    app.add_option(name, values, help)
        ->delimiter(',')
        ->default_str(text(values));
  };
  add_vector("--v-star", o.v_star, "the teacher's second layer");
  add_vector("--w-star", o.w_star, "its first; only the direction matters");
  add_vector("--v", o.v, "the start, as many values as v-star");
  add_vector("--w", o.w, "the start, as many values as w-star");
  app.add_option("--estimator", o.estimators, "of identity, relu, clipped-relu")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--rate", o.rate, "of a step")->capture_default_str();
  app.add_option("--steps", o.steps, "how many")->capture_default_str();
  app.add_option("--report", o.report, "HTML file")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    run(o);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
