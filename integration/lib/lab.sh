# SPDX-License-Identifier: Apache-2.0
# Three hosts as network namespaces, in the way a packet meets them: client, gateway (a router) and
# server. Sourced by run_scenario.sh and demo.sh, which first move into process, mount and network
# views of their own (lab_enter), so that nothing of a run is seen outside or survives it.
#
#   client  10.99.1.11 .. 10.99.1.30   fd42:99:1::11 .. fd42:99:1::30   (20 addresses)
#   gateway 10.99.1.1, 10.99.2.1       fd42:99:1::1, fd42:99:2::1
#   server  10.99.2.2, 10.99.2.3       fd42:99:2::2, fd42:99:2::3
#           and 198.51.100.0/24, 2001:db8:99::/64 behind it: any address there is the server

export PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C

readonly kServer4=10.99.2.2 kServer6=fd42:99:2::2
readonly kClient4=10.99.1.11 kClient6=fd42:99:1::11
readonly kGateway4=10.99.1.1 kGateway6=fd42:99:1::1
# Seen in the run's own /run only, so that runs at the same time have nothing to do with each other.
readonly LAB_CLIENT=gh-client LAB_GATEWAY=gh-gateway LAB_SERVER=gh-server

# Prints why this machine can't run the lab; nothing when it can.
lab_missing() {
  local command
  [ "$(id -u)" -eq 0 ] || { echo "network namespaces need root"; return; }
  for command in unshare ip nft ss curl nginx jq python3; do
    command -v "$command" >/dev/null || { echo "$command is not installed"; return; }
  done
  unshare --mount --pid --net --fork true 2>/dev/null ||
    { echo "this kernel or container makes no namespaces"; return; }
  unshare --net bash -c 'ip link add test0 type veth peer name test1' 2>/dev/null ||
    { echo "no veth interfaces here (kernel module veth)"; return; }
  unshare --net nft -f - 2>/dev/null <<<'table inet t {
    chain c {
      type filter hook prerouting priority mangle;
      socket transparent 1 socket wildcard 1 accept
      meta nfproto ipv4 tcp dport 80 tproxy ip to :1
      meta nfproto ipv6 tcp dport 80 tproxy ip6 to :1
    }
  }' || { echo "nft knows no tproxy here (kernel modules nft_tproxy, nft_socket)"; return; }
}

# lab_enter COMMAND...: runs COMMAND as process 1 of a new process namespace, which dies as a whole
# with it, with a /run of its own.
lab_enter() {
  exec unshare --mount --pid --fork --kill-child --mount-proc "$@"
}

on_client() { ip netns exec "$LAB_CLIENT" "$@"; }
on_gateway() { ip netns exec "$LAB_GATEWAY" "$@"; }
on_server() { ip netns exec "$LAB_SERVER" "$@"; }

# Python with the helpers of integration/lib, on a host: client_python [ARGUMENT]... <<'PY'
client_python() { PYTHONPATH=$LAB_LIB on_client python3 - "$@"; }
server_python() { PYTHONPATH=$LAB_LIB on_server python3 - "$@"; }

lab_host() {
  ip netns add "$1"
  ip -n "$1" link set lo up
  ip netns exec "$1" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
}

lab_up() {
  local i
  LAB_LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
  mkdir -p /run/netns
  mount -t tmpfs -o mode=755 lab /run/netns
  LAB=$(mktemp -d "${TMPDIR:-/tmp}/gatehouse-lab.XXXXXX")
  chmod 755 "$LAB"
  lab_host "$LAB_CLIENT"
  lab_host "$LAB_GATEWAY"
  lab_host "$LAB_SERVER"
  ip link add lan0 netns "$LAB_CLIENT" type veth peer name lan0 netns "$LAB_GATEWAY"
  ip link add wan0 netns "$LAB_GATEWAY" type veth peer name wan0 netns "$LAB_SERVER"

  for i in $(seq 11 30); do
    echo "address add 10.99.1.$i/24 dev lan0"
    echo "address add fd42:99:1::$i/64 dev lan0 nodad"
  done | ip -n "$LAB_CLIENT" -batch -
  lab_interface "$LAB_GATEWAY" lan0 $kGateway4/24 $kGateway6/64
  lab_interface "$LAB_GATEWAY" wan0 10.99.2.1/24 fd42:99:2::1/64
  lab_interface "$LAB_SERVER" wan0 $kServer4/24 10.99.2.3/24 $kServer6/64 fd42:99:2::3/64
  ip -n "$LAB_CLIENT" link set lan0 up
  ip -n "$LAB_CLIENT" route add default via $kGateway4 src $kClient4
  ip -n "$LAB_CLIENT" -6 route add default via $kGateway6 src $kClient6
  ip -n "$LAB_GATEWAY" route add 198.51.100.0/24 via $kServer4
  ip -n "$LAB_GATEWAY" -6 route add 2001:db8:99::/64 via $kServer6
  ip -n "$LAB_SERVER" route add default via 10.99.2.1
  ip -n "$LAB_SERVER" -6 route add default via fd42:99:2::1
  ip -n "$LAB_SERVER" route add local 198.51.100.0/24 dev lo
  ip -n "$LAB_SERVER" -6 route add local 2001:db8:99::/64 dev lo
  # Routing on, and TCP fast open off, which is one layer more for a gateway.
  on_gateway sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.tcp_fastopen=0
}

lab_interface() {
  local host=$1 name=$2 address
  shift 2
  for address; do
    case $address in
      *:*) ip -n "$host" address add "$address" dev "$name" nodad ;;
      *) ip -n "$host" address add "$address" dev "$name" ;;
    esac
  done
  ip -n "$host" link set "$name" up
}

# lab_start NAME HOST COMMAND...: a process of the run; its pid in ${LAB_PIDS[NAME]}, its output in
# $LAB/NAME.out and $LAB/NAME.err.
declare -A LAB_PIDS=()
lab_start() {
  local name=$1 host=$2
  shift 2
  ip netns exec "$host" "$@" >"$LAB/$name.out" 2>"$LAB/$name.err" </dev/null &
  LAB_PIDS[$name]=$!
}

# lab_wait_exit PID SECONDS: succeeds when the process has ended by then.
lab_wait_exit() {
  wait_until "$2" process_gone "$1"
}

process_gone() {
  local state
  state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) || return 0
  [ -z "$state" ] || [ "$state" = Z ] || [ "$state" = X ]
}

# wait_until SECONDS COMMAND...: polls every 20 ms.
wait_until() {
  local deadline
  deadline=$(($(now_ms) + ${1%.*} * 1000))
  shift
  until "$@"; do
    [ "$(now_ms)" -lt "$deadline" ] || return 1
    sleep 0.02
  done
}

now_ms() {
  local time=${EPOCHREALTIME/[.,]/}
  echo "${time%???}"
}

# descendants PID: all processes below it.
descendants() {
  local child
  for child in $(cat "/proc/$1/task/"*/children 2>/dev/null); do
    echo "$child"
    descendants "$child"
  done
}

# Ends what lab_start has started, by pid, and removes the hosts. Prints what was left over that it
# did not know: the lab's check on everybody's clean-up.
lab_down() {
  local name pid host left=0
  for name in "${!LAB_PIDS[@]}"; do
    pid=${LAB_PIDS[$name]}
    process_gone "$pid" || kill -TERM "$pid" 2>/dev/null || process_gone "$pid"
  done
  for name in "${!LAB_PIDS[@]}"; do
    pid=${LAB_PIDS[$name]}
    if ! lab_wait_exit "$pid" 8; then
      echo "still there 8 s after SIGTERM: $name (process $pid)"
      left=1
      kill -KILL "$pid"
    fi
    wait "$pid" 2>/dev/null || true  # its status is the scenario's business
  done
  wait_until 2 lab_is_empty || { lab_strangers | sed 's/^/left running: /'; left=1; }
  for host in "$LAB_CLIENT" "$LAB_GATEWAY" "$LAB_SERVER"; do
    [ ! -e "/run/netns/$host" ] || ip netns del "$host"
  done
  if ip netns list | grep .; then
    echo "left: the network namespaces above"
    left=1
  fi
  umount /run/netns
  [ -z "${LAB:-}" ] || rm -rf "$LAB"
  return $left
}

# Processes in this process namespace beside the shell that is its number 1 and its subshells.
lab_strangers() {
  local pid
  for pid in $(cd /proc && echo [0-9]*); do
    [ "$pid" -ne 1 ] && [ "$pid" -ne "$BASHPID" ] || continue
    process_gone "$pid" && continue
    [ "$(readlink "/proc/$pid/exe")" = "$(readlink /proc/1/exe)" ] &&
      [ "$(tr '\0' ' ' <"/proc/$pid/cmdline")" = "$(tr '\0' ' ' </proc/1/cmdline)" ] && continue
    printf '%s %s\n' "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
  done
}

lab_is_empty() { [ -z "$(lab_strangers)" ]; }
