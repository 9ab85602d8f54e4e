# With source_address = "own" the server sees the gateway's address, IPv4 and IPv6.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start --gateway 'source_address = "own"'

expect "status" 200 "$(fetch_status "http://$kServer4/")"
expect "status" 200 "$(fetch_status "http://[$kServer6]/")"
expect "addresses the server saw" "10.99.2.1 fd42:99:2::1" "$(seen_connections '.peer[0]' | xargs)"
