# The server sees the client's own IPv6 address.
# SPDX-License-Identifier: Apache-2.0
origin_start
on_gateway sysctl -qw net.ipv4.ip_local_port_range="50000 50009"
gateway_start

expect "status" 200 "$(fetch_status "http://[$kServer6]/" --interface fd42:99:1::17)"
expect "status" 200 "$(fetch_status "http://[$kServer6]/" --interface fd42:99:1::30)"
expect "addresses the server saw" "fd42:99:1::17 fd42:99:1::30" "$(seen_connections '.peer[0]' | xargs)"
expect "ports outside the gateway's range" 0 "$(seen_connections .peer[1] | grep -cv '^5000[0-9]$' || true)"
