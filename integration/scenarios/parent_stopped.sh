# While the parent stands still (SIGSTOP), exchanges on connections that exist go on; new ones wait and
# are served when it continues.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start
client_python <<PY
import os, signal, time
from httpio import *
sock = connect("$kServer4")
reader = Reader(sock)
def get():
    sock.sendall(b"GET /length/100000 HTTP/1.1\r\nHost: a\r\n\r\n")
    return reader.response().status
check_equal("before", 200, get())
os.kill($GATEWAY, signal.SIGSTOP)
try:
    start = time.monotonic()
    check_equal("20 exchanges meanwhile", [200] * 20, [get() for _ in range(20)])
    check(time.monotonic() - start < 1, "they were slow")
    waiting = []
    for number in range(10):
        late = connect("$kServer4", timeout=5)
        late.sendall(b"GET /length/%d HTTP/1.1\r\nHost: a\r\n\r\n" % number)
        waiting.append(late)
    time.sleep(1.5)
finally:
    os.kill($GATEWAY, signal.SIGCONT)
check_equal("those that waited", list(range(10)), [len(Reader(late).response().body) for late in waiting])
PY
