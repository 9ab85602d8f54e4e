#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# User instructions of the worker for one keep-alive request, and the gate: fails at 5 % more than bench/instructions.txt.
#
#   bench/instructions.sh [--record]           --record: writes bench/instructions.txt instead of comparing
#   bench/instructions.sh --judge FIGURE RECORDED    only compares
#
# callgrind counts instructions exactly, so that this holds on a loaded machine too. What is counted is the release
# build of the worker's library, run by gatehouse-worker-dev without confinement, because valgrind needs calls that a
# worker has not. Access log and metrics are on. Start-up cancels out: (instructions of 3,000 requests - instructions
# of 1,000 requests) / 2,000, 8 connections, client and origin on 127.0.0.1.
#
# What varies: how many events one wait returns (+-0.3 % between runs), the digits of ports and durations in the log,
# the memcpy that glibc chooses for the processor, and the compiler; the record is of Debian 12's g++.
#
# BENCH_WORKER: the gatehouse-worker-dev to measure; else that of build/release, built first, packages included.
set -euo pipefail
shopt -s inherit_errexit

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
recorded=$top/bench/instructions.txt
. "$top/integration/lib/lab.sh"
. "$top/integration/lib/checks.sh"

# judge FIGURE RECORDED: fails when FIGURE is more than 5 % above.
judge() {
  local limit=$(($2 * 105 / 100))
  echo "user instructions for one keep-alive request: $1 (recorded: $2; allowed: $limit)"
  [ "$1" -gt "$limit" ] || return 0
  echo "FAILED: that is more than 5 % above what is recorded. Find the cause (callgrind_annotate), or, if it is" \
    "worth its price, record the new figure with bench/instructions.sh --record." >&2
  return 1
}

build_worker() {
  . "$top/tests/packages.sh"
  install_packages "${kBuildPackages[@]}" libgtest-dev libhttp-parser-dev util-linux valgrind
  cmake -S "$top" -B "$top/build/release" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DGATEHOUSE_TESTS=ON >/dev/null
  ninja -C "$top/build/release" gatehouse-worker-dev >/dev/null
  BENCH_WORKER=$top/build/release/bin/gatehouse-worker-dev
}

if [ "${1:-}" = --judge ]; then
  judge "$2" "$3"
  exit
fi
if [ "${1:-}" != --inside ]; then
  [ -n "${BENCH_WORKER:-}" ] || build_worker
  TOOLS=$(mktemp -d)
  for tool in origin "load load_client load_options"; do
    files=()
    for file in $tool net; do files+=("$top/bench/$file.cc"); done
    g++ -std=c++20 -O2 -I "$top" -o "$TOOLS/${tool%% *}" "${files[@]}"
  done
  export BENCH_WORKER TOOLS
  # Its processes and ports are its own, and gone when it ends.
  lab_enter --net bash "${BASH_SOURCE[0]}" --inside "$@"
fi
shift
trap 'rm -rf "$TOOLS"' EXIT
ip link set lo up

# count REQUESTS: instructions of a worker that has served so many.
count() {
  local out=$TOOLS/callgrind.out
  rm -f "$out".*
  mkfifo "$TOOLS/input.$1"
  valgrind --quiet --tool=callgrind --trace-children=yes --callgrind-out-file="$out.%p" \
    "$BENCH_WORKER" 8001 80 <"$TOOLS/input.$1" >"$TOOLS/pid" 2>"$TOOLS/valgrind" &
  local valgrind=$! worker
  exec 9>"$TOOLS/input.$1"
  wait_until 20 test -s "$TOOLS/pid" || { cat "$TOOLS/valgrind" >&2; exit 1; }
  worker=$(head -n 1 "$TOOLS/pid")
  "$TOOLS/load" --to 127.0.0.1:8001 --connections 8 --requests "$1" >"$TOOLS/load.out"
  exec 9>&-
  wait $valgrind || { echo "the worker has not ended well" >&2; cat "$TOOLS/valgrind" >&2; exit 1; }
  sed -n 's/^\(summary\|totals\): //p' "$out.$worker" | head -n 1
}

"$TOOLS/origin" 80 &
origin_listens() { [ -n "$(ss -Htln 'sport = :80')" ]; }
wait_until 5 origin_listens || fail "the origin does not listen"
few=$(count 1000)
many=$(count 3000)
figure=$(((many - few) / 2000))
if [ "${1:-}" = --record ]; then
  printf '%s\n' "$figure" >"$recorded"
  echo "user instructions for one keep-alive request: $figure, recorded in bench/instructions.txt"
else
  judge "$figure" "$(<"$recorded")"
fi
