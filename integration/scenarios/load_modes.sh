# Many clients at once through forward and reverse mode: every body is whole, while servers behind
# reverse mode come and go.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
. "$LAB_LIB/servers.sh"
seconds=4
[ "${GATEHOUSE_LONG:-0}" = 0 ] || seconds=20
# What load.py asks for, as files: nginx ends gracefully, so that no body is cut when a server goes.
mkdir -p "$LAB/www/length"
PYTHONPATH=$LAB_LIB python3 - <<PY
from httpio import pattern
for size in range(30000, 30060):
    with open(f"$LAB/www/length/{size}", "wb") as file:
        file.writelines(pattern(size))
PY
server_start one 8081
server_start two 8082
names_start '{"load.example": {"A": ["198.51.100.7", "198.51.100.8"], "AAAA": ["2001:db8:99::7"], "ttl": 1}}'
gateway_start --gateway "$kForwardClients" --config "
[[listen]]
$kForwardListener
[[listen]]
mode = \"reverse\"
port = 8080
upstream = \"pair\"
[[upstream]]
name = \"pair\"
servers = [\"$kServer4:8081\", \"$kServer4:8082\"]
down = \"1s\""

# responses WHAT ARGUMENT...: a load with those arguments.
responses() {
  local what=$1
  shift
  load_start --host $kGateway4 --clients 60 --size 30000 "$@"
  # The second server is away for half the time.
  sleep $((seconds / 4))
  [ "$what" != reverse ] || server_stop two
  sleep $((seconds / 2))
  [ "$what" != reverse ] || server_start two 8082
  sleep $((seconds / 4))
  load_stop
  expect "$what: clients with an error" "[]" "$(load_errors)"
  expect_at_least "$what: whole bodies" 500 "$(jq '[.[].right] | add' "$LAB/load.json")"
}

responses forward --port 3128 --proxied http://load.example:8081
responses "forward, new connections" --port 3128 --proxied http://load.example:8081 --new-connections --pause 0.01
responses reverse --port 8080
responses reverse --port 8080 --new-connections --pause 0.01
expect_at_least "log lines of server two" 100 "$(wc -l <"$LAB/two/access.log")"
