# Rules of reverse mode choose an upstream for each request, also on a client connection that has led to
# another one before; a rule that names none leaves the listener's, and a wrong name is refused.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/servers.sh"
server_start one 8081
server_start two 8082
mkdir -p "$LAB/config"
cat >"$LAB/config/policy.gh" <<'RULES'
deny  closed  to closed.example
allow second  to two.example   upstream second
allow default
RULES
upstreams="
[[listen]]
mode = \"reverse\"
address = \"$kGateway4\"
upstream = \"first\"
[[upstream]]
name = \"first\"
servers = [\"$kServer4:8081\"]
[[upstream]]
name = \"second\"
servers = [\"$kServer4:8082\"]
host = \"set.example\""
gateway_start --workers 1 --gateway 'policy = "policy.gh"' --config "$upstreams"

client_python <<PY
from httpio import *
sock = connect("$kGateway4")
reader = Reader(sock)
for turn in range(3):
    for host, wanted in (("one.example", b"one\n"), ("two.example", b"two\n"), ("two.example", b"two\n"),
                         ("closed.example", None)):
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        response = reader.response()
        if wanted is None:
            check_equal(f"{host}, turn {turn}", 403, response.status)
        else:
            check_equal(f"{host}, turn {turn}", wanted, response.body)
PY
expect "requests at the second" 6 "$(wc -l <"$LAB/two/access.log")"
expect "requests at the first" 3 "$(wc -l <"$LAB/one/access.log")"
wait_until 5 access_log_has 12 || fail "the log has not all 12 exchanges"
expect "upstream in the log" "first second" "$(
  access_log | jq -r 'select(.status == 200) | .upstream' | sort -u | xargs)"
expect "of the second rule" second "$(access_log | jq -r 'select(.rule == "second") | .upstream' | sort -u)"

# The group's own dead server is its own matter: the other one goes on.
server_stop two
expect_match "without its server" '^50[234]$' "$(fetch_status "http://$kGateway4/" --header "Host: two.example")"
expect "the other upstream" 200 "$(fetch_status "http://$kGateway4/" --header "Host: one.example")"

sed -i 's/upstream second/upstream secund/' "$LAB/config/policy.gh"
code=0
said=$("$GATEHOUSE_BIN/gatehouse" check "$LAB/config/gatehouse.toml" 2>&1) || code=$?
expect "the exit code of check" 2 $code
expect_match "a name that is not there" 'policy.gh:2:41: there is no \[\[upstream\]\] "secund"; the configuration has "first", "second"' "$said"
