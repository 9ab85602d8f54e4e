# A server that refuses gives 502, one that is silent 504 within the configured time, and the log
# says which.
# SPDX-License-Identifier: Apache-2.0
origin_start 8080
gateway_start --intercept "--to 8888 --ports 80,8080" --config '
[timeouts]
connect = "1s"
response = "1s"
[[listen]]
intercept = { ports = [80, 8080] }'

expect "server that refuses" 502 "$(fetch_status "http://$kServer4/")"
expect "the same over IPv6" 502 "$(fetch_status "http://[$kServer6]/")"
expect "no route" 502 "$(fetch_status "http://203.0.113.1/")"
expect_match "page" "502" "$(fetch "http://$kServer4/")"

on_server nft -f - <<<'table inet hole {
  chain c {
    type filter hook input priority 0;
    tcp dport 80 drop
  }
}'
start=$(now_ms)
expect "black hole" 504 "$(fetch_status "http://$kServer4/")"
expect_at_least "milliseconds" 950 $(($(now_ms) - start))
expect_at_most "milliseconds" 2000 $(($(now_ms) - start))
start=$(now_ms)
expect "server that does not answer" 504 "$(fetch_status "http://$kServer4:8080/wait/5")"
expect_at_most "milliseconds" 2500 $(($(now_ms) - start))

# The gateway stays usable on the same client connection where the request was read in full.
wait_until 2 access_log_has 6
expect "statuses in the log" "502 502 502 502 504 504" "$(access_log | jq .status | xargs)"
expect "endings" "upstream_failed" "$(access_log | jq -r .ending | sort -u | xargs)"
expect "exchanges without a reason" 0 "$(access_log | jq 'select(.reason == "" or .reason == null)' | wc -l)"
