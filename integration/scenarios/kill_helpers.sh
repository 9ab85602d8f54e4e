# A killed logger is replaced and costs no exchange; a killed spawner stops the gateway as a whole.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start
load_start --clients 10 --pause 0.01
sleep 0.3
logger=$(gateway_pids gatehouse-logger)
kill -9 "$logger"
sleep 0.5
load_stop
expect "clients with an error" "[]" "$(load_errors)"
replaced() { [ -n "$(gateway_pids gatehouse-logger | grep -vx "$logger")" ]; }
wait_until 3 replaced || fail "no logger has replaced $logger"
lines=$(access_log | wc -l)
fetch "http://$kServer4/afterwards" >/dev/null
wait_until 3 access_log_has $((lines + 1)) || fail "nothing is logged any more"

worker=$(worker_pids | sed -n 1p)
spawner=$(status_field "$worker" PPid)
everyone=$(descendants "$GATEWAY" | xargs)
kill -9 "$spawner"
gateway_ends 5
[ "$GATEWAY_CODE" -ne 0 ] || fail "gatehoused reports success"
for pid in $everyone; do
  wait_until 1 process_gone "$pid" || fail "process $pid is left"
done
note "all of $everyone gone"
