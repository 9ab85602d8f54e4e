# A log that nobody reads does not stop traffic: records are dropped and counted.
# SPDX-License-Identifier: Apache-2.0
origin_start
mkfifo "$LAB/gateway.out"
exec 8<>"$LAB/gateway.out"  # held open and not read while the traffic runs
gateway_start --config '
[log]
target = "stdout"'

load() {
  on_client python3 "$LAB_LIB/load.py" --host $kServer4 --clients 20 --sources $kClient4 --requests 400 --size 10 --out "$LAB/load.json"
}
load
expect "clients with an error" "[]" "$(load_errors)"
expect "right bodies" 8000 "$(jq '[.[].right] | add' "$LAB/load.json")"
expect_at_most "slowest response, milliseconds" 2000 "$(jq '[.[].slowest] | max * 1000 | floor' "$LAB/load.json")"

# The reader comes back: what follows is whole lines, and the gap is told.
cat <&8 >"$LAB/lines" &
LAB_PIDS[reader]=$!
sleep 1
fetch "http://$kServer4/afterwards" >/dev/null
wait_until 3 grep -q /afterwards "$LAB/lines" || fail "nothing is logged after the stop"
grep -v '^gatehoused:' "$LAB/lines" | jq -R 'fromjson | objects | 1' >/dev/null || fail "a line is not JSON"
exchanges=$(grep -c '"target"' "$LAB/lines")
dropped=$(jq -R 'fromjson | .dropped // empty' <(grep -v '^gatehoused:' "$LAB/lines") | jq -s 'add // 0')
expect "exchanges logged and told as dropped" 8001 $((exchanges + dropped))
kill "${LAB_PIDS[reader]}"
