# 500 clients from 20 addresses at once each get their own right bodies, and the server sees all 20
# addresses.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start

sources=$(seq -f '10.99.1.%g' -s, 11 30)
on_client python3 "$LAB_LIB/load.py" --host $kServer4 --clients 500 --sources "$sources" \
  --requests 6 --size 20000 --out "$LAB/load.json"
expect "clients with an error" "[]" "$(jq -c '[.[] | select(.error) | .error] | unique' "$LAB/load.json")"
expect "right bodies" 3000 "$(jq '[.[].right] | add' "$LAB/load.json")"
expect "addresses the server saw" 20 "$(seen_connections '.peer[0]' | sort -u | wc -l)"
expect "upstream connections" 500 "$(seen_connections .id | wc -l)"
wait_until 3 access_log_has 3000 || fail "the log has $(access_log | wc -l) of 3000 exchanges"
expect "workers that served them" 2 "$(access_log | jq .worker | sort -u | wc -l)"
