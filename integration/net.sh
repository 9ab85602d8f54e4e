#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Hands TCP connections that pass through this host to gatehoused, IPv4 and IPv6, and takes that
# back again. Everything it makes is the nft table "inet gatehouse", one ip rule and one local
# route for each family. Works on the network namespace it is started in.
#
#   net.sh up   [--on-failure closed|open] [--interface NAME]... [--to PORT --ports LIST]...
#   net.sh down
#
#   --to PORT --ports LIST  connections to the destination ports LIST (80,8080) go to the listener
#                           on PORT; may be repeated. Without any: --to 8888 --ports 80.
#   --interface NAME        only what arrives on this interface; may be repeated. Default: all.
#   --on-failure            what the kernel does when no gatehoused listens:
#                           closed  the client's connection is refused (default)
#                           open    it is forwarded past the gateway, unfiltered and unlogged
#
# Why a mark, a rule and a route: tproxy only chooses the socket that a packet belongs to. Without
# being routed as local the packet would still be forwarded past this host. The mark is one bit, so
# that marks of other tools survive.
set -euo pipefail

readonly kMark=0x400000
readonly kRoutingTable=4748

usage() {
  sed -n '3,/^# Why/p' "$0" | sed '$d; s/^# \{0,1\}//'
}

die() {
  printf 'net.sh: %s\n' "$1" >&2
  exit 2
}

down() {
  local family
  if nft list table inet gatehouse >/dev/null 2>&1; then nft delete table inet gatehouse; fi
  for family in -4 -6; do
    while ip "$family" rule show | grep -q "fwmark $kMark/$kMark lookup $kRoutingTable"; do
      ip "$family" rule del fwmark "$kMark/$kMark" lookup "$kRoutingTable"
    done
    ip "$family" route flush table "$kRoutingTable" 2>/dev/null || [ $? -eq 2 ]
  done
}

# One rule a line: nft 1.0.6 merges statements of a rule that is broken over lines.
rule() {
  local family=$1 listener=$2 ports=$3
  local version=ipv4 match=
  [ "$family" = ip ] || version=ipv6
  [ -z "$interfaces" ] || match="iifname { $interfaces } "
  match+="meta nfproto $version tcp dport { $ports }"
  local mark="meta mark set meta mark or $kMark"
  local take="tproxy $family to :$listener"
  if [ "$on_failure" = closed ]; then
    # The mark comes first: where tproxy finds no listener it ends the rule, but the packet stays
    # marked, is routed as local and can't leave this host.
    printf '    %s %s %s counter accept\n' "$match" "$mark" "$take"
  else
    # tproxy comes first: without a listener it ends the rule before the mark is set, and the
    # packet is forwarded like any other.
    printf '    %s %s %s counter accept\n' "$match" "$take" "$mark"
  fi
}

ruleset() {
  local i
  printf 'table inet gatehouse {\n  chain divert {\n'
  printf '    type filter hook prerouting priority mangle; policy accept;\n'
  # A listener bound to the unspecified address would also match connections that clients make to
  # its port number anywhere in the world; those are not ours.
  printf '    meta l4proto tcp socket transparent 1 socket wildcard 1 accept\n'
  # Packets of connections that gatehoused already has: what servers send to the client addresses
  # it connects from, and what clients send on accepted connections.
  printf '    meta l4proto tcp socket transparent 1 meta mark set meta mark or %s accept\n' "$kMark"
  for ((i = 0; i < ${#listeners[@]}; ++i)); do
    rule ip "${listeners[i]}" "${port_lists[i]}"
    rule ip6 "${listeners[i]}" "${port_lists[i]}"
  done
  # What is marked and comes this far found no listener. The client is told, and does not wait.
  [ "$on_failure" = open ] ||
    printf '    meta l4proto tcp meta mark and %s == %s counter reject with tcp reset\n' "$kMark" "$kMark"
  printf '  }\n}\n'
}

up() {
  local family any
  down
  for family in -4 -6; do
    [ "$family" = -4 ] && any=0.0.0.0/0 || any=::/0
    ip "$family" route add local "$any" dev lo table "$kRoutingTable"
    ip "$family" rule add fwmark "$kMark/$kMark" lookup "$kRoutingTable"
  done
  ruleset | nft -f -
}

check_ports() {
  local port
  [[ $1 =~ ^[0-9]+(,[0-9]+)*$ ]] || die "'$1' is not a list of ports; write for example 80,8080"
  for port in ${1//,/ }; do
    ((port >= 1 && port <= 65535)) || die "port $port is outside 1 to 65535"
  done
}

on_failure=closed
interfaces=
listeners=()
port_lists=()
command=${1:-}
[ $# -gt 0 ] && shift
case $command in
  up) ;;
  down)
    down
    exit
    ;;
  -h | --help)
    usage
    exit
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac

while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || die "$1 needs a value"
  case $1 in
    --on-failure)
      [[ $2 =~ ^(closed|open)$ ]] || die "--on-failure is closed or open, not '$2'"
      on_failure=$2
      ;;
    --interface)
      [[ $2 =~ ^[A-Za-z0-9_.@-]{1,15}$ ]] || die "'$2' is not the name of an interface"
      interfaces="${interfaces:+$interfaces, }\"$2\""
      ;;
    --to)
      check_ports "$2"
      listeners+=("$2")
      ;;
    --ports)
      check_ports "$2"
      port_lists+=("$2")
      ;;
    *) die "unknown option $1; see net.sh --help" ;;
  esac
  shift 2
done
[ ${#listeners[@]} -eq ${#port_lists[@]} ] || die "each --to needs its --ports"
if [ ${#listeners[@]} -eq 0 ]; then
  listeners=(8888)
  port_lists=(80)
fi
up
