# Clients and servers that go away at any point, in all three modes, and workers and the resolver that
# are killed meanwhile leave nothing behind: descriptors and memory of every process are as before.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
seconds=12
[ "${GATEHOUSE_LONG:-0}" = 0 ] || seconds=45
seconds=${GATEHOUSE_SOAK_SECONDS:-$seconds}
origin_start 80
names_start '{"chaos.example": {"A": ["198.51.100.7"], "AAAA": ["2001:db8:99::7"], "ttl": 1}}'
gateway_start --workers 2 --gateway "$kForwardClients
host_check = \"tag\"" --config "
[timeouts]
head = \"3s\"
idle = \"3s\"
stall = \"3s\"
[[listen]]
on_not_http = \"tunnel\"
$kForwardListener
connect_ports = [80, 443]
[[listen]]
mode = \"reverse\"
port = 8080
upstream = \"origin\"
[[upstream]]
name = \"origin\"
fails = 100
servers = [\"$kServer4:80\", \"[$kServer6]:80\"]"

processes() { echo "$GATEWAY" && descendants "$GATEWAY"; }
# A line for each process: its name, how many descriptors it has, its resident KiB; sorted.
census() {
  local pid name
  for pid in $(processes); do
    read -r -d '' name <"/proc/$pid/cmdline" || continue
    printf '%s %s %s\n' "${name##*/}" "$(find "/proc/$pid/fd" -type l 2>/dev/null | wc -l)" \
      "$(status_field "$pid" VmRSS | sed 's/ kB//')"
  done | sort
}
descriptors() { census | cut -d' ' -f1,2; }
largest() { census | sed -n "s/^$1 [0-9]* //p" | sort -n | tail -1 | grep . || fail "there is no $1"; }
chaos() {
  on_client env PYTHONPATH="$LAB_LIB" python3 "$LAB_LIB/chaos.py" --seconds "$1" --clients "$2" --seed "${GATEHOUSE_SOAK_SEED:-1}" \
    "transparent=$kServer4:80" "transparent=[$kServer6]:80" "forward=$kGateway4:3128" "reverse=$kGateway4:8080" 2>"$LAB/chaos.err"
}

settled() { [ -z "$(on_gateway ss -Htn state established)" ] && armed_count_is 6; }
wait_until 5 settled || fail "the gateway is not at rest before it begins"
before=$(descriptors)

chaos 4 30 >"$LAB/chaos" || fail "wrong answers: $(tail -n 3 "$LAB/chaos")"  # all code has run once
wait_until 20 settled || fail "connections are left: $(on_gateway ss -Htn)"
declare -A resident
for role in gatehoused gatehouse-worker gatehouse-resolver gatehouse-logger; do resident[$role]=$(largest $role); done

chaos "$seconds" 40 >"$LAB/chaos" &
rounds=0
# Workers that die again and again are restarted later and later: no more than some kills in all.
pause=$((seconds / 8 > 3 ? seconds / 8 : 3))
while ! process_gone $!; do
  sleep $pause
  process_gone $! && break
  rounds=$((rounds + 1))
  if [ $((rounds % 3)) -eq 0 ]; then
    kill -9 "$(gateway_pids gatehouse-resolver)"
  else
    kill -9 "$(worker_pids | shuf -n 1)"
  fi
done
wait $! || fail "wrong answers: $(tail -n 3 "$LAB/chaos")"
note "$rounds kills, $(tail -n 1 "$LAB/chaos")"
# Most of the mix breaks off. With this seed three runs of 12 s had 335 to 389; about half must come.
expect_at_least "right answers" $((seconds * 15)) "$(grep -o "'right': [0-9]*" "$LAB/chaos" | grep -o '[0-9]*')"

wait_until 30 settled || fail "connections are left: $(on_gateway ss -Htn)"
as_before() { [ "$(descriptors)" = "$before" ]; }
wait_until 10 as_before || fail "descriptors were and are: $(diff <(echo "$before") <(descriptors) | xargs)"
note "descriptors: $(descriptors | uniq -c | xargs)"
for role in gatehoused gatehouse-resolver gatehouse-logger; do
  expect_at_most "growth of $role, KiB" 1024 $(($(largest $role) - ${resident[$role]}))
done
# Buffers of a worker stay with it, as many as it had connections at once.
expect_at_most "growth of the largest worker, KiB" 8192 $(($(largest gatehouse-worker) - resident[gatehouse-worker]))
expect "violations" 0 "$(grep -c security "$LAB/gateway.err" || [ $? -eq 1 ])"
