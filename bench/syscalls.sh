#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# System calls for one request, of each process of each gateway: bench/syscalls.sh
#
# 64 connections; keep-alive, and one request for each connection. Counted by the kernel's tracepoints (perf stat), which
# do not slow the processes enough to change what they do, as strace does.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$top/bench/lab.sh"

if [ "${1:-}" != --inside ]; then
  bench_enter "${BASH_SOURCE[0]}" haproxy nginx-light linux-perf -- "$@"
fi
shift
bench_up
mountpoint -q /sys/kernel/tracing || mount -t tracefs nodev /sys/kernel/tracing
python3 "$top/bench/syscalls.py"
