#include "cli/training_commands.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "cli/torch_memory.h"
#include "signet/base/error.h"
#include "signet/base/memory.h"
#include "signet/base/threads.h"

namespace signet {
namespace {

namespace fs = std::filesystem;

/// Where the library of training commands is; "" if it is not installed.
fs::path training_library() {
  const auto folder = fs::read_symlink("/proc/self/exe").parent_path();
  for (const auto& path :
       {folder / ".." / "lib" / SIGNET_PLUGIN,
        folder / ".." / SIGNET_INSTALL_LIBDIR / SIGNET_PLUGIN}) {
    if (std::error_code ignored; fs::exists(path, ignored)) return path;
  }
  return "";
}

/// Loads the training commands into the table.
/// Errors: UsageError where a limit leaves LibTorch too little, or why else it
/// cannot be loaded.
void load(const fs::path& library) {
  // Threads that wait must sleep, not spin: beside another busy process
  // spinning ones made training up to ten times slower. OpenMP reads these when
  // LibTorch is loaded, and OpenBLAS takes its buffers by them.
  setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/0);
  const int threads = threads_to_use(0);
  if (omp_num_threads() == 0)
    setenv("OMP_NUM_THREADS", std::to_string(threads).c_str(), 1);
  check_address_space(kTorchLibraries + blas_buffers(threads), "LibTorch");
  check_group_memory(kTorchResident, "LibTorch");
  if (dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL)) return;
  const std::string why = dlerror();
  const auto says = [&](const char* text) {
    return why.find(text) != why.npos;
  };
  throw UsageError(
      "the training commands cannot be loaded: " + why +
      (says("open files")                      ? ": raise ulimit -n"
       : says("map segment") || says("memory") ? ": raise ulimit -v"
       : says("No such file") ? ": install its package (libtorch-dev)"
                              : ": build signet anew"));
}

}  // namespace

std::string load_training_commands(const std::string& asked) {
  const auto library = training_library();
  if (library.empty())
    return "the training commands are not installed (" SIGNET_PLUGIN ")";
  try {
    load(library);
    return "";
  } catch (const UsageError& error) {
    if (!asked.empty()) throw;
    return error.what();
  }
}

}  // namespace signet
