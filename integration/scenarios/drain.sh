# SIGTERM lets a slow download finish and takes no new connections; then the gateway ends with 0.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start
(fetch "http://$kServer4/drip/300000/100000" | sha256_of >"$LAB/download") &
download=$!
# An idle connection, which has nothing to finish.
client_python <<PY &
from httpio import *
sock = connect("$kServer4")
sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
reader = Reader(sock)
reader.response()
open("$LAB/idle-ready", "w")
check(reader.at_end(timeout=15), "the idle connection was not closed")
import time
open("$LAB/idle-closed", "w").write(str(time.time()))
PY
idle=$!
wait_until 5 test -e "$LAB/idle-ready"
sleep 0.5

stopped=$(date +%s.%N)
kill -TERM "$GATEWAY"
sleep 0.5
process_gone "$GATEWAY" && fail "the gateway has not waited for the download"
before=$(seen_connections .id | wc -l)
expect "status of a new connection" 000 "$(fetch_status "http://$kServer4/" --max-time 1)"
expect "connections at the server since" 0 $(($(seen_connections .id | wc -l) - before))
wait "$idle" || fail "the idle connection"
expect "seconds until the idle connection was closed" 0 \
  "$(jq -n "($(cat "$LAB/idle-closed") - $stopped) | floor")"

wait "$download"
expect "slow download" "$(client_python <<<"from httpio import *; print(pattern_sha256(300000))")" "$(cat "$LAB/download")"
gateway_ends 3
expect "exit code" 0 "$GATEWAY_CODE"
