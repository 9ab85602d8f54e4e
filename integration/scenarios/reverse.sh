# Reverse mode hands requests to its servers in turn; one that dies is noticed, left alone and taken
# back, and no client with a repeatable request sees anything of it. Other requests are sent once.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/servers.sh"
server_start one 8081
server_start two 8082
gateway_start --workers 1 --config "
[[listen]]
mode = \"reverse\"
address = \"$kGateway4\"
upstream = \"pair\"
[[listen]]
mode = \"reverse\"
address = \"$kGateway6\"
upstream = \"pair\"
[[upstream]]
name = \"pair\"
servers = [\"$kServer4:8081\", \"[$kServer6]:8082\"]
fails = 3
down = \"2s\""

# ask COUNT [CURL ARGUMENT]...: on new connections; how many answers there were of each kind.
ask() {
  local count=$1
  shift
  for _ in $(seq "$count"); do
    fetch "http://$kGateway4/" --write-out '%{http_code}\n' "$@" | grep -oE '^(one|two|[0-9]+)$' | xargs
  done | sort | uniq -c | xargs
}
said() { grep -q "$1" "$LAB/gateway.err"; }

expect "12 clients" "6 one 200 6 two 200" "$(ask 12)"
expect "an IPv6 client" 200 "$(fetch_status "http://[$kGateway6]/")"
expect "4 requests of one client go to one server" 1 "$(
  fetch "http://$kGateway4/" "http://$kGateway4/" "http://$kGateway4/" "http://$kGateway4/" | sort -u | wc -l)"
client_python <<PY
import time
from httpio import *
sock = connect("$kGateway4")
reader = Reader(sock)
for number in range(3):
    sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    check_equal(f"request {number} on a connection that the server has meanwhile given up", 200,
                reader.response().status)
    time.sleep(1.3)
PY

server_stop two
expect "12 clients when a server has died" "12 one 200" "$(ask 12)"
wait_until 2 said "server \[$kServer6\]:8082 is down" || fail "the log does not say that it is down"
server_start two 8082
sleep 2
expect "12 clients when it is back" "6 one 200 6 two 200" "$(ask 12)"
wait_until 2 said "server \[$kServer6\]:8082 is up again" || fail "the log does not say that it is up"

# In its place one that takes a request and closes.
server_stop two
lab_start mute "$LAB_SERVER" python3 -c '
import socket
listener = socket.create_server(("::", 8082), family=socket.AF_INET6)
while True:
    sock, _ = listener.accept()
    print(sock.recv(65536).split()[0].decode(), flush=True)
    sock.close()'
wait_until 5 server_listens 8082 || fail "the mute server does not listen"
expect "12 clients when a server does not answer" "12 one 200" "$(ask 12)"
sleep 2
posted=$(wc -l <"$LAB/one/access.log")
# Its failures in a row still count: one more and it is down again.
expect "12 POSTs" "1 502 11 one 200" "$(ask 12 --data x)"
expect "POSTs at the mute server" 1 "$(grep -c POST "$LAB/mute.out")"
expect "POSTs at the other one" 11 $(($(wc -l <"$LAB/one/access.log") - posted))

server_stop one
expect_match "without any server" '^4 50[234]' "$(ask 4)"
server_start one 8081
sleep 2
expect "once there is one again" "4 one 200" "$(ask 4)"
expect "upstream in the log" pair "$(access_log | jq -r .upstream | sort -u)"
