# No request goes round in circles: one that carries our own name in Via or goes to an address of the
# gateway itself gets 508, a direct hit on its transparent port is refused, and the log says why.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
origin_start 80 8080
names_start '{"gateway.example": {"A": ["10.99.2.1"]}}'
gateway_start --gateway "via_pseudonym = \"Gate-1\"
$kForwardClients" --config "
[[listen]]
$kForwardListener
connect_ports = [443, 3128, 8888]
[[listen]]
mode = \"reverse\"
port = 8000
upstream = \"self\"
[[upstream]]
name = \"self\"
# Goes back to the reverse listener itself.
servers = [\"$kGateway4:8000\"]"

expect "without Via" 200 "$(fetch_status "http://$kServer4/")"
expect "Via the server saw" "1.1 Gate-1" "$(seen_requests '.fields[] | select(.[0] == "Via") | .[1]' | tail -1)"
expect "another gateway's Via" 200 "$(fetch_status "http://$kServer4/" --header 'Via: 1.1 other, 1.0 Gate-2 (x)')"
before=$(seen_requests .id | wc -l)
for via in '1.1 Gate-1' '1.0 other, 1.1 gate-1' '1.1 Gate-1 (comment)' 'HTTP/1.1 Gate-1'; do
  expect "Via: $via" 508 "$(fetch_status "http://$kServer4/" --header "Via: $via")"
done
expect "requests of these at the server" 0 $(($(seen_requests .id | wc -l) - before))
expect "reason" loop "$(logged '.status == 508' reason)"

# The gateway's own addresses, intercepted.
for address in $kGateway4 10.99.2.1 "[$kGateway6]" "[fd42:99:2::1]"; do
  expect "to $address" 508 "$(fetch_status "http://$address/")"
done
# Not intercepted: straight to the transparent port, which is no port that clients may ask for.
expect "direct hit" 403 "$(fetch_status "http://$kGateway4:8888/")"
expect "direct hit, IPv6" 403 "$(fetch_status "http://[$kGateway6]:8888/")"
expect "direct hit with a server's name" 403 "$(fetch_status "http://$kGateway4:8888/" --header 'Host: www.example')"
expect_match "a refusal in the log of the gateway" "refused $kClient4:[0-9]+ to $kGateway4:8888: [a-z]+" \
  "$(grep "to $kGateway4:8888" "$LAB/gateway.err" | head -1)"

# Through the forward port to ourselves.
expect "forward to its own port" 508 "$(forward_status "http://$kGateway4:3128/")"
expect "forward to its transparent port" 508 "$(forward_status "http://10.99.2.1:8888/")"
expect "forward to a name that is ourselves" 508 "$(forward_status http://gateway.example:8888/)"
expect "CONNECT to ourselves" 508 "$(on_client curl -s -o /dev/null -w '%{http_connect}' --max-time 20 \
  --proxy "http://$kGateway4:3128" "https://gateway.example:3128/" || [ $? -eq 56 ])"

# A reverse listener configured to ask itself notices on the second pass.
expect "reverse to itself" 508 "$(fetch_status "http://$kGateway4:8000/")"
exchanges() { access_log | jq 'select(.mode == "reverse")' | jq -s length; }
two() { [ "$(exchanges)" -eq 2 ]; }
wait_until 3 two || fail "it went round: $(exchanges) exchanges"
