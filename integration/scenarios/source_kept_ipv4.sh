# The server sees the client's own IPv4 address, with a port chosen by the gateway when it connects.
# SPDX-License-Identifier: Apache-2.0
origin_start
# Ten ports for the gateway's connections, and twice as many connections of one client to two
# servers: only ports chosen for each pair of addresses, at connect, are enough.
on_gateway sysctl -qw net.ipv4.ip_local_port_range="50000 50009"
gateway_start

client_python <<PY
from httpio import *
held = []
for server in ("$kServer4", "10.99.2.3"):
    for _ in range(10):
        sock = connect(server, source="10.99.1.17")
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        held.append((sock, Reader(sock)))
check_equal("responses", [200] * 20, [reader.response().status for _, reader in held])
PY
expect "responses" 200 "$(fetch_status "http://$kServer4/" --interface 10.99.1.30)"
expect "addresses the server saw" "10.99.1.17 10.99.1.30" "$(seen_connections '.peer[0]' | sort -u | xargs)"
expect "connections" 21 "$(seen_connections .peer[0] | wc -l)"
expect "ports outside the gateway's range" 0 "$(seen_connections .peer[1] | grep -cv '^5000[0-9]$' || true)"
