#include "signet/data/atomic_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "signet/data/descriptor.h"
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

TEST(AtomicFile, LeavesAUsersOwnTmpFilesAlone) {
  TempFolder folder;
  const auto names = {"a.tmp",
                      ".a.tmp",
                      ".a.tmp-",
                      ".a.tmp-1-0123abc",
                      ".a.tmp-x-01234567",
                      ".b.tmp-1-01234567"};
  for (const auto* name : names) write_atomically(folder / name, name);
  write_atomically(folder / "a", "whole");
  EXPECT_EQ(folder.count(), 7);
  for (const auto* name : names) EXPECT_EQ(text_of(folder / name), name);
}

TEST(AtomicFile, RemovesWhatAKilledWriterLeft) {
  TempFolder folder;
  const auto left = folder / ".a.tmp-123-0123abcd";
  const auto alive = folder / ".a.tmp-124-0123abcd";
  write_atomically(left, "of a dead process");
  write_atomically(alive, "of one that is writing");
  const Descriptor lock(open(alive.c_str(), O_RDONLY));
  ASSERT_EQ(flock(lock.number(), LOCK_EX), 0);
  write_atomically(folder / "a", "whole");
  EXPECT_FALSE(exists(left));
  EXPECT_TRUE(exists(alive));
  EXPECT_EQ(text_of(folder / "a"), "whole");
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

TEST(AtomicFile, KeepsTheOwnerOfTheOldFile) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  TempFolder folder;
  write_atomically(folder / "a", "old");
  ASSERT_EQ(chown((folder / "a").c_str(), 1234, 4321), 0);
  ASSERT_EQ(chmod((folder / "a").c_str(), 04750), 0);
  write_atomically(folder / "a", "new");
  struct stat status {};
  stat((folder / "a").c_str(), &status);
  EXPECT_EQ(status.st_uid, 1234u);
  EXPECT_EQ(status.st_gid, 4321u);
  EXPECT_EQ(status.st_mode & 07777, 04750u);
}

TEST(AtomicFile, OtherHardLinksKeepTheOldBytes) {
  TempFolder folder;
  write_atomically(folder / "a", "old");
  std::filesystem::create_hard_link(folder / "a", folder / "b");
  write_atomically(folder / "a", "new");
  EXPECT_EQ(text_of(folder / "a"), "new");
  EXPECT_EQ(text_of(folder / "b"), "old");
}

TEST(AtomicFile, NamesMayHave255Bytes) {
  TempFolder folder;
  // Characters of three bytes: none may be cut in the name beside it.
  std::string name;
  for (int i = 0; i < 85; ++i) name += "\u20ac";
  for (const auto& each : {name, std::string(255, 'x')}) {
    write_atomically(folder / each, "old");
    write_atomically(folder / each, "new");
    EXPECT_EQ(text_of(folder / each), "new");
  }
  EXPECT_EQ(folder.count(), 2);
  EXPECT_PRED2(contains,
               error_of([&] { write_atomically(folder / (name + "x"), "x"); }),
               "File name too long");
}

TEST(AtomicFile, SaysWhatIsWrong) {
  TempFolder folder;
  EXPECT_PRED2(contains, error_of([&] { read_file(folder / "none"); }),
               "none: could not open the file: No such file or directory");
  EXPECT_PRED2(contains, error_of([&] { read_file(folder.path()); }),
               "must be a file, but got a folder");
  EXPECT_PRED2(contains,
               error_of([&] { write_atomically(folder / "no/a", "x"); }),
               "must be in a folder that is there, but there is no");
  std::filesystem::create_directory(folder / "b");
  EXPECT_PRED2(contains, error_of([&] { write_atomically(folder / "b", "x"); }),
               "must be a file, but got a folder");
  EXPECT_EQ(folder.count(), 1);
}

}  // namespace
}  // namespace signet
