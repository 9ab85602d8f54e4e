#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The structure that the security of Gatehouse rests on, checked on the source and, when the
# directory of a release build's binaries is given, on those: check_boundaries.sh [BIN-DIRECTORY]
# Every fault is printed; the exit code is 1 when there is one.
set -euo pipefail
cd "${GATEHOUSE_TOP:-$(dirname "${BASH_SOURCE[0]}")/..}"
bin=${1:-}

faults=0
fault() {
  printf 'FAULT: %s\n' "$1" >&2
  faults=$((faults + 1))
}

# --- Size: what runs with a capability must stay readable ------------------------------------------
# Hand-written lines, comments included. The aims are 1,500 for privileged/ and 2,500 with what it
# includes (base/, ipc/ and the messages). What stands here is above them; these limits keep it from
# growing further, and go down with it.
readonly kPrivilegedAim=1500 kPrivilegedLines=4773
readonly kAuditedAim=2500 kAuditedLines=7487

lines_in() { find "$@" \( -name '*.h' -o -name '*.cc' -o -name '*.proto' \) -print0 | xargs -0 -r cat | wc -l; }

check_size() {
  local privileged audited
  privileged=$(lines_in privileged)
  audited=$(lines_in privileged base ipc proto)
  [ "$privileged" -gt 0 ] || fault "privileged/ has no lines; is this the top of the source?"
  [ "$privileged" -le $kPrivilegedLines ] ||
    fault "privileged/ has $privileged lines, at most $kPrivilegedLines are allowed; decide it elsewhere"
  [ "$audited" -le $kAuditedLines ] ||
    fault "privileged/, base/, ipc/ and proto/ have $audited lines, at most $kAuditedLines are allowed"
  echo "privileged/: $privileged lines (limit $kPrivilegedLines, aim $kPrivilegedAim)"
  echo "with base/, ipc/, proto/: $audited lines (limit $kAuditedLines, aim $kAuditedAim)"
}

# --- Includes: the audited part stays small in what it pulls in, and arrows point inward -----------
no_include() {
  local why=$1 pattern=$2 found
  shift 2
  found=$(grep -rnE --include='*.h' --include='*.cc' "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($pattern)" "$@" || [ $? -eq 1 ])
  [ -z "$found" ] || fault "$why:"$'\n'"$found"
}

readonly kParts='policy privileged worker config logger resolver registrar cli'

check_includes() {
  local part others
  no_include "the audited part is one thread with one poll loop and parses no text" \
    'boost/asio|boost/beast|thread>|future>|mutex>|shared_mutex>|condition_variable>|pthread\.h|iostream>|fstream>|regex>|filesystem>|netdb\.h|toml' \
    privileged base ipc
  no_include "base/ stands alone" '(policy|privileged|worker|config|logger|resolver|registrar|cli|ipc|proto)/' base
  no_include "ipc/ uses only base/ and proto/" '(policy|privileged|worker|config|logger|resolver|registrar|cli)/' ipc
  for part in $kParts; do
    [ -d "$part" ] || continue
    others=$(printf '%s\n' $kParts | grep -vx "$part" | paste -sd'|')
    # Worker, loader and command line share the policy, the last two the configuration; a rule file
    # has the same values in it as a configuration. Nothing else crosses.
    case $part in
      cli) others=${others/policy|/} others=${others/config|/} ;;
      worker | config | registrar) others=${others/policy|/} ;;
      policy) others=${others/config|/} ;;
    esac
    no_include "$part/ uses base/, ipc/ and proto/, not another part" "($others)/" "$part"
  done
  no_include "rule files share with the configuration what values look like, nothing else" \
    'config/[^v]' policy
  no_include "the registrar shares with workers the form of the run-time table, nothing else" \
    'policy/(\w+\.|language/|lists/[^s])' registrar
  no_include "the policy is pure: no files, no sockets, no clock" \
    'fcntl\.h|unistd\.h|sys/socket\.h|sys/epoll\.h|time\.h|ctime>|fstream>|ipc/' policy
  no_include "the policy engine knows nothing of texts and calendars" \
    'config/|policy/language/|chrono>|tao/' policy/*.h policy/*.cc policy/lists
  no_include "HTTP rules are pure: no sockets, no clock" 'sys/socket\.h|sys/epoll\.h|netinet/|unistd\.h|chrono>|time\.h|ctime>' worker/http
}

# --- Addresses: one place can make a socket that lies about its source ------------------------------
check_transparent() {
  local found
  found=$(grep -rlE --include='*.h' --include='*.cc' '^[^/]*IP(V6)?_TRANSPARENT' base ipc $kParts 2>/dev/null |
    grep -vxE "$(paste -sd'|' <<<"$kTransparentFiles")" || [ $? -eq 1 ])
  [ -z "$found" ] || fault "IP_TRANSPARENT is used outside of $(xargs <<<"$kTransparentFiles"): $found"
}
# Listeners and upstream sockets are made, evidence is checked, and the filter names the option.
readonly kTransparentFiles='base/privileges_parent.cc
privileged/listeners.cc
privileged/connector.cc
privileged/evidence.cc'

# --- Binaries --------------------------------------------------------------------------------------
readonly kRoles='gatehouse-worker gatehouse-loader gatehouse-logger gatehouse-resolver gatehouse-registrar'
readonly kNeededByParent='libc.so.6
libcap-ng.so.0
libgcc_s.so.1
libprotobuf-lite.so.32
libseccomp.so.2
libstdc++.so.6'

needed() { readelf -dW "$1" | sed -nE 's/.*\(NEEDED\).*\[(.*)\]/\1/p' | sort; }

check_needed() {
  local actual
  actual=$(needed "$1")
  [ "$actual" = "$2" ] || fault "$1 needs other libraries than declared (< declared, > needed):
$(diff <(echo "$2") <(echo "$actual") | grep '^[<>]')"
}

check_hardening() {
  local file=$1 headers dynamic
  headers=$(readelf -hlW "$file")
  dynamic=$(readelf -dW "$file")
  grep -qE 'Type: +DYN' <<<"$headers" || fault "$file is not position-independent"
  grep -qE 'FLAGS.*(NOW)|BIND_NOW' <<<"$dynamic" || fault "$file resolves symbols lazily (no BIND_NOW)"
  grep -q 'FLAGS_1.*PIE' <<<"$dynamic" || fault "$file is not linked as PIE"
  grep -q 'GNU_RELRO' <<<"$headers" || fault "$file has no RELRO segment"
  grep -qE 'GNU_STACK.* RW ' <<<"$headers" || fault "$file has an executable stack"
  grep -qE '^ +LOAD.* RWE ' <<<"$headers" && fault "$file has a segment that is writable and executable"
  grep -q 'TEXTREL' <<<"$dynamic" && fault "$file has text relocations"
  grep -qE 'RPATH|RUNPATH' <<<"$dynamic" && fault "$file has a library search path"
  return 0
}

check_static() {
  local libraries
  libraries=$(needed "$1")
  [ -z "$libraries" ] || fault "$1 is not static: needs $(xargs <<<"$libraries")"
  readelf -lW "$1" | grep -q INTERP && fault "$1 has a program interpreter"
  return 0
}

# Words that only test builds of spawner, parent and worker contain.
check_no_test_switches() {
  local found
  found=$(strings -a "$1" | grep -iE 'gatehouse_omit|ablat|hostile' | head -5 || true)
  [ -z "$found" ] || fault "$1 contains what only a test build may: $found"
}

check_binaries() {
  local name
  for name in gatehouse gatehoused $kRoles; do
    if [ ! -x "$bin/$name" ]; then
      fault "$bin/$name is missing"
      continue
    fi
    check_hardening "$bin/$name"
    check_no_test_switches "$bin/$name"
    case $name in gatehouse-*) check_static "$bin/$name" ;; esac
  done
  [ ! -x "$bin/gatehoused" ] || check_needed "$bin/gatehoused" "$kNeededByParent"
}

check_size
check_includes
check_transparent
[ -z "$bin" ] || check_binaries
if [ $faults -gt 0 ]; then
  echo "$faults faults" >&2
  exit 1
fi
echo "boundaries hold"
