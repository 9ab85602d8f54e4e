# Under load with workers killed and settings reloaded all the time, no descriptor, socket or memory
# of the parent is lost.
# SPDX-License-Identifier: Apache-2.0
seconds=15
[ "${GATEHOUSE_LONG:-0}" = 0 ] || seconds=60
origin_start
gateway_start
descriptors() { find "/proc/$GATEWAY/fd" -type l | wc -l; }
resident_kib() { status_field "$GATEWAY" VmRSS | sed 's/ kB//'; }
fetch "http://$kServer4/" >/dev/null
before=$(descriptors)

rounds=0
resident=
end=$(($(now_ms) + seconds * 1000))
while [ "$(now_ms)" -lt $end ]; do
  load_start --clients 30 --new-connections --pause 0.01
  sleep 0.5
  # One worker in some rounds only: killed too often, it would be restarted with pauses.
  [ $((rounds % 5)) -ne 0 ] || kill -9 "$(worker_pids | shuf -n 1)"
  sleep 0.5
  GATEWAY_LINES="clients = [\"10.99.1.0/24\", \"fd42:99:$((rounds + 1))::/64\"]"
  gateway_write_config
  gateway_command reload >/dev/null
  sleep 0.5
  load_stop
  [ -n "$resident" ] || resident=$(resident_kib)  # once all code has run
  rounds=$((rounds + 1))
done
note "$rounds rounds"

settled() {
  armed_count_is 2 && [ "$(descriptors)" -eq "$before" ] &&
    [ -z "$(on_gateway ss -Htn state established "sport = :80 or dport = :80")" ]
}
wait_until 10 settled || {
  on_gateway ss -tn
  fail "after the load the parent has $(descriptors) descriptors, it had $before"
}
expect "descriptors of the parent" "$before" "$(descriptors)"
expect_at_most "growth of the parent, KiB" 1024 $(($(resident_kib) - resident))
expect "status" 200 "$(fetch_status "http://$kServer4/")"
