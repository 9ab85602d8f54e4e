# With the default rules nothing passes unfiltered when the gateway is killed: clients are refused,
# new connections and old ones.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start
expect "status while it runs" 200 "$(fetch_status "http://$kServer4/")"
load_start --clients 10 --pause 0.01
sleep 0.5
kill -9 "$GATEWAY"
sleep 1
before=$(seen | wc -l)

start=$(now_ms)
expect "status over IPv4" 000 "$(fetch_status "http://$kServer4/")"
expect "status over IPv6" 000 "$(fetch_status "http://[$kServer6]/")"
expect_at_most "milliseconds until both clients knew" 1000 $(($(now_ms) - start))
load_stop
expect "clients of old connections that failed" 10 "$(jq '[.[] | select(.error)] | length' "$LAB/load.json")"
expect "events at the server since" 0 $(($(seen | wc -l) - before))
expect "packets forwarded past the gateway" 0 "$(gateway_forwarded)"

# It is the rules that refuse: without them the same connection passes.
FORWARDING_MEANT=yes
on_gateway "$LAB_LIB/../net.sh" down
expect "status without the rules" 200 "$(fetch_status "http://$kServer4/")"
