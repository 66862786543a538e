#!/bin/sh
# Gradient samples a second of signet and of a plain PyTorch loop, one thread,
# pinned to one processor, in turns; medians over the rounds and their ratio.
#
#   benchmarks/measure/compare.sh [SIGNET] [ROUNDS]
#
# SIGNET: the program (default build/release/bin/signet). PYTHON: one that has
# PyTorch (default /usr/bin/python3, for Debian's python3-torch). CPU: the
# processor (default 1).
set -eu
folder=$(dirname "$0")
signet=${1:-build/release/bin/signet}
rounds=${2:-5}
python=${PYTHON:-/usr/bin/python3}
pin="taskset -c ${CPU:-1}"

of_pytorch() {  # ESTIMATOR REPLICATES -> samples a second
  $pin "$python" "$folder/pytorch_loop.py" "$1" --replicates "$2" --seconds 2
}
of_signet() {
  $pin "$signet" measure "$1" --problem cosine --samples 100000 --json |
    jq '1 / .estimators[0].seconds_per_sample'
}
median() {
  sort -g | awk '{v[NR] = $1} END {print (v[int((NR + 1) / 2)])}'
}

printf '%-10s %14s %14s %14s %8s\n' estimator \
  'PyTorch loop' 'vectorised' signet ratio
for estimator in st reinforce; do
  loops= wides= ours=
  for round in $(seq "$rounds"); do
    loops="$loops $(of_pytorch $estimator 1)"
    wides="$wides $(of_pytorch $estimator 100)"
    ours="$ours $(of_signet $estimator)"
  done
  loop=$(printf '%s\n' $loops | median)
  wide=$(printf '%s\n' $wides | median)
  our=$(printf '%s\n' $ours | median)
  echo "$estimator $loop $wide $our" | awk '
    {printf "%-10s %12.0f/s %12.0f/s %12.0f/s %8.1f\n", $1, $2, $3, $4, $4 / $2}'
done
