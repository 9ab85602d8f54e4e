# Where nearly as many connections are open as are allowed, those that have been idle for the longest
# are closed, and new clients need not wait; who is busy or has just been served stays.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start --workers 1 --config $'[limits]\nconnections = 100'
client_python <<PY
import select, time
from httpio import *

def served(sock):
    sock.sendall(b"GET /length/10 HTTP/1.1\r\nHost: a\r\n\r\n")
    check(Reader(sock).response().status == 200, "a client was not served")

def ended(socks):
    ready, _, _ = select.select(list(socks.values()), [], [], 0)
    return [i for i, sock in socks.items() if sock in ready and sock.recv(1) == b""]

socks = {i: connect("$kServer4") for i in range(90)}
for sock in socks.values():
    served(sock)
busy = Reader(socks[5])
socks[5].sendall(b"GET /length/5 HTTP/1.1\r\nHo")  # a request that takes its time
time.sleep(1.5)
check_equal("closed where there is room", [], ended(socks))
for i in range(5):  # no longer the oldest
    served(socks[i])

late, gone = [], []
for _ in range(40):  # 130 together: 40 must go
    start = time.monotonic()
    late.append(connect("$kServer4"))
    served(late[-1])
    check(time.monotonic() - start < 1, "a new client had to wait")
    time.sleep(0.05)
    for i in ended(socks):
        socks.pop(i).close()
        gone.append(i)
check_equal("which of them were closed", list(range(6, 46)), sorted(gone))
socks[5].sendall(b"st: a\r\n\r\n")
check_equal("status of who was busy", 200, busy.response().status)
for sock in late:
    served(sock)
print(f"  of 90 idle connections {len(gone)} were closed for 40 new ones, the oldest first")
PY
grep -q "idle for the longest are closed" "$LAB/gateway.err" || fail "no line says so"
