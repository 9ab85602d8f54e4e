# A rule file decides about what isn't HTTP too, by client and destination: a denied connection gets
# nothing and reaches no server, whether the client speaks first or waits for the server to.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
lab_start banner "$LAB_SERVER" python3 -c '
import socket, threading
def serve(sock):
    print("accepted", flush=True)
    sock.sendall(b"SSH-2.0-lab\r\n")
    while block := sock.recv(65536):
        sock.sendall(block)
listener = socket.create_server(("::", 22), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()'
wait_until 5 server_listens 22 || fail "the server on port 22 does not listen"
mkdir -p "$LAB/config"
cat >"$LAB/config/policy.gh" <<'RULES'
allow admins from 10.99.1.12 port 22
deny  default
RULES
gateway_start --gateway 'policy = "policy.gh"' --intercept "--to 8888 --ports 22" --config '
[timeouts]
head = "2s"
idle = "2s"
[[listen]]
port = 8888
intercept = { ports = [22] }
on_not_http = "tunnel"'

client_python <<PY
import time
from httpio import *
# What a client gets: everything until the end, which a reset is too.
def given(source, octets):
    sock = connect("$kServer4", 22, source=source)
    if octets:
        sock.sendall(octets)
    try:
        return Reader(sock).rest()
    except ConnectionResetError:
        return b""

sock = connect("$kServer4", 22, source="10.99.1.12")
sock.sendall(b"SSH-2.0-client\r\n")
reader = Reader(sock)
check_equal("allowed", b"SSH-2.0-lab\r\nSSH-2.0-client\r\n", reader.exactly(29))
sock = connect("$kServer4", 22, source="10.99.1.12")
check_equal("allowed, the server speaks first", b"SSH-2.0-lab\r\n", Reader(sock).until(b"\n"))
check_equal("denied", b"", given("10.99.1.11", b"SSH-2.0-client\r\n"))
check_equal("denied, binary", b"", given("10.99.1.11", b"\x16\x03\x01\x02\x00\x01\x00\x01"))
check_equal("denied, silent", b"", given("10.99.1.11", b""))
PY
expect "connections at the server" 2 "$(grep -c accepted "$LAB/banner.out")"
wait_until 3 access_log_has 4 || fail "only $(access_log | wc -l) lines: $(access_log)"
expect "the log" "10.99.1.11 default deny
10.99.1.11 default deny
10.99.1.12 admins allow
10.99.1.12 admins allow" "$(access_log | jq -r '"\(.client) \(.rule) \(.action)"' | sort)"
