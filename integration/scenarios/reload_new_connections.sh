# Clients that open a connection for each request notice nothing of reloads.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start
load_start --clients 20 --new-connections --pause 0.005
sleep 0.5
for via in off request both request; do
  GATEWAY_LINES="via = \"$via\""
  gateway_write_config
  gateway_command reload
  sleep 0.3
done
load_stop
expect "clients with an error" "[]" "$(load_errors)"
expect_at_least "connections" 200 "$(jq '[.[].ports | length] | add' "$LAB/load.json")"
