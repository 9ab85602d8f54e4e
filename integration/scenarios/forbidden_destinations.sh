# The listening port itself and destinations that are the gateway's own, loopback or metadata
# addresses are refused, and no SYN leaves for them.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start
# Clients behind a translating router reach any address: here one in the gateway's own namespace,
# before the interception looks at the packet.
on_gateway sysctl -qw net.ipv4.conf.all.route_localnet=1
on_gateway nft -f - <<<'table inet lab_translate {
  chain c {
    type nat hook prerouting priority -199;
    ip daddr 203.0.113.9 dnat ip to 127.0.0.1
    ip daddr 203.0.113.10 dnat ip to 127.1.2.3
    ip6 daddr 2001:db8:dead::9 dnat ip6 to ::1
  }
}'
count_packets "$LAB_GATEWAY" output 'tcp flags & (syn|ack) == syn'

for address in $kGateway4:8888 "[$kGateway6]:8888" 10.99.2.1:8888 $kGateway4 10.99.2.1 "[fd42:99:2::1]" \
  169.254.169.254 100.100.100.200 "[fd00:ec2::254]" 203.0.113.9 203.0.113.10 "[2001:db8:dead::9]" \
  "[64:ff9b::7f00:1]" "[64:ff9b::a9fe:a9fe]"; do
  expect_match "http://$address/" '^(403|421|000)$' "$(fetch_status "http://$address/" --max-time 3)"
done
expect "SYN packets sent by the gateway" 0 "$(counted "$LAB_GATEWAY")"

expect "status of an allowed destination" 200 "$(fetch_status "http://$kServer4/")"
expect "SYN packets sent by the gateway" 1 "$(counted "$LAB_GATEWAY")"
expect "connections at the server" 1 "$(seen_connections .id | wc -l)"
expect_at_least "refusals in the log" 10 "$(access_log | jq -r 'select(.ending == "refused") | .reason' | wc -l)"
