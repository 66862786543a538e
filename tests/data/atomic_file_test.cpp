#include "signet/data/atomic_file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/data/error_of.h"
#include "tests/data/temp_folder.h"

namespace signet {
namespace {

std::string text_of(const std::filesystem::path& path) {
  const auto bytes = read_file(path);
  return {bytes.begin(), bytes.end()};
}

// While it lives, a write beyond `bytes` fails as it does on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &old_);
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, old_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &old_);
    signal(SIGXFSZ, SIG_DFL);
  }

 private:
  rlimit old_;
};

TEST(AtomicFile, WritesAndReplaces) {
  TempFolder folder;
  write_atomically(folder / "a", "first, and longer");
  EXPECT_EQ(text_of(folder / "a"), "first, and longer");
  write_atomically(folder / "a", "second");
  EXPECT_EQ(text_of(folder / "a"), "second");
  write_atomically(folder / "a", "");
  EXPECT_EQ(text_of(folder / "a"), "");
  EXPECT_EQ(folder.count(), 1);
}

TEST(AtomicFile, FullDiskLeavesTheOldFileAlone) {
  TempFolder folder;
  write_atomically(folder / "a", "old");
  const std::string large(1 << 20, 'x');
  std::string error;
  {
    FileSizeLimit limit(1000);
    error = error_of([&] { write_atomically(folder / "a", large); });
  }
  EXPECT_PRED2(contains, error, "could not write the file: File too large");
  EXPECT_PRED2(contains, error, (folder / "a").string());
  EXPECT_EQ(text_of(folder / "a"), "old");
  EXPECT_EQ(folder.count(), 1);
  write_atomically(folder / "a", large);
  EXPECT_EQ(text_of(folder / "a"), large);
}

TEST(AtomicFile, TakesOverWhatAKilledWriterLeft) {
  TempFolder folder;
  write_atomically(folder / "a.tmp", "a longer text than the next one");
  write_atomically(folder / "a", "whole");
  EXPECT_EQ(text_of(folder / "a"), "whole");
  EXPECT_EQ(folder.count(), 1);
}

TEST(AtomicFile, WritersOfOnePathDoNotMix) {
  TempFolder folder;
  write_atomically(folder / "a", std::string(50'000, '0'));
  std::vector<std::jthread> writers;
  for (const char letter : {'a', 'b', 'c'}) {
    writers.emplace_back([&folder, letter] {
      for (int i = 0; i < 20; ++i) {
        write_atomically(folder / "a", std::string(50'000, letter));
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    const std::string seen = text_of(folder / "a");
    ASSERT_EQ(seen, std::string(50'000, seen.at(0)));
  }
  writers.clear();
  EXPECT_EQ(folder.count(), 1);
}

TEST(AtomicFile, KeepsThePermissionsOfTheOldFile) {
  TempFolder folder;
  write_atomically(folder / "a", "old");
  chmod((folder / "a").c_str(), 0640);
  write_atomically(folder / "a", "new");
  struct stat status {};
  stat((folder / "a").c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

TEST(AtomicFile, SaysWhatIsWrong) {
  TempFolder folder;
  EXPECT_PRED2(contains, error_of([&] { read_file(folder / "none"); }),
               "none: could not open the file: No such file or directory");
  EXPECT_PRED2(contains, error_of([&] { read_file(folder.path()); }),
               "must be a file, but got a folder");
  EXPECT_PRED2(contains,
               error_of([&] { write_atomically(folder / "no/a", "x"); }),
               "could not open the folder: No such file or directory");
  std::filesystem::create_directory(folder / "b");
  EXPECT_PRED2(contains, error_of([&] { write_atomically(folder / "b", "x"); }),
               "could not write the file: Is a directory");
  EXPECT_EQ(folder.count(), 1);
}

}  // namespace
}  // namespace signet
