# A response that a worker's death cuts short never looks complete to its client, though only the
# end of the connection delimits it; nor does what goes through a tunnel.
# SPDX-License-Identifier: Apache-2.0
origin_start
# A server that speaks first and goes on.
lab_start talker "$LAB_SERVER" python3 -c '
import socket, time
sock = socket.create_server(("0.0.0.0", 22)).accept()[0]
while True:
    sock.sendall(b"SSH-2.0-lab\r\n")
    time.sleep(0.1)'
wait_until 5 server_listens 22 || fail "the server on port 22 does not listen"
gateway_start --workers 1 --intercept "--to 8888 --ports 80 --to 8889 --ports 22" --config '
[[listen]]
port = 8888
[[listen]]
port = 8889
intercept = { ports = [22] }
on_not_http = "tunnel"'

# Begins what a worker's death will cut short, says so, and reads the rest after it.
cut_short() {
  client_python <<PY
import os, time
from httpio import *

def begin(request, port=80):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    sock.settimeout(10)
    sock.connect(("$kServer4", port))
    sock.sendall(request)
    check(sock.recv(4) in (b"HTTP", b"SSH-"), "that is no beginning")
    return sock

under_way = {  # in all but the last two much is on its way
    "delimited by its end": begin(b"GET /close/50000000 HTTP/1.0\r\n\r\n"),
    "for HTTP/1.0 no longer chunked": begin(b"GET /chunked/50000000 HTTP/1.0\r\n\r\n"),
    "from a slow server": begin(b"GET /dripclose/100000/1000 HTTP/1.0\r\n\r\n"),
    "tunnel": begin(b"", 22),
}
open("$LAB/under_way", "w").close()
while not os.path.exists("$LAB/killed"):
    time.sleep(0.02)
for name, sock in under_way.items():
    received = 0
    try:
        while block := sock.recv(65536):
            received += len(block)
        check(False, f"{name}: looks complete after {received} octets")
    except ConnectionResetError:
        print(f"  {name}: reset after {received} octets")
PY
}
cut_short &
client=$!
wait_until 5 test -e "$LAB/under_way" || fail "the responses have not begun"
kill -9 "$(worker_pids)"
touch "$LAB/killed"
wait $client || fail "the client was misled"
wait_until 3 armed_count_is 1 || fail "no worker replaced the killed one"
expect "status afterwards" 200 "$(fetch_status "http://$kServer4/")"
