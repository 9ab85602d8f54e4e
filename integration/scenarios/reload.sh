# gatehouse reload under load loses no connection, and the new settings hold for new ones.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start --gateway 'clients = ["10.99.1.0/24"]'
load_start --clients 30 --pause 0.002
sleep 0.5
expect "IPv6 before" 403 "$(fetch_status "http://[$kServer6]/")"

for networks in '"10.99.1.0/24", "fd42:99:1::/64"' '"10.99.1.0/24"' '"0.0.0.0/0", "::/0"'; do
  GATEWAY_LINES="clients = [$networks]"
  gateway_write_config
  gateway_command reload
  wanted=403
  [[ $networks != *::* ]] || wanted=200
  status_is() { [ "$(fetch_status "http://[$kServer6]/")" = "$wanted" ]; }
  wait_until 5 status_is || fail "the new settings do not hold: $networks"
  note "clients = [$networks]: IPv6 gives $wanted"
  sleep 0.3
done
# By signal too.
GATEWAY_LINES='clients = ["10.99.1.0/24"]'
gateway_write_config
kill -HUP "$GATEWAY"
wanted=403
wait_until 5 status_is || fail "SIGHUP does not load the new settings"

# New connections are made all the while as well.
load_stop
expect "clients with an error" "[]" "$(load_errors)"
expect_at_least "responses" 500 "$(jq '[.[].right] | add' "$LAB/load.json")"
