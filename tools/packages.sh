# shellcheck shell=bash disable=SC2034
# The Debian packages that signet needs, and how the scripts here install them.
# To be sourced: . tools/packages.sh; install_packages "${build_packages[@]}"

# To build the program and run the demo.
build_packages=(
  g++ cmake ninja-build        # compiler, build
  libtorch-dev                 # tensors, autograd
  libopenblas0-openmp          # the fast BLAS: the default one is 25x slower
  libcli11-dev                 # command line
  libtomlplusplus-dev          # recipes
  nlohmann-json3-dev           # results, checkpoints' headers
  flatbuffers-compiler libflatbuffers-dev  # model file
  zlib1g-dev                   # .gz data files
  libjs-chart.js               # charts of reports
  dataset-fashion-mnist        # the data
)
# The demo's verdict reads the commands' --json with it.
demo_packages=(jq)
# To build and run the tests.
test_packages=(
  libgtest-dev                 # test programs
  librandom123-dev             # published vectors of Philox
  chromium                     # loads a report, headless
  python3                      # tools/check_layers
  binutils                     # nm, on the libraries
  clang libclang-rt-dev        # libFuzzer
  g++-aarch64-linux-gnu qemu-user googletest  # the runtime's tests on Arm
)
# For -DSIGNET_BENCHMARKS=ON, and the peers of benchmarks/run. ONNX Runtime is
# not in Debian: benchmarks/install_peers has it from npm.
benchmark_packages=(
  libbenchmark-dev             # Google Benchmark
  libdnnl-dev                  # oneDNN
  libfaiss-dev                 # Hamming distances
  python3-onnx                 # writes ONNX models
)

missing_packages() {
  local package
  for package in "$@"; do
    dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null |
      grep -q '^install ok installed$' || printf '%s\n' "$package"
  done
}

# install_packages NAME...: installs those that are missing; with none missing
# it touches neither the network nor sudo.
install_packages() {
  if ! command -v dpkg-query apt-get >/dev/null; then
    echo "error: this needs Debian 12 (no dpkg-query or apt-get here);" \
      "elsewhere install what tools/packages.sh lists" >&2
    return 1
  fi
  local missing root=()
  mapfile -t missing < <(missing_packages "$@")
  if ((${#missing[@]} == 0)); then
    echo "nothing to install"
  else
    echo "installing: ${missing[*]}"
    if ((EUID != 0)); then
      if ! command -v sudo >/dev/null; then
        echo "error: installing packages needs root or sudo; as root:" \
          "apt-get install ${missing[*]}" >&2
        return 1
      fi
      root=(sudo)
    fi
    run_apt() {
      "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq \
        -o Dpkg::Use-Pty=0 "$@" </dev/null
    }
    if ! run_apt update || ! run_apt install -y --no-install-recommends \
        "${missing[@]}" >/dev/null; then
      echo "error: apt-get could not install: ${missing[*]}" >&2
      return 1
    fi
  fi
  warn_of_slow_blas
}

# An earlier choice of alternatives outlives the installation of OpenBLAS.
warn_of_slow_blas() {
  local blas
  # awk reads to the end: leaving early would kill ldconfig, and pipefail with it.
  blas=$(/sbin/ldconfig -p |
    awk '$1 == "libblas.so.3" && !seen++ {print $NF}')
  [[ -z $blas ]] && return 0
  case $(readlink -f "$blas") in
    *openblas*) ;;
    *) echo "warning: libblas.so.3 is $(readlink -f "$blas"), not OpenBLAS:" \
        "training will be slow; choose with update-alternatives --config" \
        "$(basename "$blas")-$(gcc -dumpmachine 2>/dev/null)" >&2 ;;
  esac
}
