# After a reload an exchange finishes under the policy that it began with, and the next request on
# the same connection falls under the new one, whose answer closes the connection; what the new policy
# allows is served, whatever the old one said. So it is for each of several reloads.
# SPDX-License-Identifier: Apache-2.0
origin_start
mkdir -p "$LAB/config"
printf 'list bad = "bad" as networks\ndeny old path /old\nallow default\n' >"$LAB/config/policy.gh"
printf '192.0.2.0/24\n' >"$LAB/config/bad"
gateway_start --gateway 'policy = "policy.gh"'

client_python >"$LAB/client.txt" <<PY &
import os, time
from httpio import *
def stage(name):
    open("$LAB/" + name, "w")
def wait(name):
    until = time.monotonic() + 20
    while not os.path.exists("$LAB/" + name):
        check(time.monotonic() < until, "no " + name)
        time.sleep(0.01)
def request(sock, path):
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
busy, idle, other, late = (connect("$kServer4") for _ in range(4))
for sock in (idle, other, late):
    request(sock, "/")
    check_equal("before", 200, Reader(sock).response().status)
request(busy, "/drip/200000/100000")
time.sleep(0.3)
stage("begun")
wait("reloaded")
reader = Reader(busy)
response = reader.response()
check_equal("the exchange that had begun", (200, 200000), (response.status, len(response.body)))
request(busy, "/drip/1/1")
check_equal("the next one on its connection", 403, reader.response().status)
check(reader.at_end(timeout=5), "its connection is not closed")
request(idle, "/drip/1/1")
reader = Reader(idle)
check_equal("one on an idle connection", 403, reader.response().status)
check(reader.at_end(timeout=5), "its connection is not closed")
request(other, "/old")
check_equal("what the old policy denied", 200, Reader(other).response().status)
stage("asked")
wait("reloaded again")
request(late, "/late")
check_equal("two reloads later", 403, Reader(late).response().status)
PY
client=$!
wait_until 10 test -e "$LAB/begun"
printf 'deny drip path /drip/*\nallow default\n' >"$LAB/config/policy.gh"
gateway_command reload
: >"$LAB/reloaded"
wait_until 15 test -e "$LAB/asked"
printf 'list bad = "bad" as networks\ndeny bad from @bad\ndeny late path /late\nallow default\n' >"$LAB/config/policy.gh"
gateway_command reload
: >"$LAB/reloaded again"
wait $client || fail "the client"
wait_until 5 access_log_has 8
expect "the rules that decided" "5 default 2 drip 1 late" \
  "$(access_log | jq -r '.rule' | sort | uniq -c | xargs)"
expect "violations and workers that died" "0 0" \
  "$(gateway_command status --json | jq -r '"\(.violations) \(.restarts)"')"
