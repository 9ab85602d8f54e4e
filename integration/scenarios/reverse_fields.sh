# What servers behind reverse mode are told: Host as it was or as configured, X-Forwarded-For and
# Forwarded made afresh whatever the client sent, its address in a PROXY header, or as the source.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/servers.sh"
origin_start 8080
server_start v1 8091 proxy_protocol
server_start v2 8092 proxy_protocol
listener() { printf '[[listen]]\nmode = "reverse"\nport = %s\nupstream = "%s"\n' "$1" "$2"; }
upstream() { printf '[[upstream]]\nname = "%s"\nservers = ["%s"]\n%s\n' "$@"; }
gateway_start --config "
$(listener 8000 keep) 
$(listener 8001 set)
$(listener 8002 source)
$(listener 8003 source6)
$(listener 8004 v1)
$(listener 8005 v2)
$(listener 8006 v2source)
$(upstream keep "$kServer4:8080")
$(upstream set "$kServer4:8080" 'host = "app.internal:8080"')
$(upstream source "$kServer4:8080" 'source_address = "client"')
$(upstream source6 "[$kServer6]:8080" 'source_address = "client"')
$(upstream v1 "$kServer4:8091" 'proxy_protocol = "v1"')
$(upstream v2 "$kServer4:8092" 'proxy_protocol = "v2"')
$(upstream v2source "$kServer4:8092" 'proxy_protocol = "v2"
source_address = "client"')"
field() { seen_requests ".fields[] | select((.[0] | ascii_downcase) == \"$1\") | .[1]" | tail -n "${2:-1}"; }
last() { seen_connections "$1" | tail -1; }

forged=(--header 'X-Forwarded-For: 6.6.6.6' --header 'X-Forwarded-For: 7.7.7.7' --header 'Forwarded: for=6.6.6.6'
  --header 'X-Real-IP: 6.6.6.6' --header 'X-Forwarded-Proto: https' --header 'X-Forwarded-Host: forged'
  --header 'X_Forwarded_For: 6.6.6.6' --header 'Host: shop.example')
expect "status" 200 "$(fetch_status "http://$kGateway4:8000/" "${forged[@]}")"
expect "traces of what was forged" 0 "$(seen_requests .raw | grep -cE '6\.6\.6\.6|7\.7\.7\.7|https|forged' || [ $? -eq 1 ])"
expect "Host" shop.example "$(field host)"
expect "X-Forwarded-For" $kClient4 "$(field x-forwarded-for 9)"
expect "X-Forwarded-Proto" http "$(field x-forwarded-proto 9)"
expect "X-Forwarded-Host" shop.example "$(field x-forwarded-host 9)"
expect "Forwarded" "for=$kClient4;proto=http;host=\"shop.example\"" "$(field forwarded 9)"
expect "source" 10.99.2.1 "$(last .peer[0])"

expect "status with a Host set" 200 "$(fetch_status "http://$kGateway4:8001/" --header 'Host: shop.example')"
expect "Host" app.internal:8080 "$(field host)"
expect "X-Forwarded-Host" shop.example "$(field x-forwarded-host)"

expect "status with the source kept" 200 "$(fetch_status "http://$kGateway4:8002/")"
expect "source" $kClient4 "$(last .peer[0])"
expect "status for an IPv6 client" 200 "$(fetch_status "http://[$kGateway6]:8003/" --interface $kClient6)"
expect "source" $kClient6 "$(last .peer[0])"
expect "X-Forwarded-For" $kClient6 "$(field x-forwarded-for)"
expect "Forwarded" "for=\"[$kClient6]\";proto=http;host=\"[$kGateway6]:8003\"" "$(field forwarded)"
# No source address crosses the families: the gateway's own.
expect "status for an IPv6 client of an IPv4 server" 200 "$(fetch_status "http://[$kGateway6]:8002/" --interface $kClient6)"
expect "source" 10.99.2.1 "$(last .peer[0])"

for version in v1:8004 v2:8005; do
  expect_match "a server with PROXY protocol ${version%:*}" \
    "^10\.99\.2\.1 $kClient4 [0-9]+ $kGateway4 ${version#*:}$" "$(fetch "http://$kGateway4:${version#*:}/seen")"
  expect_match "the same for an IPv6 client" "^10\.99\.2\.1 $kClient6 [0-9]+ $kGateway6 ${version#*:}$" \
    "$(fetch "http://[$kGateway6]:${version#*:}/seen" --interface $kClient6)"
done
expect_match "both" "^$kClient4 $kClient4 [0-9]+ $kGateway4 8006$" "$(fetch "http://$kGateway4:8006/seen")"
