#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "signet/data/atomic_file.h"
#include "tests/data/error_of.h"
#include "tests/data/temp_folder.h"

namespace signet {
namespace {

namespace fs = std::filesystem;

// Root may write everything: while it lives, this process is nobody.
class Nobody {
 public:
  Nobody() : was_(geteuid()) {
    if (was_ == 0) EXPECT_EQ(seteuid(65534), 0);
  }
  ~Nobody() {
    if (was_ == 0) EXPECT_EQ(seteuid(0), 0);
  }
  Nobody(const Nobody&) = delete;
  Nobody& operator=(const Nobody&) = delete;

 private:
  uid_t was_;
};

std::string refusal(const fs::path& path) {
  return error_of([&] { check_output(path); });
}
std::string folder_refusal(const fs::path& path) {
  return error_of([&] { check_output_folder(path); });
}

// A folder in which nobody may work.
class OpenFolder : public TempFolder {
 public:
  OpenFolder() { chmod(path().c_str(), 0777); }
};

TEST(CheckOutput, ChangesNothing) {
  TempFolder folder;
  check_output(folder / "new");
  check_output_folder(folder / "new/of/new");
  EXPECT_EQ(folder.count(), 0);
}

TEST(CheckOutput, NamesOfNoFile) {
  TempFolder folder;
  EXPECT_PRED2(contains, refusal(""), "must be the name of a file");
  EXPECT_PRED2(contains, refusal(folder / "a/"), "must be the name of a file");
  EXPECT_PRED2(contains, refusal(folder.path()), "but got a folder");
  EXPECT_PRED2(contains, refusal("."), "but got a folder");
  EXPECT_PRED2(contains, refusal("/"), "must be the name of a file");
  EXPECT_PRED2(contains, refusal(folder / "no/a"),
               "there is no " + (folder / "no").string());
  write_atomically(folder / "file", "x");
  EXPECT_PRED2(contains, refusal(folder / "file/a"), "Not a directory");
}

TEST(CheckOutput, FilesAndFoldersThatMayNotBeWritten) {
  OpenFolder folder;
  const Nobody nobody;
  write_atomically(folder / "kept", "old");
  chmod((folder / "kept").c_str(), 0444);
  EXPECT_PRED2(contains, refusal(folder / "kept"),
               "must be a file that may be written, but it may not: "
               "Permission denied");
  EXPECT_PRED2(contains,
               error_of([&] { write_atomically(folder / "kept", "new"); }),
               "Permission denied");
  fs::create_directory(folder / "shut");
  write_atomically(folder / "shut/a", "x");
  chmod((folder / "shut").c_str(), 0555);
  for (const auto* name : {"shut/a", "shut/b"})
    EXPECT_PRED2(contains, refusal(folder / name),
                 "must be in a folder that may be written");
  EXPECT_PRED2(contains, folder_refusal(folder / "shut"),
               "must be a folder that may be written");
  EXPECT_PRED2(contains, folder_refusal(folder / "shut/new/er"),
               "must be a folder that may be written, but " +
                   (folder / "shut").string() + " may not");
  chmod((folder / "shut").c_str(), 0755);
}

TEST(CheckOutput, FilesOfOthersInAFolderSuchAsTmp) {
  if (geteuid() != 0) GTEST_SKIP() << "needs two users";
  OpenFolder folder;
  chmod(folder.path().c_str(), 01777);
  write_atomically(folder / "a", "of root");
  chmod((folder / "a").c_str(), 0666);
  const Nobody nobody;
  EXPECT_PRED2(contains, refusal(folder / "a"), "only its owner may");
  check_output(folder / "b");
}

TEST(CheckOutput, Folders) {
  TempFolder folder;
  check_output_folder(folder.path());
  check_output_folder(folder / "new/");
  EXPECT_PRED2(contains, folder_refusal(""), "must be the name of a folder");
  EXPECT_PRED2(contains, folder_refusal("-"), "must be the name of a folder");
  write_atomically(folder / "file", "x");
  EXPECT_PRED2(contains, folder_refusal(folder / "file"),
               "must be a folder, but got a file");
  EXPECT_PRED2(contains, folder_refusal(folder / "file/new"), "file");
  fs::create_symlink("none", folder / "link");
  EXPECT_PRED2(contains, folder_refusal(folder / "link"),
               "is a link to nothing");
  EXPECT_PRED2(contains, folder_refusal(folder / "link/new"),
               "is a link to nothing");
  fs::create_directory(folder / "none");
  check_output_folder(folder / "link/new");
}

}  // namespace
}  // namespace signet
