#include "signet/base/control_group.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace signet {
namespace {

/// A root of its own with the files that the kernel would show.
class FakeRoot : public testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() /
            ("signet-groups-" + std::to_string(getpid()));
    std::filesystem::remove_all(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void write(const std::string& name, const std::string& text) {
    const auto path = root_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::filesystem::path root_;
};

TEST_F(FakeRoot, NothingReadableLimitsNothing) {
  const auto group = control_group(root_);
  EXPECT_FALSE(group.processors || group.memory || group.free_memory ||
               group.threads);
}

TEST_F(FakeRoot, VersionTwoTakesTheLeastOfAllLevels) {
  write("proc/self/cgroup", "0::/outer/inner\n");
  write("proc/self/mountinfo",
        "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n"
        "31 23 0:27 / /proc rw - proc proc rw\n");
  write("sys/fs/cgroup/outer/cpu.max", "150000 100000\n");
  write("sys/fs/cgroup/outer/inner/cpu.max", "max 100000\n");
  write("sys/fs/cgroup/outer/memory.max", "max\n");
  write("sys/fs/cgroup/outer/inner/memory.max", "1000000\n");
  write("sys/fs/cgroup/outer/inner/memory.current", "700000\n");
  write("sys/fs/cgroup/outer/inner/memory.stat",
        "anon 500000\nfile 200000\nactive_file 50000\ninactive_file 150000\n");
  write("sys/fs/cgroup/outer/pids.max", "40\n");
  write("sys/fs/cgroup/outer/inner/pids.max", "60\n");
  const auto group = control_group(root_);
  EXPECT_EQ(group.processors, 1.5);
  EXPECT_EQ(group.memory, 1000000);
  EXPECT_EQ(group.free_memory, 500000);  // caches can be given back
  EXPECT_EQ(group.threads, 40);
}

TEST_F(FakeRoot, VersionOneHasAHierarchyAController) {
  write("proc/self/cgroup",
        "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n2:pids:/\n0::/\n");
  // A container sees its own group as the root of the mount.
  write("proc/self/mountinfo",
        "35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup "
        "rw,memory\n"
        "36 31 0:33 /docker/abc /sys/fs/cgroup/cpu rw - cgroup cgroup "
        "rw,cpu,cpuacct\n"
        "37 31 0:34 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "2000000\n");
  write("sys/fs/cgroup/memory/memory.usage_in_bytes", "1900000\n");
  write("sys/fs/cgroup/memory/memory.stat",
        "inactive_file 1\ntotal_inactive_file 400000\ntotal_active_file 0\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "400000\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/pids/pids.max", "max\n");
  const auto group = control_group(root_);
  EXPECT_EQ(group.processors, 4);
  EXPECT_EQ(group.memory, 2000000);
  EXPECT_EQ(group.free_memory, 500000);
  EXPECT_FALSE(group.threads);
}

TEST_F(FakeRoot, WhatIsNoLimitOrNoNumberLimitsNothing) {
  write("proc/self/cgroup", "4:memory:/\n3:cpu:/\nnonsense\n0::/../..\n");
  write("proc/self/mountinfo",
        "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        "36 31 0:33 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
        "38 31 0:35 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\nshort\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/unified/pids.max", "many\n");
  const auto group = control_group(root_);
  EXPECT_FALSE(group.processors || group.memory || group.free_memory ||
               group.threads);
}

}  // namespace
}  // namespace signet
