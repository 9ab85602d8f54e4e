#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each fuzz target runs for 10 s from its kept corpus (tests/fuzz/corpus/TARGET), 60 s with
# GATEHOUSE_LONG=1: fuzz.sh BUILD-DIRECTORY
set -euo pipefail

directory=${1:?usage: fuzz.sh BUILD-DIRECTORY}
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
if [ ! -f "$directory/build.ninja" ]; then
  printf '*** SKIPPED: there are no fuzz targets in %s (tests/run.sh makes them) ***\n' "$directory"
  exit 77
fi
seconds=10
[ "${GATEHOUSE_LONG:-0}" = 0 ] || seconds=60

mapfile -t targets < <(find "$directory/bin" -maxdepth 1 -name '*_fuzz' -type f | sort)
[ ${#targets[@]} -gt 0 ] || { echo "no *_fuzz in $directory/bin" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fuzz() {
  local target=$1 name found corpus
  name=$(basename "$target")
  found=$work/$name
  mkdir -p "$found/new"
  corpus=$top/tests/fuzz/corpus/$name
  [ -d "$corpus" ] || corpus=
  if ! (cd "$found" && "$target" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 \
    -print_final_stats=1 new ${corpus:+"$corpus"} >"$work/$name.log" 2>&1); then
    tail -n 60 "$work/$name.log"
    printf 'FAILED: %s; the input, in base64:\n' "$name"
    find "$found" -maxdepth 1 -name '*-*' -type f -exec base64 {} \;
    return 1
  fi
  printf '%s: %s runs in %s s\n' "$name" \
    "$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$name.log")" "$seconds"
}
export -f fuzz
export top work seconds
printf '%s\0' "${targets[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -c 'fuzz "$1"' fuzz
