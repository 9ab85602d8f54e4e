# Changes at run time hold at once and until they expire: labels that rules look at, grants, bypasses;
# a removed client loses its connections. All of it outlives a reload, a killed registrar, a restart.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
origin_start
names_start '{"good.example": {"A": ["198.51.100.7"]}, "other.example": {"A": ["198.51.100.7"]}}'
mkdir -p "$LAB/config"
cat >"$LAB/config/policy.gh" <<'RULES'
deny  guests  label role=guest             page "Guests may not"
allow named   to good.example
tag   floor3  label site=floor3            as floor3
allow staff   label role=staff, role=boss
deny  default
expect 10.0.0.1 GET http://x.example/ label role=staff -> allow staff
expect 10.0.0.1 GET http://x.example/ label role=guest label site=floor3 -> deny guests
RULES
gateway_start --gateway 'policy = "policy.gh"' --config '[resolver]
servers = ["10.99.2.2"]' --argument --control-group --argument 4242
# ask HOST PATH [CURL ARGUMENT]...: the status.
ask() { fetch_status "http://198.51.100.7$2" --header "Host: $1" "${@:3}"; }
field() { logged ".target == \"$1\"" "$2"; }
said() { gateway_command "$@" 2>&1 || [ $? -ne 0 ]; }
audit_has() { grep -qE "gatehouse-registrar: (info|warning): $1" "$LAB/gateway.err"; }

expect "an unknown client" 403 "$(ask x.example /a)"
expect_match "add" '^10.99.1.11 has role=staff until 20..-.*Z$' \
  "$(said client add 10.99.1.11 --label role=staff --ttl 1h)"
expect "with its label" 200 "$(ask x.example /b)"
expect "its rule" staff "$(field /b rule)"
said client add 10.99.1.0/24 --label role=guest --label site=floor3 --ttl 1h >/dev/null
expect "the label of the more specific network" 200 "$(ask x.example /c)"
expect "both" "staff floor3" "$(field /c rule) $(field /c tag)"
expect "another client of the network" 403 "$(ask good.example /d --interface 10.99.1.12)"
expect "its rule" guests "$(field /d rule)"
expect "list" "10.99.1.0/24 role=guest,site=floor3 10.99.1.11 role=staff" \
  "$(gateway_command client list | awk 'NR > 1 {print $1, $2}' | xargs)"
expect "list --json" '[{"client":"10.99.1.0/24","labels":["role=guest","site=floor3"]},{"client":"10.99.1.11","labels":["role=staff"]}]' \
  "$(gateway_command client list --json | jq -c '[.[] | {client, labels}]')"

# A removed client: its connections are reset, those of others are not.
cat >"$LAB/hold.py" <<'PY'
import socket, sys
from httpio import *
def holding(source):
    sock = socket.create_connection(("198.51.100.7", 80), 10, (source, 0))
    sock.sendall(b"GET /kept HTTP/1.1\r\nHost: x.example\r\n\r\n")
    return sock, Reader(sock).response().status
removed, status = holding("10.99.1.11")
check_equal("status", 200, status)
other, status = holding("10.99.1.12")
check_equal("status of the other", 403, status)
open(sys.argv[1], "w").close()
try:
    raise SystemExit("a clean end instead of a reset: %r" % removed.recv(1))
except ConnectionResetError:
    pass
other.settimeout(0.3)
try:
    raise SystemExit("the other client's connection has ended: %r" % other.recv(1))
except TimeoutError:
    pass
PY
PYTHONPATH=$LAB_LIB lab_start hold "$LAB_CLIENT" python3 "$LAB/hold.py" "$LAB/holding"
wait_until 5 test -e "$LAB/holding" || fail "no connections: $(cat "$LAB/hold.err")"
expect "remove" "10.99.1.11 is no longer known; its connections are reset" \
  "$(said client remove 10.99.1.11)"
lab_wait_exit "${LAB_PIDS[hold]}" 5 || fail "the removed client's connection goes on"
wait "${LAB_PIDS[hold]}" || fail "$(cat "$LAB/hold.err")"
unset 'LAB_PIDS[hold]'
note "its connections are reset"
expect "what the network has" 403 "$(ask good.example /e)"

# Who calls, and what came of it, is in the log.
for line in 'uid 0 pid [0-9]+ client add 10.99.1.11 role=staff for 3600 s: done, number 1' \
  'uid 0 pid [0-9]+ client remove 10.99.1.11: done' 'uid 0 pid [0-9]+ client list'; do
  wait_until 2 audit_has "$line" || fail "the log has no line '$line'"
done
expect_match "a wrong label" 'a label is KEY=VALUE' "$(said client add 10.99.1.11 --label x --ttl 1h)"
wait_until 2 audit_has 'uid 0 pid [0-9]+ client add 10.99.1.11 x for 3600 s: refused: a label' ||
  fail "a refused call is not in the log"
expect_match "a wrong address" 'is no address or network' "$(said client add x --label a=b --ttl 1h)"
expect_match "a wrong time" 'is no time; valid is' "$(said client add 10.0.0.1 --label a=b --ttl 1)"
expect_match "too long a time" 'from 1 second to 366 days' "$(said client add 10.0.0.1 --label a=b --ttl 9000h)"
expect_match "nobody there" 'there is no such client' "$(said client remove 10.0.0.1)"
expect_match "bits" 'has bits beyond its prefix' "$(said client add 10.0.0.1/8 --label a=b --ttl 1h)"

# A grant: one host for one client, whose name must be the destination's, until it expires.
expect "not allowed" 403 "$(ask other.example /j --interface 10.99.1.16)"
expect_match "grant" '^10.99.1.16 may have other.example until .* \(grant-[0-9]+ in the log\); the floor' \
  "$(said grant 10.99.1.16 Other.Example. --for 1h --reason "ticket 7")"
expect "granted" 200 "$(ask other.example /k --interface 10.99.1.16)"
expect_match "its record" '^grant allow grant-[0-9]+ match$' \
  "$(field /k rule) $(field /k action) $(field /k tag) $(field /k host_check)"
wait_until 2 audit_has "uid 0 pid [0-9]+ grant add 10.99.1.16 other.example for 3600 s: ticket 7: done, number $(field /k tag | tr -dc 0-9)$" ||
  fail "the grant's number leads nowhere"
expect "another address under the name" 403 \
  "$(fetch_status http://198.51.100.9/l --header 'Host: other.example' --interface 10.99.1.16)"
expect "another host" 403 "$(ask x.example /m --interface 10.99.1.16)"
expect "another client" 403 "$(ask other.example /n --interface 10.99.1.17)"
said grant 10.99.1.16 198.51.100.8 --for 2s --reason "by address" >/dev/null
expect "an address" 200 "$(fetch_status http://198.51.100.8/o --header 'Host: y.example' --interface 10.99.1.16)"
expect "list" '["10.99.1.16","198.51.100.8","by address"] ["10.99.1.16","other.example","ticket 7"]' \
  "$(gateway_command grant list --json | jq -c '.[] | [.client, .host, .reason]' | xargs -d '\n')"
said grant remove 10.99.1.16 other.example >/dev/null
expect "taken back" 403 "$(ask other.example /p --interface 10.99.1.16)"
expired() { [ "$(fetch_status http://198.51.100.8/q --interface 10.99.1.16)" = 403 ]; }
wait_until 4 expired || fail "the grant for two seconds holds on"
expect_match "no reason" '--reason TEXT is missing' "$(said grant 10.99.1.16 a.example --for 1h)"
expect_match "no time" '--for T is missing' "$(said grant 10.99.1.16 a.example --reason x)"

# A bypass: no rule decides, malformed requests and the floor are refused all the same.
expect_match "bypass" "^the rules don't decide about 10.99.1.16 until" "$(said bypass 10.99.1.16 --for 1h)"
expect "by no rule" 200 "$(ask x.example /r --interface 10.99.1.16)"
expect_match "its record" '^bypass allow bypass-[0-9]+$' "$(field /r rule) $(field /r action) $(field /r tag)"
expect "malformed" 400 "$(ask x.example /s --interface 10.99.1.16 --header 'Content-Length: +1')"
said bypass remove 10.99.1.16 >/dev/null
expect "taken back" 403 "$(ask x.example /t --interface 10.99.1.16)"

# Root and members of the group may call, nobody else: the socket's mode says so, and the registrar,
# should that be lifted.
# as GROUP SUPPLEMENTARY WORD...: gatehouse as another user.
as() {
  on_gateway setpriv --reuid=65534 --regid="$1" --groups "$2" "$GATEHOUSE_BIN/gatehouse" "${@:3}" \
    --run-dir "$LAB/run" 2>&1 || [ $? -ne 0 ]
}
add=(client add 10.0.0.9 --label a=b --ttl 1h)
expect_match "a stranger" 'Permission denied; only root and members of the group' "$(as 65534 65534 "${add[@]}")"
expect_match "the group" '10.0.0.9 has a=b' "$(as 4242 65534 "${add[@]}")"
expect_match "a member of the group" '10.0.0.9 has a=b' "$(as 65534 4242 "${add[@]}")"
wait_until 2 audit_has 'uid 65534 pid [0-9]+ client add 10.0.0.9 a=b' || fail "the caller is not in the log"
chmod 666 "$LAB/run/clients.sock"
expect_match "a stranger whom the socket lets in" 'only root and members' "$(as 65534 65534 "${add[@]}")"
wait_until 2 audit_has 'uid 65534 pid [0-9]+ may not call: refused' || fail "the stranger is not in the log"
expect "who may open the journal" "600 600" "$(stat -c %a "$LAB"/state/clients.? | xargs)"

# What holds is kept over a reload, the end of the registrar, and a restart; workers go on meanwhile.
kept() {
  expect "$1: a guest" 403 "$(ask good.example /f --interface 10.99.1.12)"
  expect "$1: staff" 200 "$(ask x.example /g --interface 10.99.1.13)"
  expect "$1: a grant" 200 "$(ask other.example /g --interface 10.99.1.18)"
}
said client add 10.99.1.13 --label role=staff --ttl 1h >/dev/null
said client add 10.99.1.14 --label role=staff --ttl 2s >/dev/null
said grant 10.99.1.18 other.example --for 1h --reason "kept" >/dev/null
expect "for two seconds" 200 "$(ask x.example /h --interface 10.99.1.14)"
client_python <<PY &
import os, socket, time
from httpio import *
sock = socket.create_connection(("198.51.100.7", 80), 10, ("10.99.1.13", 0))
reader = Reader(sock)
for path in ("/before", "/after"):
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x.example\r\n\r\n".encode())
    response = reader.response()
    check_equal(path, 200, response.status)
    open("$LAB/held", "w").close()
    until = time.monotonic() + 20
    while not os.path.exists("$LAB/reloaded"):
        check(time.monotonic() < until, "no reload")
        time.sleep(0.01)
check_equal("from a worker that drains", "close", response.head.get("Connection"))
PY
holder=$!
wait_until 5 test -e "$LAB/held" || fail "no connection"
gateway_command reload >/dev/null
: >"$LAB/reloaded"
wait $holder || fail "a label on a connection that was there before the reload"
kept "after a reload"
registrar=$(descendants "$GATEWAY" | while read -r pid; do
  [ "$(readlink "/proc/$pid/exe")" != "$GATEHOUSE_BIN/gatehouse-registrar" ] || echo "$pid"
done)
kill -9 "$registrar"
kept "while there is no registrar"
expect_match "who calls meanwhile is served" '10.99.1.15 has a=b' \
  "$(said client add 10.99.1.15 --label a=b --ttl 1h)"
kept "with a new one"
posture=$(gateway_command posture) || fail "posture: $posture"
expect_match "posture" 'registrar ' "$posture"
kill -TERM "$GATEWAY"
lab_wait_exit "$GATEWAY" 10 || fail "gatehoused does not stop"
wait "$GATEWAY" || fail "gatehoused exits with $?"
unset 'LAB_PIDS[gateway]'
gateway_run
kept "after a restart"
has_expired() { [ "$(ask x.example /i --interface 10.99.1.14)" = 403 ]; }
wait_until 5 has_expired || fail "what should have expired is still in force"
expect "what is left" "10.0.0.9 10.99.1.0/24 10.99.1.13 10.99.1.15" \
  "$(gateway_command client list | awk 'NR > 1 {print $1}' | xargs)"
