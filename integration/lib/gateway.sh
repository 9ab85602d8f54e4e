# SPDX-License-Identifier: Apache-2.0
# gatehoused on the gateway host. Binaries are taken from $GATEHOUSE_BIN.

# gateway_start [--workers N] [--gateway LINES] [--config TOML] [--intercept ARGUMENTS]
#               [--argument ARGUMENT]...
# LINES go into [gateway], TOML after it, ARGUMENTS to net.sh, each ARGUMENT to gatehoused. Waits
# for the ready line. Afterwards $GATEWAY is the pid of the parent.
gateway_start() {
  local intercept=(up) arguments=()
  GATEWAY_WORKERS=2 GATEWAY_LINES='' GATEWAY_CONFIG=''
  while [ $# -gt 0 ]; do
    case $1 in
      --workers) GATEWAY_WORKERS=$2 ;;
      --gateway) GATEWAY_LINES=$2 ;;
      --config) GATEWAY_CONFIG=$2 ;;
      --intercept) read -ra intercept <<<"up $2" ;;
      --argument) arguments+=("$2") ;;
      *) fail "gateway_start knows no $1" ;;
    esac
    shift 2
  done
  on_gateway "$LAB_LIB/../net.sh" "${intercept[@]}"
  gateway_count_forwarded
  mkdir -p "$LAB/config" "$LAB/run" "$LAB/log" "$LAB/state"
  gateway_write_config
  gateway_run "${arguments[@]}"
}

gateway_write_config() {
  printf '[gateway]\nworkers = %s\n%s\n%s\n' "$GATEWAY_WORKERS" "$GATEWAY_LINES" "$GATEWAY_CONFIG" \
    >"$LAB/config/gatehouse.toml"
}

# Counts what clients send that is forwarded to the server past gatehoused. The runner asserts at
# the end that it is nothing, so that no scenario passes on traffic that was never intercepted.
# (Traffic to port 81, which no configuration here intercepts, is not counted.)
gateway_count_forwarded() {
  on_gateway nft -f - <<<'table inet lab_forwarded {
    chain c {
      type filter hook forward priority -500;
      iifname "lan0" meta l4proto tcp tcp dport != 81 counter
    }
  }'
}

# Packets forwarded past gatehoused; nothing when no gateway was started.
gateway_forwarded() {
  on_gateway nft -j list table inet lab_forwarded 2>/dev/null |
    jq '[.nftables[].rule?.expr[]?.counter?.packets | numbers] | add' || [ $? -eq 1 ]
}

gateway_run() {
  : >"$LAB/gateway.err"
  lab_start gateway "$LAB_GATEWAY" "$GATEHOUSE_BIN/gatehouse" run --config "$LAB/config/gatehouse.toml" \
    --libexec "$GATEHOUSE_BIN" --run-dir "$LAB/run" --log-dir "$LAB/log" --state-dir "$LAB/state" "$@"
  GATEWAY=${LAB_PIDS[gateway]}
  wait_until 10 gateway_ready_or_gone || fail "gatehoused is not ready after 10 s"
  grep -q 'gatehoused: info: ready:' "$LAB/gateway.err" || fail "gatehoused has ended at its start"
}

gateway_ready_or_gone() {
  grep -q 'gatehoused: info: ready:' "$LAB/gateway.err" || process_gone "$GATEWAY"
}

# gateway_command WORD...: `gatehouse WORD...` for this instance.
gateway_command() {
  on_gateway "$GATEHOUSE_BIN/gatehouse" "$@" --run-dir "$LAB/run"
}

# gateway_ends SECONDS: gatehoused must end within them; its exit code is in GATEWAY_CODE. Not for a
# subshell, which can't wait for a child that is not its own.
gateway_ends() {
  GATEWAY_CODE=0
  lab_wait_exit "$GATEWAY" "$1" || fail "gatehoused is still there after $1 s"
  wait "$GATEWAY" || GATEWAY_CODE=$?
  unset 'LAB_PIDS[gateway]'
}

# Pids of processes of a role: gateway_pids gatehouse-worker. A canary has an argument and is none.
gateway_pids() {
  local pid
  for pid in $(descendants "$GATEWAY"); do
    [ "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)" = "$1 " ] && echo "$pid"
  done
  return 0
}

worker_pids() { gateway_pids gatehouse-worker; }

# status_field PID NAME: a field of /proc/PID/status.
status_field() {
  sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}

# The highest resident size that any worker has had, KiB.
worker_peak_kib() {
  local pid
  for pid in $(worker_pids); do status_field "$pid" VmHWM; done | sort -rn | sed 's/ kB//;q'
}

# Workers that hold a listening socket.
armed_workers() {
  on_gateway ss -Htlnp | grep -o 'pid=[0-9]*' | sed 's/pid=//' | sort -u >"$LAB/listening"
  worker_pids | grep -Fxf "$LAB/listening" || [ $? -eq 1 ]
}

armed_count_is() { [ "$(armed_workers | wc -l)" -eq "$1" ]; }

# One JSON line for each exchange.
access_log() { cat "$LAB/log/access.log"; }

access_log_has() { [ "$(access_log 2>/dev/null | wc -l)" -ge "$1" ]; }
