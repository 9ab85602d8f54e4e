# Clients that wait in the accept queue of a worker that is killed are served by its successor.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start --workers 1
worker=$(worker_pids)
kill -STOP "$worker"

client_python <<PY
import os, signal
from httpio import *
waiting = []
for number in range(40):
    sock = connect("$kServer4", source=f"10.99.1.{11 + number % 20}")
    sock.sendall(b"GET /length/%d HTTP/1.1\r\nHost: a\r\n\r\n" % number)
    waiting.append(Reader(sock))
os.kill($worker, signal.SIGKILL)
check_equal("bodies", list(range(40)), [len(reader.response().body) for reader in waiting])
PY
[ "$(worker_pids)" != "$worker" ] || fail "worker $worker was not killed"
