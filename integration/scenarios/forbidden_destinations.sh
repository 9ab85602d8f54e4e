# The listening port itself and destinations that are the gateway's own, loopback or metadata
# addresses are refused, and no SYN leaves for them.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start
# Packets for loopback addresses do not travel; they arise where addresses are translated on the way.
# Here on the gateway's doorstep: what comes for 203.0.113.9 arrives for 127.0.0.1, and back.
on_gateway sysctl -qw net.ipv4.conf.all.route_localnet=1
on_gateway nft -f - <<<'table inet lab_translate {
  chain in {
    type filter hook prerouting priority -400;
    ip daddr 203.0.113.9 ip daddr set 127.0.0.1
    ip daddr 203.0.113.10 ip daddr set 127.1.2.3
    ip daddr 203.0.113.11 ip daddr set 0.0.0.1
    ip daddr 203.0.113.12 ip daddr set 240.1.2.3
  }
  chain out {
    type filter hook postrouting priority 400;
    ip saddr 127.0.0.1 ip saddr set 203.0.113.9
    ip saddr 127.1.2.3 ip saddr set 203.0.113.10
    ip saddr 0.0.0.1 ip saddr set 203.0.113.11
    ip saddr 240.1.2.3 ip saddr set 203.0.113.12
  }
}'
count_packets "$LAB_GATEWAY" output 'tcp flags & (syn|ack) == syn'

for address in $kGateway4:8888 "[$kGateway6]:8888" 10.99.2.1:8888 $kGateway4 10.99.2.1 "[fd42:99:2::1]" \
  169.254.169.254 100.100.100.200 "[fd00:ec2::254]" 203.0.113.9 203.0.113.10 203.0.113.11 203.0.113.12 \
  "[64:ff9b::7f00:1]" "[2002:7f00:1::1]" "[::7f00:1]" "[64:ff9b::a9fe:a9fe]"; do
  expect_match "http://$address/" '^(403|508)$' "$(fetch_status "http://$address/" --header "Host: name.test" --max-time 3)"
done
expect "SYN packets sent by the gateway" 0 "$(counted "$LAB_GATEWAY")"

expect "status of an allowed destination" 200 "$(fetch_status "http://$kServer4/")"
expect "SYN packets sent by the gateway" 1 "$(counted "$LAB_GATEWAY")"
expect "connections at the server" 1 "$(seen_connections .id | wc -l)"
expect_at_least "refusals in the log" 10 "$(access_log | jq -r 'select(.ending == "refused") | .reason' | wc -l)"
