// signet cite NAME...: BibTeX of what a record comes from.

#include <cstdio>
#include <memory>
#include <set>

#include "cli/command.h"
#include "signet/base/error.h"
#include "signet/base/names.h"
#include "signet/core/estimator.h"
#include "signet/optim/weight_rule.h"

namespace signet {
namespace {

struct Source {
  std::string name;
  const std::vector<Paper>* papers;
};

std::vector<Source> sources() {
  std::vector<Source> all;
  for (const auto& r : table<Estimator>()) all.push_back({r.name, &r.papers});
  for (const auto& r : table<WeightRule>()) all.push_back({r.name, &r.papers});
  return all;
}

const std::vector<Paper>& papers_of(const std::string& name) {
  std::vector<std::string> known;
  for (const auto& source : sources()) {
    if (source.name == name) return *source.papers;
    known.push_back(source.name);
  }
  throw UsageError("cite: " + unknown_name("name", name, known));
}

int cite(const std::vector<std::string>& names) {
  std::set<std::string> printed;
  for (const auto& name : names) {
    for (const auto& paper : papers_of(name)) {
      if (printed.insert(paper.key).second)
        std::printf("%s\n", bibtex(paper).c_str());
    }
  }
  return 0;
}

const Registered<Command> entry{{
    .name = "cite",
    .summary = "Print BibTeX for estimators and optimizers",
    .setup = [](CLI::App& app) -> std::function<int()> {
      auto names = std::make_shared<std::vector<std::string>>();
      auto all = std::make_shared<bool>(false);
      app.add_option("names", *names,
                     "estimators or optimizers, such as disarm");
      app.add_flag("--all", *all, "everything");
      return [=] {
        check(*all != !names->empty(), "cite",
              "name what to cite, such as disarm, or give --all");
        if (*all)
          for (const auto& source : sources()) names->push_back(source.name);
        return cite(*names);
      };
    },
}};

}  // namespace
}  // namespace signet
