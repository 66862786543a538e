#!/usr/bin/env bash
# Builds everything and runs every test. See usage below.
set -euo pipefail

usage() {
  cat <<'END'
usage: tools/test.sh [--sanitize] [NAME [FILTER]]

Installs the Debian packages that are missing, builds everything and runs the
tests, in build/release.

  --sanitize  the same with AddressSanitizer and UndefinedBehaviorSanitizer
              for the torch-free parts and core's own loops, in build/asan
  NAME        only the programs whose names match this regular expression:
              core, runtime, cli.embed ... ('ctest --preset release -N' lists)
  FILTER      and of them only the tests that match this of GoogleTest:
              'Flips.*:*Exact*'
  -h, --help  print this
END
}

preset=release
names=()
while (($#)); do
  case $1 in
    --sanitize) preset=asan ;;
    -h | --help) usage; exit 0 ;;
    -*) echo "test.sh: unknown option '$1'; --help lists them" >&2; exit 2 ;;
    *) names+=("$1") ;;
  esac
  shift
done
if ((${#names[@]} > 2)); then
  echo "test.sh: at most NAME and FILTER, but got: ${names[*]}" >&2
  exit 2
fi
filter=()
[[ ${#names[@]} -ge 1 ]] && filter=(--tests-regex "${names[0]}")
[[ ${#names[@]} -eq 2 ]] && export GTEST_FILTER=${names[1]}

cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/packages.sh
. tools/steps.sh

step "Packages"
install_packages "${build_packages[@]}" "${test_packages[@]}"

step "Build, preset $preset"
run cmake --preset "$preset" -DSIGNET_TESTS=ON
run cmake --build --preset "$preset" -j "$(build_jobs)"

step "Test, preset $preset"
# Several test programs share the cores: threads that wait must not spin.
export OMP_WAIT_POLICY=passive
run ctest --preset "$preset" "${filter[@]}"
step "Done"
