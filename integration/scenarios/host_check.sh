# host_check = "tag" logs whether the name in Host has the address that was connected to, and refuses
# nobody; "enforce" refuses what does not match with 421 before anything is connected upstream.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
origin_start
names_start '{"www.example": {"A": ["198.51.100.7", "198.51.100.8"], "AAAA": ["2001:db8:99::7"]},
  "cdn.example": {"A": ["198.51.100.20"], "ttl": 0}, "broken.example": {"do": "servfail"},
  "slow.example": {"A": ["198.51.100.7"], "delay_ms": 400}, "silent.example": {"do": "silent"}}'
resolver='[resolver]
servers = ["10.99.2.2"]
timeout = "500ms"'
gateway_start --gateway 'host_check = "tag"' --config "$resolver"
# ask ADDRESS HOST: the status.
ask() { fetch_status "http://$1/" --header "Host: $2"; }
tagged() { logged ".host == \"$1\"" host_check; }

expect "right address" 200 "$(ask 198.51.100.7 www.example)"
expect "tag" match "$(tagged www.example)"
expect "another address of the name, with a port" 200 "$(ask 198.51.100.8 www.example:80)"
expect "tag" match "$(tagged www.example:80)"
expect "its IPv6 address" 200 "$(ask "[2001:db8:99::7]" WWW.example.)"
expect "tag" match "$(tagged WWW.example.)"
expect "wrong address" 200 "$(ask 198.51.100.9 WWW.EXAMPLE)"
expect "tag" mismatch "$(tagged WWW.EXAMPLE)"
expect "a name that does not exist" 200 "$(ask 198.51.100.7 none.example)"
expect "tag" unknown "$(tagged none.example)"
expect "DNS that fails" 200 "$(ask 198.51.100.7 broken.example)"
expect "tag" unknown "$(tagged broken.example)"

# Nobody waits for the answer with "tag".
start=$(now_ms)
expect "DNS that is slow" 200 "$(ask 198.51.100.7 slow.example)"
expect_at_most "milliseconds" 300 $(($(now_ms) - start))
expect "tag" match "$(tagged slow.example)"

# Honest clients of a CDN, who got other addresses than the gateway gets.
for i in $(seq 21 50); do ask "198.51.100.$i" cdn.example; done >"$LAB/cdn"
expect "30 clients of a CDN" "30 200" "$(sort "$LAB/cdn" | uniq -c | xargs)"

# An address in Host needs no question, and is never another one.
expect "right literal" 200 "$(ask 198.51.100.7 198.51.100.7)"
expect "tag" match "$(tagged 198.51.100.7)"
expect "wrong literal" 421 "$(ask 198.51.100.7 198.51.100.8)"
expect "wrong IPv6 literal" 421 "$(ask "[2001:db8:99::7]" "[2001:db8:99::8]")"
expect "literal of the other family" 421 "$(ask 198.51.100.7 "[2001:db8:99::7]")"

# One question for many requests of a connection.
client_python <<PY
from httpio import *
sock = connect("198.51.100.7")
reader = Reader(sock)
for number in range(50):
    sock.sendall(b"GET /%d HTTP/1.1\r\nHost: www.example\r\n\r\n" % number)
    check(reader.response().status == 200, f"request {number} fails")
print("  50 requests on one connection")
PY
expect_at_most "questions about www.example, A and AAAA" 2 "$(names_asked www.example)"

GATEWAY_LINES='host_check = "enforce"'
gateway_write_config
gateway_command reload >/dev/null
enforced() { [ "$(ask 198.51.100.9 www.example)" = 421 ]; }
wait_until 5 enforced || fail "the new setting does not hold"
before=$(seen_connections .id | wc -l)
expect "enforce, wrong address" 421 "$(ask 198.51.100.9 www.example)"
expect "enforce, no such name" 421 "$(ask 198.51.100.7 none.example)"
expect "enforce, DNS that fails" 421 "$(ask 198.51.100.7 broken.example)"
start=$(now_ms)
expect "enforce, DNS that is silent" 421 "$(ask 198.51.100.7 silent.example)"
expect_at_most "milliseconds" 5000 $(($(now_ms) - start))
expect "connections at the server" "$before" "$(seen_connections .id | wc -l)"
expect "reason in the log" host-unverified "$(logged '.host == "none.example" and .status == 421' reason)"
expect "enforce, right address" 200 "$(ask 198.51.100.8 www.example)"
expect "enforce, slow DNS" 200 "$(ask 198.51.100.7 slow.example)"
expect "enforce, right literal" 200 "$(ask 198.51.100.7 198.51.100.7)"
# The name of a later request on the same connection counts as well.
client_python <<PY
from httpio import *
sock = connect("198.51.100.7")
reader = Reader(sock)
sock.sendall(b"GET / HTTP/1.1\r\nHost: www.example\r\n\r\n")
check_equal("first request", 200, reader.response().status)
sock.sendall(b"GET / HTTP/1.1\r\nHost: cdn.example\r\n\r\n")
check_equal("second request, forged Host", 421, reader.response().status)
PY
