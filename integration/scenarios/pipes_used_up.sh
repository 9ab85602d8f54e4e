# A worker whose user has used up its share of pipe memory starts all the same and relays whole bodies.
# SPDX-License-Identifier: Apache-2.0
origin_start
# Users of this scenario alone: the share belongs to the user on the whole machine.
readonly kUidBase=64300
lab_start hoarder "$LAB_SERVER" setpriv --reuid $((kUidBase + 1)) --regid $((kUidBase + 1)) --clear-groups \
  python3 -c '
import fcntl, os, resource, time
pipes = []
try:
    while True:
        pipes.append(os.pipe())
        fcntl.fcntl(pipes[-1][0], 1031, 1 << 20)  # F_SETPIPE_SZ
except PermissionError:
    print(len(pipes), "pipes of 1 MiB and no more", flush=True)
time.sleep(600)'
share_is_used_up() { grep -qs "no more" "$LAB/hoarder.out"; }
wait_until 5 share_is_used_up || fail "the share of pipe memory is not used up: $(cat "$LAB/hoarder.err")"
note "$(cat "$LAB/hoarder.out")"

gateway_start --argument --uid-base --argument $kUidBase
expect "body" "$(client_python <<<'from httpio import *; print(pattern_sha256(20000000))')" \
  "$(fetch "http://$kServer4/length/20000000" | sha256_of)"
gateway_command posture >"$LAB/posture" || fail "posture: $(cat "$LAB/posture")"
