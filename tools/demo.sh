#!/usr/bin/env bash
# The main job, end to end: train a binary network on Fashion-MNIST, prove it,
# pack it, run it. See usage below.
set -euo pipefail

usage() {
  cat <<'END'
usage: tools/demo.sh [--seeds N]

Installs the Debian packages that are missing, builds signet into
build/release, trains recipes/mlp.toml, evaluates, exports, runs,
measures and reports it, and says which goals were met. Runs are replaced in
runs/. Exit status 1 if the accuracy, the size or the proof is not as it should.

  --seeds N   train with seeds 1..N, for a standard error (default 3)
  -h, --help  print this
END
}

seeds=3
while (($#)); do
  case $1 in
    --seeds)
      seeds=${2:-}
      [[ $seeds =~ ^[1-9][0-9]?$ ]] || {
        echo "demo.sh: --seeds must be 1 to 99, but got '$seeds'" >&2
        exit 2
      }
      shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *) echo "demo.sh: unknown option '$1'; --help lists them" >&2; exit 2 ;;
  esac
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/packages.sh
. tools/steps.sh

build=build/release
bare=no
[[ -x $build/bin/signet ]] || bare=yes

step "Packages"
install_packages "${build_packages[@]}" "${demo_packages[@]}"
export PATH="$PWD/$build/bin:$PATH"

step "Build"
# A folder that tools/test.sh has configured keeps its tests.
tests=()
[[ -e $build/CMakeCache.txt ]] || tests=(-DSIGNET_TESTS=OFF)
run cmake --preset release "${tests[@]}"
run cmake --build --preset release -j "$(build_jobs)" \
  --target signet signet_commands

model=runs/mlp.signet
folders=(runs/mlp)
step "Train, seed 1"
run signet train recipes/mlp.toml --out runs/mlp --overwrite
for ((seed = 2; seed <= seeds; ++seed)); do
  folders+=("runs/mlp-seed$seed")
  step "Train, seed $seed"
  run signet train recipes/mlp.toml --seed "$seed" \
    --out "runs/mlp-seed$seed" --overwrite
done

step "Evaluate: the mode network, and the ensemble of 10 samples"
run signet eval "${folders[@]}" --samples 10

step "Export: pack, and prove equal to LibTorch on all test images"
rm -f "$model"
proof=PASS
run signet export runs/mlp --out "$model" || proof=FAIL
[[ -e $model ]] || proof=FAIL

if [[ $proof == PASS ]]; then
  step "Run: the packed network alone, without LibTorch"
  run signet run "$model" --data fashion-mnist
  step "Bench: against the same network in LibTorch fp32"
  run signet bench "$model" --batch 1,64
  step "Info"
  run signet info "$model"
  run signet info runs/mlp
fi
step "Report"
run signet report runs/mlp

# The verdict reads numbers, not tables made for the eye.
step "Goals"
failed=0
# goal RESULT TEXT [required]
goal() {
  printf '%-4s  %s\n' "$1" "$2"
  if [[ $1 != PASS && ${3:-} == required ]]; then failed=1; fi
}
# at_least A B: PASS if A >= B.
at_least() {
  if awk -v a="$1" -v b="$2" 'BEGIN { exit !(a + 0 >= b + 0) }'; then
    echo PASS
  else
    echo FAIL
  fi
}

evaluation=$(signet eval "${folders[@]}" --json)
read -r accuracy error < <(jq -r '.mode.accuracy_percent |
  "\(.mean) \(.standard_error)"' <<<"$evaluation")
goal "$(at_least "$accuracy" 89.0)" "$(printf \
  'test accuracy %.2f %% (standard error %.2f, seeds 1..%d); at least 89.0 %%' \
  "$accuracy" "$error" "$seeds")" required
goal "$proof" "packed network equal to LibTorch's on every test image" required
if [[ $proof == PASS ]]; then
  ratio=$(signet export runs/mlp --out "$model" --json | jq .ratio)
  goal "$(at_least "$ratio" 29)" "$(printf \
    'model file 1/%.1f of the fp32 weights; at most 1/29' "$ratio")" required
  bench=$(signet bench "$model" --batch 1 --json)
  speed=$(jq '.batches[0].ratio' <<<"$bench")
  text=$(printf '%.1f times as fast as LibTorch fp32 at batch 1' "$speed")
  if grep -qw avx512_vpopcntdq /proc/cpuinfo; then
    goal "$(at_least "$speed" 60)" "$text; at least 60"
  else
    goal "" "$text (no goal here: no AVX-512 VPOPCNTDQ)"
  fi
fi
if [[ $bare == yes ]]; then limit=12; else limit=5; fi
goal "$(at_least $((limit * 60)) "$SECONDS")" \
  "$(elapsed) in all; at most $limit minutes"
echo "The page: runs/mlp/report.html"
exit "$failed"
