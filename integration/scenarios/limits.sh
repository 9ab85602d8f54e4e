# Limits of requests hold over all workers, over a reload and the end of a worker; who is above one
# gets 429 with Retry-After and keeps the connection.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
origin_start 80 443 8443
mkdir -p "$LAB/config"
cat >"$LAB/config/policy.gh" <<'RULES'
limit rate   path /rate        200/s burst 20   per client
limit keys   path /key         2/h              per header X-Api-Key
limit hosts  path /host        1/h              per host
limit first  path /two, /one   5/h              shared
limit second path /two         1/h              shared
limit tunnel method CONNECT    1/h              per client
limit raw    port 8443         1/h              per client
allow default
RULES
gateway_start --workers 2 --intercept "--to 8888 --ports 80,8443" --gateway 'policy = "policy.gh"
'"$kForwardClients" --config '[[listen]]
mode = "transparent"
intercept = { ports = [80, 8443] }
on_not_http = "tunnel"'"$kForwardListener"
url=http://$kServer4
ask() { fetch_status "$url$1" "${@:2}"; }
logged_limit() { logged ".target == \"$1\" and .status == 429" "$2"; }

# 40 connections, which land on both workers, ask as fast as they can for 4 s.
granted=$(client_python <<'PY'
import threading, time
from httpio import *
begin, results = time.monotonic(), []
def ask():
    sock = connect("10.99.2.2")
    reader, granted = Reader(sock), 0
    while time.monotonic() < begin + 4:
        sock.sendall(b"GET /rate HTTP/1.1\r\nHost: a.example\r\n\r\n")
        response = reader.response()
        granted += response.status == 200
        if response.status != 200:
            check((response.status, response.head.get("Retry-After")) == (429, "1"), repr(response))
            time.sleep(0.02)
    results.append(granted)
threads = [threading.Thread(target=ask) for _ in range(40)]
for thread in threads: thread.start()
for thread in threads: thread.join()
check(len(results) == 40, "a thread did not come to its end")
print(sum(results))
PY
)
note "granted in 4 s: $granted, 20 + 4 * 200 are right"
expect_at_least "requests granted" 738 "$granted"
expect_at_most "requests granted" 902 "$granted"
wait_until 3 access_log_has 900
for worker in 0 1; do
  expect_at_least "requests granted by worker $worker" 50 \
    "$(access_log | jq -r "select(.worker == $worker and .status == 200) | .status" | wc -l)"
done

# For whom it counts.
expect "keys" "200 200 429 200 429" "$(ask /key -H 'X-Api-Key: a') $(ask /key -H 'X-Api-Key: a') \
$(ask /key -H 'X-Api-Key: a') $(ask /key -H 'X-Api-Key: b') \
$(ask /key -H 'X-Api-Key: b' -o /dev/null >/dev/null; ask /key -H 'X-Api-Key: b')"
expect "without a key" "200 200 200" "$(ask /key) $(ask /key) $(ask /key)"
expect "hosts" "200 429 200 429" "$(ask /host -H 'Host: a.example') $(ask /host -H 'Host: A.example.') \
$(ask /host -H 'Host: b.example') $(ask /host -H 'Host: b.example')"
# What the first limit gave and the second refuses is given back.
expect "two limits" "200 429 429 429 429 429" \
  "$(for i in 1 2 3 4 5 6; do ask /two; done | xargs)"
expect "what is left of the first" "200 200 200 200 429" "$(for i in 1 2 3 4 5; do ask /one; done | xargs)"

# What is said: to the client, in the log, over a reload and the end of every worker.
said=$(fetch "$url/key" -H 'X-Api-Key: a' -H 'Accept: application/json' --include)
expect_match "the answer" '^HTTP/1.1 429 Too Many Requests.*Retry-After: (1[78][0-9][0-9])' "${said//$'\r\n'/ }"
expect "the page" "limit keys" "$(tail -1 <<<"$said" | jq -r '"\(.error) \(.rule)"')"
expect "in the log" "limit default keys" \
  "$(logged_limit /key reason) $(logged_limit /key rule) $(logged_limit /key limit)"
expect "the limit that refused of two" second "$(logged_limit /two limit)"
gateway_command reload >/dev/null
expect "after a reload" 429 "$(ask /key -H 'X-Api-Key: a')"
for pid in $(worker_pids); do kill -9 "$pid"; done
wait_until 5 armed_count_is 4 || fail "the workers were not replaced"
expect "after the end of every worker" 429 "$(ask /key -H 'X-Api-Key: a')"
client_python <<'PY'
from httpio import *
sock = connect("10.99.2.2")
reader = Reader(sock)
sock.sendall(b"GET /key HTTP/1.1\r\nHost: a.example\r\nX-Api-Key: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a.example\r\n\r\n")
check_equal("the connection goes on", [429, 200], [reader.response().status for _ in range(2)])
PY

# Tunnels: refused before they are there; what isn't HTTP is reset.
client_python <<'PY'
import time
from httpio import *
for status in 200, 429:
    sock = connect("10.99.1.1", 3128)
    sock.sendall(b"CONNECT 10.99.2.2:443 HTTP/1.1\r\nHost: 10.99.2.2:443\r\n\r\n")
    check_equal("tunnel", status, int(sock.recv(4096)[9:12]))
first, second = connect("10.99.2.2", 8443), connect("10.99.2.2", 8443)
for sock in first, second:
    sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01")
    time.sleep(0.2)
try:
    ended = second.recv(1)
except ConnectionResetError:
    ended = "reset"
check_equal("the second that is not HTTP", "reset", ended)
PY
expect "why" limit "$(logged '.method == "-" and .limit == "raw"' reason)"
expect_match "the way through the rules" 'limit rate +matches, goes on: 200/s burst 20 per client' \
  "$("$GATEHOUSE_BIN/gatehouse" why --config "$LAB/config/gatehouse.toml" --client 10.99.1.11 GET "$url/rate")"
