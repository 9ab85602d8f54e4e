# A destination that the floor forbids is reached when the command line lifts it, and only that one.
# SPDX-License-Identifier: Apache-2.0
origin_start
for address in 169.254.169.254 169.254.169.253; do
  ip -n "$LAB_SERVER" address add $address/32 dev lo
  ip -n "$LAB_GATEWAY" route add $address via $kServer4
done
gateway_start --argument --allow-destination --argument 169.254.169.254/32

expect "the lifted address" 200 "$(fetch_status "http://169.254.169.254/")"
expect "its neighbour" 403 "$(fetch_status "http://169.254.169.253/")"
expect "addresses the server was reached at" "169.254.169.254" "$(seen_connections '.local[0]' | xargs)"
