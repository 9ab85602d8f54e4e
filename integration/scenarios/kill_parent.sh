# kill -9 of the parent under load: all other processes are gone within a second.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start
load_start --clients 40
sleep 0.5
processes=$(descendants "$GATEWAY" | xargs)
expect_at_least "processes below the parent" 4 "$(wc -w <<<"$processes")"
# A worker that hangs is no exception.
kill -STOP "$(worker_pids | sed -n 1p)"

kill -9 "$GATEWAY"
sleep 1
for pid in $processes; do
  process_gone "$pid" || fail "process $pid is still there: $(tr '\0' ' ' <"/proc/$pid/cmdline")"
done
note "all of $processes gone"
[ "$(jq '[.[] | select(.error)] | length' <(load_stop; cat "$LAB/load.json"))" -eq 40 ] ||
  fail "a client did not notice"
