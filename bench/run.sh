#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Puts Gatehouse beside HAProxy and nginx: bench/run.sh [CASE]... [--rounds N] [--quick] [--write]
#
# As root, on Debian 12. Installs the peers, builds what is measured, makes three hosts as network namespaces
# (client, gateway, server), measures each case in rounds, prints its table, and removes everything again.
# --help lists the cases. The binaries are taken from $GATEHOUSE_BIN (default: build/release/bin, built first).
set -euo pipefail
shopt -s inherit_errexit

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$top/integration/lib/lab.sh"
. "$top/integration/lib/checks.sh"

build_tools() {
  BENCH_TOOLS=${BENCH_TOOLS:-$top/build/bench}
  mkdir -p "$BENCH_TOOLS"
  local flags=(-std=c++20 -O2 -Wall -Wextra -Werror -I "$top")
  if [ "$top/bench" -nt "$BENCH_TOOLS/load" ] ||
    [ -n "$(find "$top/bench" -name '*.cc' -newer "$BENCH_TOOLS/load")" ]; then
    g++ "${flags[@]}" -o "$BENCH_TOOLS/origin" "$top/bench/origin.cc" "$top/bench/net.cc"
    g++ "${flags[@]}" -o "$BENCH_TOOLS/load" "$top/bench/load.cc" "$top/bench/load_client.cc" "$top/bench/net.cc"
  fi
  export BENCH_TOOLS
}

build_gateway() {
  if [ -z "${GATEHOUSE_BIN:-}" ]; then
    GATEHOUSE_BIN=$top/build/release/bin
    cmake -S "$top" -B "$top/build/release" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo >/dev/null
    ninja -C "$top/build/release" gatehoused gatehouse-worker gatehouse-loader gatehouse-logger >/dev/null
  fi
  GATEHOUSE_BIN=$(realpath "$GATEHOUSE_BIN")
  export GATEHOUSE_BIN
}

if [ "${1:-}" != --inside ]; then
  [[ " $* " != *" --help "* && " $* " != *" -h "* ]] || { sed -n '3,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//'; }
  . "$top/tests/packages.sh"
  install_packages "${kBuildPackages[@]}" "${kLabPackages[@]}" haproxy nginx-light
  missing=$(lab_missing)
  [ -z "$missing" ] || { echo "This machine can not run the measurements: $missing" >&2; exit 1; }
  build_tools
  build_gateway
  BENCH_COMMIT=$(git -C "$top" describe --always --dirty 2>/dev/null || echo unknown)
  export BENCH_COMMIT
  lab_enter bash "${BASH_SOURCE[0]}" --inside "$@"
fi
shift

# Network namespaces may only choose what the machine allows; put back at the end.
allowed=$(sysctl -n net.ipv4.tcp_allowed_congestion_control)

finish() {
  local code=$?
  trap - EXIT
  set +e
  lab_down || code=1
  sysctl -qw "net.ipv4.tcp_allowed_congestion_control=$allowed"
  exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM

# The congestion control that most machines have, whatever is this machine's usual one; and enough ports that one
# client and one server can have thousands of connections that end within the same minute.
tune_host() {
  ip netns exec "$1" sysctl -qw net.ipv4.tcp_congestion_control=cubic \
    net.ipv4.ip_local_port_range='1024 65535' net.ipv4.tcp_max_syn_backlog=8192 net.core.somaxconn=4096
}

lab_up
[[ " $allowed " == *" cubic "* ]] || sysctl -qw "net.ipv4.tcp_allowed_congestion_control=$allowed cubic"
for host in "$LAB_CLIENT" "$LAB_GATEWAY" "$LAB_SERVER"; do tune_host "$host"; done
for i in $(seq 31 210); do echo "address add 10.99.1.$i/24 dev lan0"; done | ip -n "$LAB_CLIENT" -batch -
ulimit -n "$(ulimit -Hn)"
export LAB LAB_CLIENT LAB_GATEWAY LAB_SERVER
python3 "$top/bench/bench.py" "$@"
