# Requests of one client connection share one upstream connection.
# SPDX-License-Identifier: Apache-2.0
nginx_start
gateway_start

url="http://$kServer4/seen"
fetch "$url" "$url" "$url" "$url" "$url" >"$LAB/answers"
expect "requests on the connection" "1 2 3 4 5" "$(cut -d' ' -f3 "$LAB/answers" | xargs)"
expect "upstream connections" 1 "$(cut -d' ' -f2 "$LAB/answers" | sort -u | wc -l)"

# Another client connection gets another one.
fetch "$url" >>"$LAB/answers"
expect "upstream connections" 2 "$(cut -d' ' -f2 "$LAB/answers" | sort -u | wc -l)"

# A client that goes away takes its upstream connection with it.
upstream_closed() { [ -z "$(on_server ss -Htn state established "sport = :80")" ]; }
wait_until 3 upstream_closed || fail "upstream connections are left: $(on_server ss -Htn)"
