#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>

namespace signet {

/// What the control groups that hold this process, and the groups above them,
/// leave it: the least of all of them, and nothing where none sets a limit.
struct ControlGroup {
  std::optional<double> processors;    ///< quota of processor time / its period
  std::optional<int64_t> memory;       ///< bytes, the limit
  std::optional<int64_t> free_memory;  ///< bytes of it that are not in use;
                                       ///< file caches can be given back
  std::optional<int64_t> threads;      ///< pids.max
};

/// Reads both versions of control groups: /proc/self/cgroup says where, as
/// /proc/self/mountinfo says below which mount points. What cannot be read
/// limits nothing. `root`: the root of these paths, for tests.
/// Cost: some ten small files.
/// Source: Linux, Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst.
ControlGroup control_group(const std::filesystem::path& root = "/");

}  // namespace signet
