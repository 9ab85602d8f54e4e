# gatehouse posture agrees with a healthy gateway, also after a worker was replaced, and exits 1
# when a process is not as declared.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start
fetch "http://$kServer4/" >/dev/null

posture() {
  code=0
  gateway_command posture >"$LAB/posture" 2>&1 || code=$?
}

posture
[ $code -eq 0 ] || { cat "$LAB/posture"; fail "posture exits with $code"; }
for role in parent worker logger; do
  grep -q "$role" "$LAB/posture" || fail "posture does not show the $role"
done
kill -9 "$(worker_pids | sed -n 1p)"
sleep 0.2
wait_until 2 armed_count_is 2
posture
[ $code -eq 0 ] || { cat "$LAB/posture"; fail "after a restart posture exits with $code"; }
note "healthy: exit code 0"

# Root raises a limit of a worker: a difference that posture must find.
worker=$(worker_pids | sed -n 1p)
prlimit --pid "$worker" --core=1000000:1000000
posture
expect "exit code with a raised limit" 1 $code
note "$(grep -i core "$LAB/posture" | head -1)"
