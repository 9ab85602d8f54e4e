# The end of a response reaches a client that reads more slowly than any time-out, whoever closes
# first; a client that never closes, or takes nothing any more, is not kept for ever.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start --config $'[timeouts]\nstall = "1s"'

client() {
  client_python <<PY
import os, time
from httpio import *

size = 1000000
whole = b"".join(pattern(size))

def ask(request, half_close=False):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    sock.settimeout(10)
    sock.connect(("$kServer4", 80))
    sock.sendall(request)
    if half_close:
        sock.shutdown(socket.SHUT_WR)
    return sock

close = f"GET /length/{size} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
old = f"GET /close/{size} HTTP/1.0\r\n\r\n".encode()
clients = {
    "Connection: close": ask(close),
    "HTTP/1.0, close-delimited": ask(old),
    "the same after the client's FIN": ask(old, half_close=True),
}
received = {name: b"" for name in clients}
start = time.monotonic()
waiting = dict(clients)
while waiting:  # about 200 KB/s: what waits in the gateway's kernel at the end takes seconds
    for name, sock in list(waiting.items()):
        block = sock.recv(20000)
        received[name] += block
        if not block:
            del waiting[name]
    time.sleep(0.1)
check(time.monotonic() - start > 3, "that was not slow")
for name, octets in received.items():
    check(octets.partition(b"\r\n\r\n")[2] == whole, f"{name}: the body is not whole")
    print(f"  {name}: whole after {time.monotonic() - start:.1f} s")

# Refused: readable to its end.
sock = ask(b"BAD\r\n" + b"x" * 20000)
check(Reader(sock).rest().startswith(b"HTTP/1.1 400 "), "the refusal was lost")

# These have all and do not close; or take the beginning only.
lazy = [ask(close) for _ in range(3)]
for sock in lazy:
    check(len(Reader(sock).rest()) > size, "the body is not whole")
stuck = [ask(close.replace(b"1000000", b"40000")) for _ in range(3)]
for sock in stuck:
    check(sock.recv(1000), "nothing came")
open("$LAB/waiting", "w").close()
while not os.path.exists("$LAB/left"):
    time.sleep(0.05)
PY
}
client &
client=$!
wait_until 30 test -e "$LAB/waiting" || { wait $client || true; fail "the client has not come to its end"; }
none_is_left() { [ -z "$(on_gateway ss -Htn state connected exclude time-wait "sport = :80")" ]; }
wait_until 6 none_is_left || fail "client connections are left: $(on_gateway ss -Htn)"
touch "$LAB/left"
wait $client
