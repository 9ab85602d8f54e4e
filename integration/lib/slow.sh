# SPDX-License-Identifier: Apache-2.0
# 2,000 peers that are as slow as they can, and one client that isn't.
#
# What is compared: the client's p99 while the slow peers are clients of the gateway, with its p99
# while just as many torment the server past the gateway. In both the machine, which here carries the
# peers and the server as well, has the same work; what differs is the gateway's. (Only in the long
# run; the short one has the floor below.)

readonly kSlowPeers=2000
# Below this many milliseconds the scheduler of a machine of two cores decides more than the gateway:
# p99 past the gateway was 1 to 3 ms in runs of one hour. A gateway that looked at every idle
# connection, or waited for one, would be far above.
readonly kSlowNoise=25
# They begin one after another and each makes its peers over ten seconds, so that peers come and are
# given up one by one all the time.
readonly kSlowGroups=10

# slow_peers TARGET ARGUMENT...: slowhttptest with those arguments, through the gateway, again and
# again, while a client asks the server for a small file all the time. nginx_start 81 comes before.
slow_peers() {
  local target=$1 seconds=6 past=0 busy peak least=$((kSlowNoise * 1000))
  shift
  [ "${GATEHOUSE_LONG:-0}" = 0 ] || seconds=60
  command -v slowhttptest >/dev/null || skip "slowhttptest is not installed"
  [ "$(ulimit -n)" -ge 8192 ] || ulimit -n 8192 || skip "8192 open files are not allowed here"
  echo small >"$LAB/www/small"
  slow_client 200 3000
  note "a client alone, microseconds: $(cat "$LAB/slow.json")"

  if [ "${GATEHOUSE_LONG:-0}" != 0 ]; then
    beside_slow_peers 81 "$seconds" "$target" "$@"
    past=$(jq .p99 "$LAB/slow.json")
    note "beside slow peers of the server, past the gateway: $(cat "$LAB/slow.json")"
  fi

  peak=$(worker_peak_kib)
  beside_slow_peers 80 "$seconds" "$target" "$@"
  busy=$(jq .p99 "$LAB/slow.json")
  note "beside slow peers of the gateway: $(cat "$LAB/slow.json")"
  expect_at_most "its p99, microseconds" $((2 * past > least ? 2 * past : least)) "$busy"
  # Of two workers; each connection has its buffers and no more.
  expect_at_most "growth of the bigger worker, KiB for each of its slow peers" 64 \
    $((($(worker_peak_kib) - peak) * 2 / kSlowPeers))
  wait_until 25 slow_peers_gone 80 || fail "$(slow_peers_count 80) connections of slow peers are left"
  expect "status afterwards" 200 "$(fetch_status "http://$kServer4/small")"
}

# beside_slow_peers PORT SECONDS TARGET ARGUMENT...: slow_client while the slow peers are there.
beside_slow_peers() {
  local port=$1 seconds=$2 target=$3 there=0 samples=0 i
  shift 3
  for ((i = 0; i < kSlowGroups; ++i)); do
    lab_start "slow$i" "$LAB_CLIENT" timeout 150 chrt --idle 0 bash -c 'sleep $1; shift
      while :; do slowhttptest "$@"; done' - $((2 * i)) \
      -c $((kSlowPeers / 5)) -r $((kSlowPeers / 50)) -l 25 -p 5 \
      -u "http://$kServer4:$port/$target" "$@"
  done
  wait_until 40 slow_peers_there "$port" || fail "only $(slow_peers_count "$port") of $kSlowPeers slow peers have connected"
  slow_client 200 $((seconds * 1000)) &
  while ! process_gone $!; do
    there=$((there + $(slow_peers_count "$port")))
    samples=$((samples + 1))
    sleep 1
  done
  wait $! || fail "the client has failed"
  for ((i = 0; i < kSlowGroups; ++i)); do kill -TERM "${LAB_PIDS[slow$i]}"; done
  expect_at_least "slow peers of port $port on average" $((kSlowPeers * 3 / 4)) $((there / samples))
  expect "errors of the client" 0 "$(jq .errors "$LAB/slow.json")"
  wait_until 30 slow_peers_gone "$port" || fail "$(slow_peers_count "$port") connections of slow peers are left"
}

# slow_peers_count PORT: their connections, where they end: at the gateway, or past it at the server.
slow_peers_count() {
  if [ "$1" = 80 ]; then
    on_gateway ss -Htn state established "sport = :80" | wc -l
  else
    on_server ss -Htn state established "sport = :$1" | wc -l
  fi
}
slow_peers_there() { [ "$(slow_peers_count "$1")" -ge $((kSlowPeers * 9 / 10)) ]; }
slow_peers_gone() { [ "$(slow_peers_count "$1")" -lt 20 ]; }

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
