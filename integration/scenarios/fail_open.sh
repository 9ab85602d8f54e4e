# With --on-failure open connections pass unfiltered while no gateway runs, and are intercepted again
# when it is back.
# SPDX-License-Identifier: Apache-2.0
FORWARDING_MEANT=yes
origin_start
gateway_start --intercept "--on-failure open"
expect "status while it runs" 200 "$(fetch_status "http://$kServer4/")"
expect "packets forwarded past the gateway" 0 "$(gateway_forwarded)"
kill -9 "$GATEWAY"
sleep 1

expect "status over IPv4 without it" 200 "$(fetch_status "http://$kServer4/" --interface 10.99.1.15)"
expect "status over IPv6 without it" 200 "$(fetch_status "http://[$kServer6]/")"
expect "address the server saw" 10.99.1.15 "$(seen_connections '.peer[0]' | tail -2 | head -1)"
expect_at_least "packets forwarded" 8 "$(gateway_forwarded)"

gateway_run
forwarded=$(gateway_forwarded)
expect "status when it is back" 200 "$(fetch_status "http://$kServer4/")"
expect "packets forwarded since" 0 $(($(gateway_forwarded) - forwarded))
