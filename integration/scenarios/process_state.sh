# The kernel's own view of each process: the parent has CAP_NET_ADMIN and nothing else, workers have
# no capability, no network, no files, and every process its own user and filters.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start
# Under use, with an upstream connection open.
load_start --clients 4 --pause 0.05
sleep 0.3

for name in CapEff CapPrm CapBnd; do
  expect "parent $name" 0000000000001000 "$(status_field "$GATEWAY" $name)"
done
expect "parent NoNewPrivs" 1 "$(status_field "$GATEWAY" NoNewPrivs)"
expect "parent Seccomp" 2 "$(status_field "$GATEWAY" Seccomp)"
[ "$(status_field "$GATEWAY" Uid | cut -f1)" -ne 0 ] || fail "the parent is root"

for role in gatehouse-worker gatehouse-logger; do
  pids=$(gateway_pids $role)
  [ -n "$pids" ] || fail "there is no $role"
  for pid in $pids; do
    for name in CapEff CapPrm CapBnd CapInh CapAmb; do
      [ "$(status_field "$pid" $name)" = 0000000000000000 ] || fail "$role has capabilities: $name"
    done
    expect "$role: filter mode, filters, no new privileges, threads" "2 3 1 1" \
      "$(for f in Seccomp Seccomp_filters NoNewPrivs Threads; do status_field "$pid" $f; done | xargs)"
    uid=$(status_field "$pid" Uid | cut -f1)
    [ "$uid" -ne 0 ] && [ "$uid" != "$(status_field "$GATEWAY" Uid | cut -f1)" ] || fail "$role runs as user $uid"
    expect "$role: supplementary groups" "" "$(status_field "$pid" Groups)"
    # The logger sees its log directory, by Landlock; the worker has nothing to see.
    for space in net pid ipc uts $([ $role = gatehouse-logger ] || echo mnt); do
      [ "$(readlink "/proc/$pid/ns/$space")" != "$(readlink "/proc/$GATEWAY/ns/$space")" ] ||
        fail "$role shares the $space namespace with the parent"
    done
    expect "$role: environment" "" "$(tr '\0' ' ' <"/proc/$pid/environ")"
    expect "$role: owner of /proc/PID (not dumpable)" 0 "$(stat -c %u "/proc/$pid/status")"
  done
done

for pid in $(worker_pids); do
  expect "interfaces of a worker's network" "lo" "$(nsenter --net="/proc/$pid/ns/net" ip -o link | cut -d: -f2 | xargs)"
  expect "files in a worker's root" "" "$(ls -A "/proc/$pid/root/")"
  [ "$(readlink "/proc/$pid/exe")" ] || fail "no executable"
done
load_stop
