#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# User instructions of the worker for one keep-alive request, and the gate: fails at 5 % more than bench/instructions.txt.
#
#   bench/instructions.sh [--record]     --record: writes bench/instructions.txt instead of comparing
#
# callgrind counts instructions exactly, so that this holds on any machine, loaded or not (two runs differ by
# 0.1 %). What is counted is the release build of the worker's library, run by gatehouse-worker-dev without
# confinement, because valgrind needs calls that a worker has not. Access log and metrics are on. Start-up cancels
# out: (instructions of 3,000 requests - instructions of 1,000 requests) / 2,000, 8 connections, client and
# origin on 127.0.0.1.
set -euo pipefail
shopt -s inherit_errexit

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
recorded=$top/bench/instructions.txt
. "$top/integration/lib/lab.sh"
. "$top/integration/lib/checks.sh"

if [ "${1:-}" != --inside ]; then
  . "$top/tests/packages.sh"
  install_packages "${kBuildPackages[@]}" libgtest-dev libhttp-parser-dev util-linux valgrind
  build=${BENCH_BUILD:-$top/build/release}
  cmake -S "$top" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DGATEHOUSE_TESTS=ON >/dev/null
  ninja -C "$build" gatehouse-worker-dev >/dev/null
  WORKER_DEV=$(find "$build" -name gatehouse-worker-dev -type f)
  TOOLS=$(mktemp -d)
  for tool in origin "load load_client load_options"; do
    files=()
    for file in $tool net; do files+=("$top/bench/$file.cc"); done
    g++ -std=c++20 -O2 -I "$top" -o "$TOOLS/${tool%% *}" "${files[@]}"
  done
  export WORKER_DEV TOOLS
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
    "$WORKER_DEV" 8001 80 <"$TOOLS/input.$1" >"$TOOLS/pid" 2>"$TOOLS/valgrind" &
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
echo "user instructions for one keep-alive request: $figure"
if [ "${1:-}" = --record ]; then
  printf '%s\n' "$figure" >"$recorded"
  echo "recorded in bench/instructions.txt"
  exit 0
fi
before=$(<"$recorded")
limit=$((before * 105 / 100))
echo "recorded: $before; allowed: $limit"
if [ "$figure" -gt "$limit" ]; then
  echo "FAILED: that is more than 5 % above what is recorded. Find the cause (callgrind_annotate), or, if it is" \
    "worth its price, record the new figure with bench/instructions.sh --record." >&2
  exit 1
fi
