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
afterwards=0
logged_again() {
  fetch "http://$kServer4/afterwards" >/dev/null
  afterwards=$((afterwards + 1))
  sleep 0.3
  grep -q /afterwards "$LAB/lines"
}
wait_until 10 logged_again || fail "nothing is logged after the stop"

exchanges() { grep -c '"target"' "$LAB/lines"; }
dropped() { sed -n 's/^.*"dropped": *\([0-9]*\).*/\1/p' "$LAB/lines" | jq -s 'add // 0'; }
all_told() { [ $(($(exchanges) + $(dropped))) -eq $((8000 + afterwards)) ]; }
wait_until 3 all_told ||
  fail "of $((8000 + afterwards)) exchanges $(exchanges) are logged and $(dropped) told as dropped"
note "of $((8000 + afterwards)) exchanges $(exchanges) are logged, $(dropped) told as dropped"
expect_at_least "dropped" 1 "$(dropped)"
expect "lines that are not JSON" 0 "$(jq -R 'fromjson? // "not JSON" | select(. == "not JSON")' "$LAB/lines" | wc -l)"
kill "${LAB_PIDS[reader]}"
