# SPDX-License-Identifier: Apache-2.0
# Sourced by run.sh and syscalls.sh: the hosts of the integration lab, with what measuring needs beside, and the
# programs. The binaries are taken from $GATEHOUSE_BIN (default: build/release/bin, built first).

shopt -s inherit_errexit
. "$top/integration/lib/lab.sh"

# bench_enter SCRIPT PACKAGE... -- ARGUMENT...: installs, builds, and starts SCRIPT --inside ARGUMENT... in views
# of its own (lab_enter).
bench_enter() {
  local script=$1 packages=() missing
  shift
  while [ "$1" != -- ]; do
    packages+=("$1")
    shift
  done
  shift
  . "$top/tests/packages.sh"
  install_packages "${kBuildPackages[@]}" "${kLabPackages[@]}" "${packages[@]}"
  missing=$(lab_missing)
  [ -z "$missing" ] || { echo "This machine can not run the measurements: $missing" >&2; exit 1; }
  # Binaries from elsewhere may be of any source; who gives them may say which.
  BENCH_COMMIT=${BENCH_COMMIT:-unknown (GATEHOUSE_BIN was given)}
  [ -n "${GATEHOUSE_BIN:-}" ] || BENCH_COMMIT=$(git -C "$top" describe --always --dirty 2>/dev/null || echo unknown)
  export BENCH_COMMIT
  bench_build_tools
  bench_build_gateway
  lab_enter bash "$script" --inside "$@"
}

bench_build_tools() {
  export BENCH_TOOLS=${BENCH_TOOLS:-$top/build/bench}
  mkdir -p "$BENCH_TOOLS"
  [ -z "$(find "$top/bench" -name '*.cc' -newer "$BENCH_TOOLS/load" 2>&1)" ] && return
  bench_compile origin net
  bench_compile connects net
  bench_compile load load_client load_options net
}

# bench_compile FILE...: makes a program of these, called like the first.
bench_compile() {
  local file files=()
  for file; do files+=("$top/bench/$file.cc"); done
  g++ -std=c++20 -O2 -Wall -Wextra -Werror -I "$top" -o "$BENCH_TOOLS/$1" "${files[@]}"
}

bench_build_gateway() {
  if [ -z "${GATEHOUSE_BIN:-}" ]; then
    GATEHOUSE_BIN=$top/build/release/bin
    cmake -S "$top" -B "$top/build/release" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo >/dev/null
    ninja -C "$top/build/release" programs >/dev/null
  fi
  GATEHOUSE_BIN=$(realpath "$GATEHOUSE_BIN")
  export GATEHOUSE_BIN
}

bench_finish() {
  local code=$?
  trap - EXIT
  set +e
  lab_down || code=1
  sysctl -qw "net.ipv4.tcp_allowed_congestion_control=$bench_allowed"
  exit $code
}

# cubic is what most machines have, whatever is this machine's usual one; network namespaces may only choose what
# the machine allows. And enough ports that one client and one server can have thousands of connections that end
# within the same minute.
bench_up() {
  local host i
  bench_allowed=$(sysctl -n net.ipv4.tcp_allowed_congestion_control)
  trap bench_finish EXIT
  trap 'exit 130' INT TERM
  lab_up
  [[ " $bench_allowed " == *" cubic "* ]] ||
    sysctl -qw "net.ipv4.tcp_allowed_congestion_control=$bench_allowed cubic"
  for host in "$LAB_CLIENT" "$LAB_GATEWAY" "$LAB_SERVER"; do
    ip netns exec "$host" sysctl -qw net.ipv4.tcp_congestion_control=cubic \
      net.ipv4.ip_local_port_range='1024 65535' net.ipv4.tcp_max_syn_backlog=8192 net.core.somaxconn=4096
  done
  for i in $(seq 31 210); do echo "address add 10.99.1.$i/24 dev lan0"; done |
    ip -n "$LAB_CLIENT" -batch -
  ulimit -n "$(ulimit -Hn)"
  export LAB LAB_CLIENT LAB_GATEWAY LAB_SERVER
}
