#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "signet/base/paper.h"
#include "signet/base/table.h"
#include "signet/core/random.h"
#include "signet/data/dataset.h"
#include "signet/experiments/claim.h"
#include "signet/report/page.h"

namespace signet {

/// What an experiment is given.
struct ExperimentContext {
  Scale scale = Scale::normal;
  int64_t seeds = 5;
  /// What experiments on images see.
  DatasetOptions images = {};
  /// Told now and then which share of the work is done, in [0, 1].
  std::function<void(double share)> progress = {};

  bool quick() const { return scale == Scale::quick; }
  /// One of two values, by scale.
  template <class T>
  T pick(T quick_value, T otherwise) const {
    return quick() ? quick_value : otherwise;
  }
  /// Independent of other seeds, 0 .. seeds - 1.
  Random random(int64_t seed) const {
    return Random(static_cast<uint64_t>(seed) + 1);
  }
  void done(double share) const {
    if (progress) progress(share);
  }
};

/// What an experiment found: all that its section of the page says.
struct Findings {
  /// In the order to be read: {"network", "784-200-10"}.
  std::vector<std::pair<std::string, std::string>> settings = {};
  /// By the id of the claim that it decides. Claims on other data are absent.
  std::map<std::string, Statistic> measured = {};
  /// What the settings change against the source; empty: nothing.
  std::string differs = {};
  std::vector<report::Block> blocks = {};
};

/// A published experiment: a record in a file of its own, in papers/.
struct Experiment {
  std::string name;     ///< "r2rt-depth"
  std::string title;    ///< "Depth, trained by both families"
  std::string summary;  ///< what is done and what it shows, a paragraph
  Paper source;
  std::vector<Claim> claims;
  bool on_images = true;  ///< context.images matters
  /// Seconds on one core of an AMD EPYC 9004, for the bar and the list.
  struct Cost {
    double quick = 0, normal = 0;
    double full = 0;  ///< 0: as normal
  } cost;
  Findings (*run)(const ExperimentContext& context);
};

}  // namespace signet
