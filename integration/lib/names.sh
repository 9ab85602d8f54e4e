# SPDX-License-Identifier: Apache-2.0
# The lab's DNS server, on the server host, and what forward mode needs in a configuration.

# names_start ZONE: dns_server.py with that zone (JSON); see names_asked.
names_start() {
  printf '%s' "$1" >"$LAB/zone.json"
  : >"$LAB/names.jsonl"
  lab_start names "$LAB_SERVER" python3 "$LAB_LIB/dns_server.py" --zone "$LAB/zone.json" \
    --log "$LAB/names.jsonl" "$kServer4:53" "[$kServer6]:53"
  wait_until 5 grep -q 'listening \[' "$LAB/names.out" || fail "the DNS server does not listen"
}

# names_asked NAME: how many questions about it the DNS server has got, A and AAAA together.
names_asked() {
  jq -s --arg name "$1" 'map(select(.name == $name)) | length' "$LAB/names.jsonl"
}

# Sections for a configuration with a forward listener on the gateway's addresses. What the lab
# calls the server is private, so forward mode would refuse it.
readonly kForwardListener='
[[listen]]
mode = "forward"
[resolver]
servers = ["10.99.2.2"]
timeout = "500ms"
[forward]
allow_private = ["10.99.0.0/16", "fd42:99::/32"]'
readonly kForwardClients='clients = ["10.99.1.0/24", "fd42:99:1::/64"]'

# through_forward CURL ARGUMENT...: curl on the client host with the gateway as its proxy.
through_forward() {
  on_client curl --silent --show-error --max-time 20 --proxy "http://$kGateway4:3128" "$@"
}

# forward_status URL [CURL ARGUMENT]...: the status only; 000 when no response came.
forward_status() {
  local status
  status=$(through_forward "$1" --output /dev/null --write-out '%{http_code}' "${@:2}" 2>/dev/null) ||
    [ -n "$status" ]
  echo "$status"
}

# logged SELECT FIELD: that field of the last exchange in the log that SELECT (of jq) chooses, which is
# given 3 s to appear.
logged() {
  local found="select($1) | .$2"
  wait_until 3 is_logged "$found" || fail "no exchange with $1 in the log"
  access_log | jq -r "$found" | tail -1
}

is_logged() { [ -n "$(access_log 2>/dev/null | jq -r "$1")" ]; }

# skip WHY: this machine lacks something that only this scenario needs.
skip() {
  printf '\n*** SKIPPED: %s ***\n\n' "$1"
  exit 77
}
