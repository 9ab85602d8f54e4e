# Clients outside the configured networks are refused and no connection is made for them.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start --gateway 'clients = ["10.99.1.16/28", "fd42:99:1::20/124"]'

expect "client within" 200 "$(fetch_status "http://$kServer4/" --interface 10.99.1.16)"
expect "client outside" 403 "$(fetch_status "http://$kServer4/" --interface 10.99.1.15)"
expect "IPv6 client within" 200 "$(fetch_status "http://[$kServer6]/" --interface fd42:99:1::21)"
expect "IPv6 client outside" 403 "$(fetch_status "http://[$kServer6]/" --interface fd42:99:1::11)"
expect "clients the server saw" "10.99.1.16 fd42:99:1::21" "$(seen_connections '.peer[0]' | xargs)"
