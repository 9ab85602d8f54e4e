# A list of half a million names (with --long 10 million, 190 MB of text) is live within 5 s of its
# change, without a lost connection, and workers share its one copy.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
names=500000
[ "${GATEHOUSE_LONG:-0}" = 0 ] || names=10000000
origin_start
mkdir -p "$LAB/config"
# make_list FIRST: names of three and of two labels, and FIRST in front.
make_list() {
  awk -v names="$names" -v first="$1" 'BEGIN {
    print first
    for (i = 1; i < names; i++) printf i % 3 ? "tracker-%d.example.com\n" : "shop%d.example\n", i
    print "last.example"
  }' >"$LAB/config/large.txt"
}
printf 'list large = "large.txt"\ndeny large to @large\nallow default\n' >"$LAB/config/policy.gh"
make_list first.example
gateway_start --gateway 'policy = "policy.gh"'
ask() { fetch_status "http://198.51.100.7/" --header "Host: $1"; }
expect "a name on the list" 403 "$(ask first.example)"
expect "the last one" 403 "$(ask www.last.example)"
expect "another name" 200 "$(ask second.example)"

load_start --clients 20 --pause 0.01
sleep 2
make_list second.example
before=$(access_log | wc -l)
start=$(date +%s%N)
gateway_command reload
expect "now on the list" 403 "$(ask second.example)"
took=$((($(date +%s%N) - start) / 1000000))
expect "no longer on the list" 200 "$(ask first.example)"
load_stop
note "$names names live after $took ms"
expect_at_most "milliseconds from reload to a decision by the new list" 5000 "$took"
expect "clients with an error" "[]" "$(load_errors)"

# The 99th percentile of what the gateway says of exchanges, in milliseconds.
p99() { jq -s 'map(select(.status == 200) | .total_us) | sort | .[length * 99 / 100 | floor] / 1000 | floor'; }
quiet=$(access_log | sed "$((before + 1)),\$d" | p99)
busy=$(access_log | tail -n "+$((before + 1))" | p99)
note "99 % of exchanges took at most $quiet ms before the reload and $busy ms during it and after"

# One copy, however many workers: what is private to a worker is small.
for pid in $(worker_pids); do
  private=$(awk '/^Private_(Clean|Dirty)/ { sum += $2 } END { print int(sum / 1024) }' "/proc/$pid/smaps_rollup")
  expect_at_most "MiB of worker $pid's own" 20 "$private"
done
