#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A keep-alive request costs at most 5 % more user instructions than recorded, and the gate can tell:
# instructions.sh WORKER_DEV
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

skip() { echo "*** SKIPPED: instructions can not be counted: $1 ***"; exit 77; }
[ "$(id -u)" -eq 0 ] || skip "network namespaces need root"
command -v valgrind >/dev/null || skip "valgrind is not installed"
unshare --mount --pid --net --fork true 2>/dev/null || skip "this kernel or container makes no namespaces"

BENCH_WORKER=$1 bench/instructions.sh
recorded=$(<bench/instructions.txt)
if bench/instructions.sh --judge $((recorded * 106 / 100)) "$recorded" >/dev/null 2>&1; then
  echo "FAILED: the gate lets 6 % more instructions through" >&2
  exit 1
fi
