# kill -9 of a worker under load ends that worker's connections only, and within a second another
# one accepts in its place.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start
first_workers=$(worker_pids | sort | xargs)
load_start --clients 60 --pause 0.005
sleep 1

# "address:port pid" of the accepted connections, as the kernel has them.
connections() {
  on_gateway ss -Htnp state established "sport = :80" |
    sed -nE 's/.* ([0-9.]+:[0-9]+) +users:.*pid=([0-9]+).*/\1 \2/p' | sort
}

killed_connections=0
killed=
for victim in $first_workers; do
  connections >"$LAB/held.$victim"
  grep " $victim$" "$LAB/held.$victim" | cut -d' ' -f1 >>"$LAB/lost"
  kill -9 "$victim"
  start=$(now_ms)
  killed+=" $victim"
  wait_until 2 armed_count_is 2 || fail "no worker replaced $victim: $(worker_pids | xargs)"
  expect_at_most "milliseconds until another worker accepts" 1000 $(($(now_ms) - start))
  sleep 0.5
done
for pid in $(worker_pids); do
  [[ " $killed " != *" $pid "* ]] || fail "worker $pid was killed and is still there"
done

# The replacements serve.
expect "status afterwards" 200 "$(fetch_status "http://$kServer4/")"
load_stop
jq -r '.[] | select(.error) | "\(.source):\(.ports[-1])"' "$LAB/load.json" | sort >"$LAB/failed"
expect_at_least "connections of the killed workers" 1 "$(wc -l <"$LAB/lost")"
expect "connections that failed and were no killed worker's" 0 \
  "$(sort "$LAB/lost" | comm -13 - "$LAB/failed" | wc -l)"
expect "connections that failed" "$(wc -l <"$LAB/lost")" "$(wc -l <"$LAB/failed")"
