#include "signet/data/folder_lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "signet/data/atomic_file.h"
#include "tests/data/error_of.h"
#include "tests/data/temp_folder.h"

namespace signet {
namespace {

using std::chrono::milliseconds;

std::string error_of_lock(const TempFolder& folder) {
  return error_of([&] { FolderLock(folder.path(), "signet b"); });
}

TEST(FolderLock, RefusesTheSecondAndSaysWhoHasIt) {
  const TempFolder folder;
  {
    const FolderLock lock(folder.path(), "signet train \x1b[31m r.toml");
    for (const auto& error : {error_of_lock(folder), error_of([&] {
                                FolderLock::check_free(folder.path());
                              })}) {
      EXPECT_PRED2(contains, error,
                   folder.path().string() + ": must be free, but process " +
                       std::to_string(getpid()) + " on ");
      EXPECT_PRED2(contains, error, " has it since 2");
      EXPECT_PRED2(contains, error, ": signet train  [31m r.toml; wait until");
      EXPECT_EQ(error.find('\x1b'), std::string::npos);
      EXPECT_EQ(error.find('\n'), std::string::npos);
    }
  }
  EXPECT_EQ(error_of_lock(folder), "no error");
  FolderLock::check_free(folder.path());
  // The file stays, and names nobody.
  EXPECT_EQ(folder.count(), 1);
  EXPECT_TRUE(read_file(folder / ".lock").empty());
}

TEST(FolderLock, CutsALongCommand) {
  const TempFolder folder;
  const FolderLock lock(folder.path(), std::string(100000, 'x'));
  EXPECT_LT(error_of_lock(folder).size(), 1000U);
}

TEST(FolderLock, DiesWithItsProcess) {
  const TempFolder folder;
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const FolderLock lock(folder.path(), "signet a");
    if (write(ready[1], "x", 1) != 1) _exit(1);
    while (true) pause();
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_PRED2(contains, error_of_lock(folder),
               "process " + std::to_string(child));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(ready[0]);
  close(ready[1]);
  EXPECT_EQ(error_of_lock(folder), "no error");
}

TEST(FolderLock, WaitsForWhoIsPatient) {
  const TempFolder folder;
  auto first = std::make_unique<FolderLock>(folder.path(), "signet a");
  std::thread other([&] {
    const FolderLock second(folder.path(), "signet b", std::chrono::hours(1));
  });
  std::this_thread::sleep_for(milliseconds(30));
  first.reset();
  other.join();
}

TEST(FolderLock, AReaderLeavesNoTrace) {
  const TempFolder folder;
  FolderLock::check_free(folder.path());
  FolderLock::check_free(folder / "absent");
  EXPECT_EQ(folder.count(), 0);
  EXPECT_PRED2(contains,
               error_of([&] { FolderLock(folder / "absent", "signet"); }),
               "absent/.lock: could not create the file: No such file");
}

}  // namespace
}  // namespace signet
