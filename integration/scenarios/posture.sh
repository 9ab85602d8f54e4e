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

# Root puts a file into the empty root directory of a worker: a difference that posture must find.
worker=$(worker_pids | sed -n 1p)
python3 - "$worker" <<'PY'
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
MS_REMOUNT, CLONE_NEWNS = 0x20, 0x20000
directory = os.readlink(f"/proc/{sys.argv[1]}/root")
if libc.setns(os.open(f"/proc/{sys.argv[1]}/ns/mnt", os.O_RDONLY), CLONE_NEWNS) != 0:
    raise OSError(ctypes.get_errno(), "setns")
for path in (b"/", directory.encode()):
    libc.mount(None, path, None, MS_REMOUNT, None)
os.mkdir(f"{directory}/planted")
PY
expect "the worker's root" planted "$(ls "/proc/$worker/root/")"
posture
expect "exit code with a file in the empty root" 1 $code
note "$(grep DIFFERENCE "$LAB/posture")"
