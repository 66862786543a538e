#include "signet/data/dataset_help.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "signet/data/dataset.h"
#include "signet/data/idx.h"
#include "tests/data/temp_folder.h"

namespace signet {
namespace {

TEST(DatasetHelp, NamesEveryDataSet) {
  for (const auto& known : known_datasets()) {
    EXPECT_NE(dataset_help().find("  " + known.name + ": "), std::string::npos)
        << known.name;
  }
}

TEST(DatasetHelp, AFolderOfTheFilesThatItNamesIsRead) {
  const TempFolder folder;
  std::istringstream text(dataset_help());
  for (std::string word; text >> word;) {
    if (!word.ends_with("-ubyte")) continue;
    const bool images = word.find("images") != word.npos;
    write_idx(folder / word, images ? IdxArray{{2, 1, 3}, {1, 2, 3, 4, 5, 6}}
                                    : IdxArray{{2}, {0, 1}});
  }
  EXPECT_EQ(folder.count(), 4);
  for (const auto part : {Part::train, Part::test}) {
    const auto data =
        load_dataset({.name = "idx", .folder = folder.path().string()}, part);
    EXPECT_EQ(data.size(), 2);
    EXPECT_EQ(data.features(), 3);
  }
}

}  // namespace
}  // namespace signet
