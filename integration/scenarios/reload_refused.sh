# A reload with an error in the configuration says where it is and keeps the old settings.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start --gateway 'source_address = "own"'
workers=$(worker_pids | xargs)

printf '[gateway]\nworkers = 2\nsource_address = "nobody"\n' >"$LAB/config/gatehouse.toml"
code=0
message=$(gateway_command reload 2>&1) || code=$?
[ $code -ne 0 ] || fail "the reload reports success: $message"
expect_match "message" 'gatehouse\.toml:3:[0-9]+: .*source_address' "$message"

expect "workers" "$workers" "$(worker_pids | xargs)"
expect "status" 200 "$(fetch_status "http://$kServer4/")"
expect "address the server saw" 10.99.2.1 "$(seen_connections '.peer[0]')"

GATEWAY_LINES='source_address = "client"'
gateway_write_config
gateway_command reload
changed() { fetch "http://$kServer4/" >/dev/null && [ "$(seen_connections '.peer[0]' | tail -1)" = $kClient4 ]; }
wait_until 5 changed || fail "a right configuration is not taken afterwards"
