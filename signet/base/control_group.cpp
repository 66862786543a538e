#include "signet/base/control_group.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "signet/base/number.h"

namespace signet {
namespace {

using std::filesystem::path;

std::string text_of(const path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  size_t from = 0;
  while (from < text.size()) {
    const size_t end = std::min(text.find(separator, from), text.size());
    parts.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return parts;
}

/// A whole number; nothing for "max", -1 and whatever else.
std::optional<int64_t> number(const std::string& text) {
  const auto line = text.substr(0, text.find_first_of(" \n"));
  const auto value = read_number<int64_t>(line);
  return value && *value >= 0 ? value : std::nullopt;
}

std::optional<int64_t> number_in(const path& file) {
  return number(text_of(file));
}

/// The number behind `key` in lines "key number".
int64_t entry(const path& file, const std::string& key) {
  for (const auto& line : split(text_of(file), '\n')) {
    if (line.starts_with(key + " "))
      return number(line.substr(key.size() + 1)).value_or(0);
  }
  return 0;
}

template <class T>
void lower(std::optional<T>& limit, std::optional<T> other) {
  if (other) limit = limit ? std::min(*limit, *other) : *other;
}

std::optional<double> quota_of(const path& folder) {
  const auto version2 = split(text_of(folder / "cpu.max"), ' ');
  const auto quota = version2.size() == 2
                         ? number(version2[0])
                         : number_in(folder / "cpu.cfs_quota_us");
  const auto period = version2.size() == 2
                          ? number(version2[1])
                          : number_in(folder / "cpu.cfs_period_us");
  if (!quota || !period || *period == 0) return {};
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

/// The limits that stand in this one folder.
void read_folder(const path& folder, ControlGroup& group) {
  lower(group.processors, quota_of(folder));
  lower(group.threads, number_in(folder / "pids.max"));
  const bool first = exists(folder / "memory.limit_in_bytes");
  const auto limit =
      number_in(folder / (first ? "memory.limit_in_bytes" : "memory.max"));
  // Version 1 writes "none" as the greatest number of pages.
  if (!limit || *limit >= int64_t{1} << 60) return;
  const auto used =
      number_in(folder / (first ? "memory.usage_in_bytes" : "memory.current"));
  const auto cache = entry(folder / "memory.stat",
                           first ? "total_inactive_file" : "inactive_file") +
                     entry(folder / "memory.stat",
                           first ? "total_active_file" : "active_file");
  lower(group.memory, limit);
  lower(group.free_memory,
        std::optional(std::max<int64_t>(
            *limit - std::max<int64_t>(used.value_or(0) - cache, 0), 0)));
}

/// Where a hierarchy of control groups is mounted.
struct Mount {
  path point;         ///< in the file system
  std::string group;  ///< of the hierarchy, that is seen there
  std::vector<std::string> controllers;  ///< of version 1; empty: version 2
};

/// "36 31 0:33 GROUP POINT rw,relatime - cgroup cgroup rw,memory"
std::vector<Mount> mounts(const path& root) {
  std::vector<Mount> found;
  for (const auto& line : split(text_of(root / "proc/self/mountinfo"), '\n')) {
    const auto words = split(line, ' ');
    const auto dash = std::find(words.begin(), words.end(), "-");
    if (words.size() < 6 || words.end() - dash < 4) continue;
    if (dash[1] == "cgroup2")
      found.push_back({words[4], words[3], {}});
    else if (dash[1] == "cgroup")
      found.push_back({words[4], words[3], split(dash[3], ',')});
  }
  return found;
}

/// `group` and those above it, down to what is mounted.
void read_hierarchy(const path& root, const Mount& mount, std::string group,
                    ControlGroup& result) {
  // In a container the mount may show a part of the hierarchy only.
  if (mount.group != "/" && group.starts_with(mount.group))
    group = group.substr(mount.group.size());
  const path point = root / mount.point.relative_path();
  path below = path(group).relative_path();
  if (group.starts_with("/..")) below.clear();  // above what is mounted
  while (true) {
    read_folder(below.empty() ? point : point / below, result);
    if (below.empty()) return;
    below = below.parent_path();
  }
}

}  // namespace

ControlGroup control_group(const path& root) {
  ControlGroup result;
  const auto mounted = mounts(root);
  // "4:memory:/group"; of version 2 "0::/group".
  for (const auto& line : split(text_of(root / "proc/self/cgroup"), '\n')) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const auto names = split(line.substr(first + 1, second - first - 1), ',');
    for (const auto& mount : mounted) {
      const auto& all = mount.controllers;
      const bool same = names.empty() ? all.empty()
                                      : std::find(all.begin(), all.end(),
                                                  names[0]) != all.end();
      if (same) read_hierarchy(root, mount, line.substr(second + 1), result);
    }
  }
  return result;
}

}  // namespace signet
