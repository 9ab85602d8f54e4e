# Forward mode connects to nothing private, local or forbidden, whatever a name resolves to: 403 or 508,
# and no SYN leaves. allow_private lifts exactly what it names.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
origin_start 80 8080
names_start '{"private10.example": {"A": ["10.99.2.2"]}, "private172.example": {"A": ["172.16.5.5"]},
  "private192.example": {"A": ["192.168.1.1"]}, "shared.example": {"A": ["100.64.0.1"]},
  "ula.example": {"AAAA": ["fd42:99:2::2"]}, "loopback.example": {"A": ["127.0.0.1"]},
  "loopback6.example": {"AAAA": ["::1"]}, "zero.example": {"A": ["0.0.0.0"]},
  "link.example": {"A": ["169.254.1.1"]}, "metadata.example": {"A": ["169.254.169.254"]},
  "link6.example": {"AAAA": ["fe80::1"]}, "multicast.example": {"A": ["224.0.0.1"]},
  "broadcast.example": {"A": ["255.255.255.255"]}, "mapped.example": {"AAAA": ["::ffff:127.0.0.1"]},
  "mapped10.example": {"AAAA": ["::ffff:10.99.2.2"]}, "nat64.example": {"AAAA": ["64:ff9b::7f00:1"]},
  "sixtofour.example": {"AAAA": ["2002:7f00:1::1"]}, "own.example": {"A": ["10.99.1.1"]},
  "own2.example": {"A": ["10.99.2.1"]}, "own6.example": {"AAAA": ["fd42:99:1::1"]},
  "mixed.example": {"A": ["127.0.0.1", "198.51.100.7"]}, "public.example": {"A": ["198.51.100.7"]}}'
listener='
[[listen]]
mode = "forward"
[resolver]
servers = ["10.99.2.2"]'
gateway_start --gateway "$kForwardClients" --config "$listener"

count_packets "$LAB_GATEWAY" output 'tcp flags & (syn | ack) == syn'
for name in private10 private172 private192 shared ula loopback loopback6 zero link metadata link6 \
  multicast broadcast mapped mapped10 nat64 sixtofour own own2 own6; do
  expect_match "$name" '^(403|508)$' "$(forward_status "http://$name.example/")"
done
for address in 10.99.2.2 127.0.0.1 '[::1]' 0.0.0.0 169.254.169.254 '[fe80::1]' '[::ffff:127.0.0.1]' \
  10.99.1.1 '[fd42:99:2::1]' '[fd42:99:2::2]'; do
  expect_match "$address" '^(400|403|508)$' "$(forward_status "http://$address/")"
done
# CONNECT asks the same questions.
for name in private10 loopback own metadata; do
  expect_match "CONNECT to $name" '^(403|508)$' \
    "$(on_client curl -s -o /dev/null -w '%{http_connect}' --max-time 20 --proxy "http://$kGateway4:3128" \
      "https://$name.example/" || [ $? -eq 56 ])"
done
# Other spellings of addresses are names, and don't exist.
for spelling in 0x7f000001 2130706433 127.1 017700000001; do
  expect_match "$spelling" '^(400|502)$' "$(on_client bash -c "
    exec 3<>/dev/tcp/$kGateway4/3128
    printf 'GET http://$spelling/ HTTP/1.1\r\nHost: $spelling\r\nConnection: close\r\n\r\n' >&3
    head -n 1 <&3" | cut -d' ' -f2)"
done
expect "SYN packets sent" 0 "$(counted "$LAB_GATEWAY")"
expect "connections at the server" 0 "$(seen_connections .id | wc -l)"

# Of several addresses only those that are allowed are tried.
expect "a name with a forbidden address and another one" 200 "$(forward_status http://mixed.example/)"
expect "reached" 198.51.100.7 "$(seen_connections .local[0] | tail -1)"

expect "a refusal in the log" private-forbidden "$(logged '.host == "private10.example"' reason)"

GATEWAY_CONFIG="$listener
[forward]
allow_private = [\"10.99.2.2\"]"
gateway_write_config
gateway_command reload >/dev/null
allowed() { [ "$(forward_status http://private10.example/)" = 200 ]; }
wait_until 5 allowed || fail "a private address that allow_private names is refused"
expect "one that is not" 403 "$(forward_status http://10.99.2.3/)"
expect "loopback still" 403 "$(forward_status http://loopback.example/)"
expect "own address still" 508 "$(forward_status http://10.99.2.1/)"

# Clients that are not named don't get anywhere either.
GATEWAY_LINES='clients = ["10.99.1.11"]'
gateway_write_config
gateway_command reload >/dev/null
others_refused() { [ "$(forward_status http://public.example/ --interface 10.99.1.12)" = 403 ]; }
wait_until 5 others_refused || fail "a client that [gateway] clients does not name is served"
expect "client that is named" 200 "$(forward_status http://public.example/)"
