#include "signet/experiments/run_data.h"

#include <cstdio>
#include <stdexcept>

#include "signet/base/error.h"
#include "signet/data/fingerprint.h"

namespace signet {
namespace {

namespace fs = std::filesystem;

/// Whether the folder has the test images of that fingerprint.
bool holds(const fs::path& folder, const std::string& set,
           const std::string& test_data) {
  if (!is_folder(folder)) return false;
  try {
    return fingerprint(load_dataset({set, folder.string()}, Part::test)) ==
           test_data;
  } catch (const std::runtime_error&) {
    return false;  // other files
  }
}

/// Ends of a path, the shortest first: c, b/c, a/b/c.
std::vector<fs::path> ends(const fs::path& whole) {
  std::vector<fs::path> all;
  fs::path end;
  for (fs::path rest = whole.lexically_normal(); rest.has_relative_path();
       rest = rest.parent_path()) {
    if (!rest.has_filename()) continue;  // a slash at the end
    end = end.empty() ? rest.filename() : rest.filename() / end;
    all.push_back(end);
  }
  return all;
}

/// Whether a set's files are where its package puts them.
bool is_default(const Recipe::Data& data) { return data.folder.empty(); }

}  // namespace

Recipe with_absolute_folders(Recipe recipe) {
  for (auto* folder : {&recipe.data.folder, &recipe.train.from})
    if (!folder->empty()) *folder = fs::absolute(*folder).string();
  return recipe;
}

DataTraits traits_of(const TrainedRun& run) {
  const auto& spec = run.network->spec();
  return model_traits(
      run.recipe.data.set,
      {spec.input.channels, spec.input.height, spec.input.width},
      summarize(spec).back().output.values());
}

std::string find_data_folder(const Recipe& recipe, const fs::path& run,
                             const std::string& test_data) {
  const auto& data = recipe.data;
  if (is_default(data) || is_folder(data.folder)) return data.folder;
  std::error_code none;
  auto above = fs::weakly_canonical(fs::absolute(run), none);
  if (!above.has_filename()) above = above.parent_path();
  const auto candidates = ends(data.folder);
  while (!test_data.empty() && above.has_relative_path()) {
    above = above.parent_path();
    for (const auto& end : candidates) {
      const auto folder = above / end;
      if (holds(folder, data.set, test_data)) return folder.string();
    }
  }
  throw UsageError(run.string() + ": its data set, " + data.set +
                   ", must be in " + data.folder +
                   ", but there is no such folder any more: name the one that "
                   "it moved to with --data FOLDER");
}

Dataset load_test_data(const TrainedRun& run, const std::string& data) {
  const auto& recipe = run.recipe;
  const auto path = run.folder.path.string();
  const bool asked = !data.empty();
  const auto options =
      asked ? find_dataset(data, recipe.data.set)
            : DatasetOptions{
                  recipe.data.set,
                  find_data_folder(recipe, run.folder.path, run.test_data)};
  auto test = load_dataset(options, Part::test);
  const auto place = asked                    ? data
                     : options.folder.empty() ? options.name
                                              : options.folder;
  const auto model = traits_of(run);
  const auto why = disagreement(model, traits_of(test));
  check(why.empty(), path + " on " + place, why);
  for (auto i = static_cast<int64_t>(test.classes.size()); i < model.classes;
       ++i)
    test.classes.push_back(std::to_string(i));
  if (!asked && !run.test_data.empty() && run.test_data != fingerprint(test)) {
    std::fprintf(stderr,
                 "warning: %s: the test images in %s have changed since it was "
                 "trained\n",
                 path.c_str(), place.c_str());
  }
  return test;
}

}  // namespace signet
