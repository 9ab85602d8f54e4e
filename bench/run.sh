#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Puts Gatehouse beside HAProxy and nginx: bench/run.sh [CASE]... [--rounds N] [--quick] [--write]
#
# As root, on Debian 12. Installs the peers, builds what is measured, makes three hosts as network namespaces
# (client, gateway, server), measures each case in rounds, prints its table, and removes everything again.
# --help lists the cases.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$top/bench/lab.sh"

if [ "${1:-}" != --inside ]; then
  bench_enter "${BASH_SOURCE[0]}" haproxy nginx-light squid golang-go -- "$@"
fi
shift
bench_up
python3 "$top/bench/bench.py" "$@"
