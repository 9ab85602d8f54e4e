# A limit of connections counts those of all workers, old and new ones over a reload, and forgets
# those of a worker that is killed or hangs.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
origin_start
mkdir -p "$LAB/config"
cat >"$LAB/config/policy.gh" <<'RULES'
limit ten path /counted 10 connections per client
allow default
RULES
gateway_start --workers 2 --gateway 'policy = "policy.gh"'

# holder.py NAME COUNT: opens COUNT connections, prints their statuses on one line, and holds those
# that were let through until its end, or while the gateway does.
cat >"$LAB/holder.py" <<'PY'
import signal, sys
from httpio import *
statuses, kept = [], []
for _ in range(int(sys.argv[1])):
    sock = connect("10.99.2.2")
    sock.sendall(b"GET /counted HTTP/1.1\r\nHost: a.example\r\n\r\n")
    response = Reader(sock).response()
    statuses.append(response.status)
    if response.status == 200:
        kept.append(sock)
    elif (response.status, response.head.get("Retry-After")) != (429, "1"):
        raise SystemExit(f"refused with {response}")
print(statuses.count(200), statuses.count(429), flush=True)
signal.pause()
PY
# Not in a subshell, which would forget the holder's pid.
hold() {
  lab_start "holder$1" "$LAB_CLIENT" env PYTHONPATH="$LAB_LIB" python3 "$LAB/holder.py" "$2"
  wait_until 10 test -s "$LAB/holder$1.out" || fail "holder $1 has no answers"
  expect "of $2 connections" "10 20" "$(cat "$LAB/holder$1.out")"
}
release() {
  kill "${LAB_PIDS[holder$1]}"
  lab_wait_exit "${LAB_PIDS[holder$1]}" 5 || fail "holder $1 is still there"
  unset "LAB_PIDS[holder$1]"
}
granted() { [ "$(fetch_status "http://$kServer4/counted")" = 200 ]; }

hold 1 30
expect "another one" 429 "$(fetch_status "http://$kServer4/counted")"
expect "one that the limit does not match" 200 "$(fetch_status "http://$kServer4/other")"
expect "another client" 200 "$(fetch_status "http://$kServer4/counted" --interface 10.99.1.12)"
expect "the log" "limit ten" "$(logged '.status == 429' reason) $(logged '.status == 429' limit)"
by_worker=$(access_log | jq -r 'select(.status == 200 and .target == "/counted") | .worker' | sort -u | xargs)
expect "workers that hold some" "0 1" "$by_worker"

# Over a reload the old workers hold theirs, and count.
gateway_command reload >/dev/null
expect "after a reload" 429 "$(fetch_status "http://$kServer4/counted")"
sleep 5
expect "5 s later" 429 "$(fetch_status "http://$kServer4/counted")"
release 1
wait_until 3 granted || fail "what has ended is still counted"

# A worker that is killed or hangs holds nothing any more, after two epochs of 2 s.
hold 2 30
for pid in $(worker_pids); do kill -9 "$pid"; done
wait_until 10 granted || fail "the connections of killed workers are still counted"
release 2
wait_until 5 armed_count_is 2 || fail "the workers were not replaced"
sleep 1
hold 3 30
read -r first _ < <(worker_pids | xargs)
kill -STOP "$first"
sleep 5
kill -CONT "$first"
sleep 5
expect "after one has hung for a while" 429 "$(fetch_status "http://$kServer4/counted")"
