# Workers that die again and again are restarted with growing pauses, and the others serve on.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start
steady=$(worker_pids | sed -n 1p)
kills=0
end=$(($(now_ms) + 4000))
while [ "$(now_ms)" -lt $end ]; do
  for pid in $(armed_workers | grep -vx "$steady" || true); do
    kill -9 "$pid"
    kills=$((kills + 1))
  done
  sleep 0.02
done
expect_at_least "workers killed" 2 $kills
expect_at_most "workers killed in 4 s" 12 $kills
kill -0 "$steady" || fail "the other worker has ended"
expect "status meanwhile" 200 "$(fetch_status "http://$kServer4/")"
