#include "signet/data/output_target.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <system_error>

#include "signet/data/bad_file.h"

namespace signet {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxLinks = 40;  // as the kernel's

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : ".";
}

// N if the path is /proc/self/fd/N by whatever name.
std::optional<int> descriptor_named(const fs::path& path) {
  const std::string name = path.filename();
  int number = -1;
  const char* const end = name.data() + name.size();
  const auto [stop, wrong] = std::from_chars(name.data(), end, number);
  if (wrong != std::errc() || stop != end || number < 0) return {};
  std::error_code error;
  const auto folder = fs::canonical(folder_of(path), error);
  if (error || folder.filename() != "fd") return {};
  const std::string self = fs::canonical("/proc/self", error);
  if (error || !folder.string().starts_with(self + "/")) return {};
  return number;
}

// Links in /proc are no paths: the kernel leads them to what is open.
bool is_in_proc(const fs::path& path) {
  struct statfs system {};
  return statfs(folder_of(path).c_str(), &system) == 0 &&
         system.f_type == PROC_SUPER_MAGIC;
}

fs::path link_target(const fs::path& path) {
  std::error_code error;
  const auto target = fs::read_symlink(path, error);
  if (error) bad_file(path, "could not follow the link: " + error.message());
  return target.is_absolute() ? target : path.parent_path() / target;
}

OutputTarget target_of(const fs::path& path, int links) {
  if (path.empty())
    bad_file("output", "must be the name of a file, but got an empty one");
  if (!path.has_filename())
    bad_file(path, "must be the name of a file, but got a folder");
  if (const auto number = descriptor_named(path)) {
    return {.kind = OutputTarget::Kind::opened, .descriptor = *number};
  }
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {.path = path};  // to be made
    bad_file(path, "could not write the file: " +
                       std::generic_category().message(errno));
  }
  if (S_ISDIR(status.st_mode))
    bad_file(path, "must be a file, but got a folder");
  if (S_ISREG(status.st_mode)) return {.path = path};
  if (!S_ISLNK(status.st_mode) || is_in_proc(path))
    return {.kind = OutputTarget::Kind::special, .path = path};
  if (links == kMaxLinks)
    bad_file(path, "must lead to a file, but got a circle of links");
  return target_of(link_target(path), links + 1);
}

}  // namespace

OutputTarget output_target(const fs::path& path) {
  if (path == "-")
    return {.kind = OutputTarget::Kind::opened, .descriptor = STDOUT_FILENO};
  return target_of(path, 0);
}

std::optional<int> own_descriptor(fs::path path) {
  for (int links = 0; links < kMaxLinks; ++links) {
    if (const auto number = descriptor_named(path)) return number;
    std::error_code error;
    if (!fs::is_symlink(path, error)) return {};
    path = link_target(path);
  }
  return {};
}

bool is_standard_output(const fs::path& path) {
  return path == "-" || own_descriptor(path) == STDOUT_FILENO;
}

bool is_same_target(const fs::path& a, const fs::path& b) {
  const auto to_a = output_target(a), to_b = output_target(b);
  if (to_a.kind != to_b.kind || to_a.descriptor != to_b.descriptor)
    return false;
  if (to_a.kind == OutputTarget::Kind::opened) return true;
  if (to_a.kind == OutputTarget::Kind::special) return false;
  std::error_code error;
  if (fs::equivalent(to_a.path, to_b.path, error)) return true;
  return to_a.path.filename() == to_b.path.filename() &&
         fs::equivalent(folder_of(to_a.path), folder_of(to_b.path), error);
}

}  // namespace signet
