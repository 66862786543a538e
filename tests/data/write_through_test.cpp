#include "signet/data/write_through.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <thread>

#include "signet/data/atomic_file.h"
#include "signet/data/descriptor.h"
#include "tests/data/error_of.h"
#include "tests/data/temp_folder.h"

// The nodes are our own: a mistake must not reach /dev.

namespace signet {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  const auto bytes = read_file(path);
  return {bytes.begin(), bytes.end()};
}

std::string all_of(int file) {
  std::string text;
  char piece[1 << 12];
  while (true) {
    const auto got = read(file, piece, sizeof piece);
    if (got <= 0) return text;
    text.append(piece, static_cast<size_t>(got));
  }
}

TEST(WriteThrough, FollowsLinksToFiles) {
  TempFolder folder;
  fs::create_directory(folder / "far");
  fs::create_symlink("far/target", folder / "first");
  fs::create_symlink(folder / "first", folder / "second");
  for (const auto* text : {"made", "replaced"}) {  // at first it leads nowhere
    write_atomically(folder / "second", text);
    EXPECT_EQ(text_of(folder / "far/target"), text);
  }
  EXPECT_TRUE(fs::is_symlink(folder / "first"));
  EXPECT_TRUE(fs::is_symlink(folder / "second"));
  EXPECT_FALSE(fs::is_symlink(folder / "far/target"));
  EXPECT_EQ(folder.count(), 3);

  fs::create_symlink("b", folder / "a");
  fs::create_symlink("a", folder / "b");
  EXPECT_PRED2(contains, error_of([&] { write_atomically(folder / "a", "x"); }),
               "must lead to a file, but got a circle of links");
  fs::create_symlink("far", folder / "c");
  EXPECT_PRED2(contains, error_of([&] { write_atomically(folder / "c", "x"); }),
               "must be a file, but got a folder");
  fs::create_symlink("none/x", folder / "d");
  EXPECT_PRED2(contains, error_of([&] { write_atomically(folder / "d", "x"); }),
               "must be in a folder that is there");
}

TEST(WriteThrough, FifoStaysOne) {
  TempFolder folder;
  const auto fifo = folder / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  fs::create_symlink("fifo", folder / "link");
  const std::string large(300'000, 'x');  // more than a pipe holds
  for (const auto& path : {fifo, folder / "link"}) {
    check_output(path);  // does not wait for a reader
    std::string seen;
    {
      const std::jthread reader([&] { seen = text_of(fifo); });
      write_atomically(path, large);
    }
    EXPECT_EQ(seen, large);
    EXPECT_TRUE(fs::is_fifo(fifo));
  }
  EXPECT_EQ(folder.count(), 2);
}

TEST(WriteThrough, DeviceStaysOne) {
  TempFolder folder;
  const auto null = folder / "null", full = folder / "full";
  if (mknod(null.c_str(), S_IFCHR | 0666, makedev(1, 3)) != 0 ||
      mknod(full.c_str(), S_IFCHR | 0666, makedev(1, 7)) != 0 ||
      !Descriptor(open(null.c_str(), O_WRONLY)))
    GTEST_SKIP() << "needs root and a folder that may hold devices";
  write_atomically(null, "gone");
  EXPECT_TRUE(fs::is_character_file(null));
  EXPECT_EQ(text_of(null), "");
  EXPECT_PRED2(contains, error_of([&] { write_atomically(full, "x"); }),
               "full: could not write: No space left on device");
  EXPECT_TRUE(fs::is_character_file(full));
  EXPECT_EQ(folder.count(), 2);
}

TEST(WriteThrough, SocketIsConnectedTo) {
  TempFolder folder;
  const auto path = folder / "s";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  {
    const Descriptor server(socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(bind(server.number(), reinterpret_cast<sockaddr*>(&address),
                   sizeof address),
              0);
    ASSERT_EQ(listen(server.number(), 1), 0);
    write_atomically(path, "hello");
    const Descriptor client(accept(server.number(), nullptr, nullptr));
    EXPECT_EQ(all_of(client.number()), "hello");
  }
  EXPECT_PRED2(contains, error_of([&] { write_atomically(path, "x"); }),
               "s: could not write: Connection refused");
  EXPECT_TRUE(fs::is_socket(path));
}

// What /dev/stdout and the shell's >(command) are.
TEST(WriteThrough, OpenDescriptors) {
  TempFolder folder;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  fs::create_symlink("/proc/self/fd/" + std::to_string(ends[1]),
                     folder / "stdout");
  write_atomically(folder / "stdout", "by the link, ");
  write_atomically("/dev/fd/" + std::to_string(ends[1]), "by its number");
  close(ends[1]);
  EXPECT_EQ(all_of(ends[0]), "by the link, by its number");
  close(ends[0]);
  EXPECT_PRED2(contains,
               error_of([&] { write_atomically(folder / "stdout", "x"); }),
               "must be open for writing, but it is not");
  EXPECT_EQ(folder.count(), 1);

  // A regular file that is open goes on where it is: it is not replaced.
  const Descriptor file(open((folder / "a").c_str(), O_WRONLY | O_CREAT, 0600));
  ASSERT_EQ(write(file.number(), "head ", 5), 5);
  write_atomically("/proc/self/fd/" + std::to_string(file.number()), "body ");
  ASSERT_EQ(write(file.number(), "end", 3), 3);
  EXPECT_EQ(text_of(folder / "a"), "head body end");

  const Descriptor reads(open((folder / "a").c_str(), O_RDONLY));
  EXPECT_PRED2(contains, error_of([&] {
                 check_output("/dev/fd/" + std::to_string(reads.number()));
               }),
               "must be open for writing, but it is not");
}

TEST(WriteThrough, ClosedPipeIsAnError) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  signal(SIGPIPE, SIG_IGN);
  EXPECT_PRED2(contains, error_of([&] {
                 write_atomically("/dev/fd/" + std::to_string(ends[1]), "x");
               }),
               "could not write: Broken pipe");
  signal(SIGPIPE, SIG_DFL);
  close(ends[1]);
}

TEST(WriteThrough, KnowsStandardOutputAndEqualTargets) {
  TempFolder folder;
  fs::create_symlink("/proc/self/fd/1", folder / "stdout");
  fs::create_symlink("/proc/self/fd/2", folder / "stderr");
  fs::create_symlink("a", folder / "link");
  EXPECT_TRUE(is_standard_output("-"));
  EXPECT_TRUE(is_standard_output(folder / "stdout"));
  EXPECT_FALSE(is_standard_output(folder / "stderr"));
  EXPECT_FALSE(is_standard_output(folder / "-"));
  EXPECT_TRUE(is_same_target("-", folder / "stdout"));
  EXPECT_FALSE(is_same_target("-", folder / "stderr"));
  for (int there = 0; there < 2; ++there) {
    EXPECT_TRUE(is_same_target(folder / "a", folder / "link"));
    EXPECT_FALSE(is_same_target(folder / "a", folder / "b"));
    write_atomically(folder / "a", "x");
  }
}

}  // namespace
}  // namespace signet
