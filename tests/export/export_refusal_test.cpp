#include <gtest/gtest.h>

#include "signet/base/error.h"
#include "signet/export/export_model.h"
#include "tests/data/temp_folder.h"
#include "tests/export/random_network.h"

namespace signet {
namespace {

struct Refused {
  std::string why;  ///< what the line must say
  std::vector<std::string> layers;
  Shape input = Shape::vector(8);
  PackOptions options = {};
};

/// Every refusal that follows from the layers alone, in the order of the code:
/// stages.cpp, pack.cpp, check_description.cpp, the limits of loading.
std::vector<Refused> refused() {
  const auto map = Shape::map(2, 8, 8);
  const PackOptions noise = {.noise = true};
  return {
      {"has no linear layer", {"dropout"}},
      {"it ends in units", {"linear(outputs=3)", "units"}},
      {"it ends in a convolution", {"conv(channels=3)"}, map},
      {"0.linear must have binary weights",
       {"linear(outputs=3, weights=real)"}},
      {"0.conv must have binary weights",
       {"conv(channels=3, weights=real)", "units", "flatten",
        "linear(outputs=3)"},
       map},
      {"2.conv must have binary weights",
       {"conv(channels=3)", "units", "conv(channels=3, weights=real)", "units",
        "flatten", "linear(outputs=3)"},
       map},
      {"1.linear must follow units",
       {"linear(outputs=3)", "linear(outputs=3)"}},
      {"1.conv must follow units",
       {"conv(channels=3)", "conv(channels=3)", "units", "flatten",
        "linear(outputs=3)"},
       map},
      {"0.units must follow", {"units", "linear(outputs=3)"}},
      {"0.batch-norm must follow", {"batch-norm", "linear(outputs=3)"}},
      {"2.batch-norm must follow",
       {"linear(outputs=3)", "units", "batch-norm", "linear(outputs=3)"}},
      {"0.max-pool must follow",
       {"max-pool", "conv(channels=3)", "units", "flatten",
        "linear(outputs=3)"},
       map},
      {"2.batch-norm is the second",
       {"linear(outputs=3)", "batch-norm", "batch-norm"}},
      {"3.units follows real weights",
       {"linear(outputs=3)", "units", "linear(outputs=3, weights=real)",
        "units", "linear(outputs=3)"}},
      {"1.flatten must follow units",
       {"conv(channels=3)", "flatten", "units", "linear(outputs=3)"},
       map},
      {"2.average-pool takes means",
       {"conv(channels=3)", "units", "average-pool", "flatten",
        "linear(outputs=3)"},
       map},
      {"1.quantize gives several bits",
       {"linear(outputs=3)", "quantize", "linear(outputs=3)"}},
      {"1.relu gives real values",
       {"linear(outputs=3)", "relu", "linear(outputs=3)"}},
      {"1.tanh gives real values",
       {"linear(outputs=3)", "tanh", "linear(outputs=3)"}},
      {"1.sigmoid gives real values",
       {"linear(outputs=3)", "sigmoid", "linear(outputs=3)"}},
      {"1.hard-tanh gives real values",
       {"linear(outputs=3)", "hard-tanh", "linear(outputs=3)"}},
      {"2.shortcut begins",
       {"conv(channels=3)", "units", "shortcut", "conv(channels=3, padding=1)",
        "add", "units", "flatten", "linear(outputs=3)"},
       map},
      {"0.linear draws its weights",
       {"linear(outputs=3, weights=stochastic)"},
       Shape::vector(8),
       noise},
      {"1.units has gaussian noise, which the runtime cannot draw",
       {"linear(outputs=3)", "units(noise=gaussian)", "linear(outputs=3)"},
       Shape::vector(8),
       noise},
      {"padding 'minus' is no value of inputs that are bits",
       {"conv(channels=3)", "units(encoding=bits)",
        "conv(channels=3, padding=1, pad=minus)", "units", "flatten",
        "linear(outputs=3)"},
       map},
      {"padding 'minus' is no value of inputs that are pixels",
       {"conv(channels=3, padding=1, pad=minus)", "units", "flatten",
        "linear(outputs=3)"},
       map},
      {"padding 'plus' is no value of inputs that are pixels",
       {"conv(channels=3, padding=1, pad=plus)", "units", "flatten",
        "linear(outputs=3)"},
       map},
      {"sizes of the outputs must number",
       {"conv(channels=9, kernel=2, padding=1)", "units", "max-pool(size=99)",
        "flatten", "linear(outputs=3)"},
       Shape::map(1, 700, 700)},
      {"steps",
       {"conv(channels=64, kernel=46)", "units", "max-pool(size=99)", "flatten",
        "linear(outputs=3)"},
       Shape::map(1, 301, 301)},
  };
}

std::string error_of_export(Network& network, const Refused& refused,
                            const Dataset& data) {
  const TempFolder folder;
  try {
    export_model(network, "x", data, {}, folder / "x.signet", refused.options);
  } catch (const UsageError& error) {
    EXPECT_EQ(folder.count(), 0);
    return error.what();
  }
  return "exported";
}

// What is said before training is what is said after it, word by word.
TEST(ExportRefusal, SaysBeforeTrainingWhatExportSaysAfterIt) {
  for (const auto& r : refused()) {
    Network fresh(parse_network(r.input, r.layers), Random(1));
    const auto classes =
        static_cast<int>(summarize(fresh.spec()).back().output.values());
    const auto data = random_data(r.input, 2, std::min(classes, 3));
    const auto early = export_refusal(fresh, "x", data.classes, r.options);
    ASSERT_TRUE(early) << r.why;
    EXPECT_NE(early->find(r.why), std::string::npos) << *early;
    EXPECT_EQ(early->find('\n'), std::string::npos);
    const auto trained = random_network(r.input, r.layers, 3);
    EXPECT_EQ(error_of_export(*trained, r, data), *early) << r.why;
  }
}

TEST(ExportRefusal, IsNoneOfWhatIsExported) {
  const TempFolder folder;
  const auto input = Shape::map(2, 8, 8);
  const std::vector<std::string> layers = {
      "conv(channels=3, padding=1, bias=true)",
      "max-pool",
      "batch-norm",
      "units",
      "flatten",
      "linear(outputs=3, weights=real, bias=true)"};
  Network fresh(parse_network(input, layers), Random(1));
  const auto data = random_data(input, 9, 3);
  EXPECT_EQ(export_refusal(fresh, "x", data.classes), std::nullopt);
  const auto trained = random_network(input, layers, 3);
  const auto exported =
      export_model(*trained, "x", data, {}, folder / "x.signet");
  EXPECT_TRUE(exported.proof.holds()) << exported.proof.first_difference;
  // Names of other classes than there are scores.
  EXPECT_NE(export_refusal(fresh, "x", {"a", "b"}), std::nullopt);
}

}  // namespace
}  // namespace signet
