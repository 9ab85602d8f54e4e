# SPDX-License-Identifier: Apache-2.0
# 2,000 peers that are as slow as they can, and one client that isn't.

readonly kSlowPeers=2000
# Below this many milliseconds the scheduler decides, not the gateway: on a machine of two cores the
# slow peers, their server and the client under test compete for the same processors. A gateway that
# looked at every idle connection, or waited for one, would be far above.
readonly kSlowNoise=25

# slow_peers TARGET ARGUMENT...: slowhttptest with those arguments against the server, through the
# gateway, again and again, while a client asks it for a small file all the time.
slow_peers() {
  local target=$1 seconds=6 quiet busy peak there=0 least samples=0
  shift
  [ "${GATEHOUSE_LONG:-0}" = 0 ] || seconds=60
  command -v slowhttptest >/dev/null || skip "slowhttptest is not installed"
  [ "$(ulimit -n)" -ge 8192 ] || ulimit -n 8192 || skip "8192 open files are not allowed here"
  echo small >"$LAB/www/small"
  slow_client 200 2000  # until everything has run once
  slow_client 200 3000
  quiet=$(jq .p99 "$LAB/slow.json")
  note "a client alone, microseconds: $(cat "$LAB/slow.json")"
  peak=$(worker_peak_kib)

  lab_start slow "$LAB_CLIENT" timeout 100 bash -c 'while :; do slowhttptest "$@"; done' - \
    -c $kSlowPeers -r 2000 -l 12 -p 5 -u "http://$kServer4/$target" "$@"
  wait_until 8 slow_peers_there || fail "only $(slow_peers_count) of $kSlowPeers slow peers have connected"
  slow_client 200 $((seconds * 1000)) &
  while ! process_gone $!; do
    there=$((there + $(slow_peers_count)))
    samples=$((samples + 1))
    sleep 0.3
  done
  wait $! || fail "the client has failed"
  kill -TERM "${LAB_PIDS[slow]}"
  busy=$(jq .p99 "$LAB/slow.json")
  note "the same beside slow peers: $(cat "$LAB/slow.json")"

  expect_at_least "slow peers on average" $((kSlowPeers / 2)) $((there / samples))
  expect "errors of the client" 0 "$(jq .errors "$LAB/slow.json")"
  least=$((kSlowNoise * 1000))
  expect_at_most "its p99, microseconds" $((2 * quiet > least ? 2 * quiet : least)) "$busy"
  # Of two workers; each connection has its buffers and no more.
  expect_at_most "growth of the bigger worker, KiB for each of its slow peers" 64 \
    $((($(worker_peak_kib) - peak) * 2 / kSlowPeers))
  wait_until 25 slow_peers_gone || fail "$(slow_peers_count) connections of slow peers are left"
  expect "status afterwards" 200 "$(fetch_status "http://$kServer4/small")"
}

slow_peers_count() { on_gateway ss -Htn state established "sport = :80" | wc -l; }
slow_peers_there() { [ "$(slow_peers_count)" -ge $((kSlowPeers * 9 / 10)) ]; }

slow_peers_gone() { [ "$(slow_peers_count)" -lt 20 ]; }

# slow_client RATE MILLISECONDS: writes p50, p99 and the greatest time in microseconds, and the number
# of requests and errors, to $LAB/slow.json.
slow_client() {
  client_python "$1" "$2" >"$LAB/slow.json" <<PY
import json, sys, time
from httpio import *
rate, milliseconds = int(sys.argv[1]), int(sys.argv[2])
sock = connect("$kServer4")
reader = Reader(sock)
times, errors = [], 0
end = time.monotonic() + milliseconds / 1000
while (start := time.monotonic()) < end:
    try:
        sock.sendall(b"GET /small HTTP/1.1\r\nHost: a\r\n\r\n")
        response = reader.response()
        errors += (response.status, response.body) != (200, b"small\n")
    except (OSError, Closed):
        errors += 1
        sock = connect("$kServer4")
        reader = Reader(sock)
    times.append(time.monotonic() - start)
    time.sleep(max(0, start + 1 / rate - time.monotonic()))
times.sort()
at = lambda part: round(times[int(len(times) * part)] * 1e6)
print(json.dumps(dict(p50=at(0.5), p99=at(0.99), most=at(0.9999), requests=len(times), errors=errors)))
PY
}
