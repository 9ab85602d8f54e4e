# A client that reads 1 KB a second from a big body costs bounded memory, holds the server back, and
# slows nobody else.
# SPDX-License-Identifier: Apache-2.0
# Buffers in the kernel, on the way, of 1 MB at most; usually they grow to 32 MB.
on_server sysctl -qw net.ipv4.tcp_wmem="4096 16384 1048576"
on_gateway sysctl -qw net.ipv4.tcp_wmem="4096 16384 1048576" net.ipv4.tcp_rmem="4096 131072 1048576"
origin_start
gateway_start --workers 1
fetch "http://$kServer4/length/1000000" >/dev/null
before=$(worker_peak_kib)

client_python <<PY &
import time
from httpio import *
socks = []
for _ in range(20):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    sock.connect(("$kServer4", 80))
    sock.sendall(b"GET /length/200000000 HTTP/1.1\r\nHost: a\r\n\r\n")
    socks.append(sock)
for _ in range(5):
    for sock in socks:
        sock.recv(1024)
    time.sleep(1)
PY
slow=$!
sleep 1.5
expect_at_most "milliseconds for another client's 1 MB" 1000 "$(
  start=$(now_ms)
  fetch "http://$kServer4/length/1000000" >/dev/null
  echo $(($(now_ms) - start))
)"
sleep 2
expect_at_most "growth of the worker, KiB" 4096 $(($(worker_peak_kib) - before))
wait $slow
sleep 0.5
# What left the server of each 200 MB body is what fits into those buffers and a little more.
expect_at_most "octets sent by the server for a slow client" 4000000 \
  "$(seen | jq 'select(.event == "end") | .sent' | sort -rn | head -1)"
no_upstream() { [ -z "$(on_gateway ss -Htn state established "dport = :80")" ]; }
wait_until 3 no_upstream || fail "upstream connections are left: $(on_gateway ss -Htn)"
