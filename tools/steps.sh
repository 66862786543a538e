# shellcheck shell=bash
# How the scripts here say what they do. To be sourced.

# step TEXT: a heading with the time since the script began.
step() {
  printf '\n==> [%s] %s\n' "$(elapsed)" "$*"
}

elapsed() {
  printf '%d:%02d' $((SECONDS / 60)) $((SECONDS % 60))
}

# run COMMAND...: prints a command, then runs it.
run() {
  printf '$ %s\n' "$*"
  "$@"
}

# Compilers to run at once: one a core, and 1.5 GiB of memory for each.
build_jobs() {
  awk -v cores="$(nproc)" '/^MemAvailable/ {
    n = int($2 / 1572864); print n < 1 ? 1 : n < cores ? n : cores
  }' /proc/meminfo
}
