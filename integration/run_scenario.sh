#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs one scenario on hosts made for it and removes them: run_scenario.sh NAME
# The binaries are taken from $GATEHOUSE_BIN (default: build/release/bin). Exit code 77: skipped,
# because this machine lacks what the hosts are made of; it says so.
set -euo pipefail
shopt -s inherit_errexit

top=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$top/lib/lab.sh"

if [ "${1:-}" != --inside ]; then
  scenario=${1:?usage: run_scenario.sh NAME}
  if [ ! -f "$top/scenarios/$scenario.sh" ]; then
    printf 'There is no scenario %s. There are:\n' "$scenario" >&2
    find "$top/scenarios" -name '*.sh' -printf '  %f\n' | sed 's/\.sh$//' | sort >&2
    exit 2
  fi
  missing=$(lab_missing)
  if [ -n "$missing" ]; then
    printf '\n*** SKIPPED: scenario %s can not run: %s ***\n\n' "$scenario" "$missing"
    exit 77
  fi
  GATEHOUSE_BIN=$(realpath "${GATEHOUSE_BIN:-$top/../build/release/bin}")
  export GATEHOUSE_BIN
  lab_enter bash "${BASH_SOURCE[0]}" --inside "$scenario"
fi

scenario=$2
. "$top/lib/checks.sh"
. "$top/lib/gateway.sh"
. "$top/lib/origin.sh"

# Files that help to understand a failure.
show_evidence() {
  local file
  for file in "$LAB"/*.err "$LAB"/run.out "$LAB"/nginx/error.log "$LAB"/log/*.log; do
    [ -s "$file" ] || continue
    printf -- '--- the end of %s:\n' "${file#"$LAB/"}"
    tail -n 25 "$file" | cut -c -600
  done >&2
}

finish() {
  local code=$?
  trap - EXIT
  set +e
  [ $code -eq 0 ] || show_evidence
  if ! lab_down; then
    echo "FAILED: the scenario left something behind" >&2
    [ $code -ne 0 ] || code=1
  fi
  [ $code -eq 0 ] && echo "passed: $scenario"
  exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM
trap 'echo "FAILED: $BASH_SOURCE line $LINENO: $BASH_COMMAND" >&2' ERR

sed -n '/SPDX/q; s/^# /claim: /p' "$top/scenarios/$scenario.sh" | sed '2,$s/^claim/     /; 2,$s/://'
lab_up
. "$top/scenarios/$scenario.sh"
forwarded=$(gateway_forwarded)
[ "${FORWARDING_MEANT:-no}" = yes ] || [ "${forwarded:-0}" -eq 0 ] ||
  fail "$forwarded packets of clients were forwarded to the server past the gateway"
