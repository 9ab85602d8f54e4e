# A wrong configuration or command line ends gatehoused with code 2 before anything is started.
# SPDX-License-Identifier: Apache-2.0
mkdir -p "$LAB/config" "$LAB/run" "$LAB/log"
run() {
  on_gateway timeout 10 "$GATEHOUSE_BIN/gatehouse" run --config "$LAB/config/gatehouse.toml" --libexec "$GATEHOUSE_BIN" \
    --run-dir "$LAB/run" --log-dir "$LAB/log" --state-dir "$LAB/state" "$@" >"$LAB/run.out" 2>&1
}
code_of() {
  local code=0
  "$@" || code=$?
  echo "$code"
}

printf '[gateway]\nworkers = 0\n' >"$LAB/config/gatehouse.toml"
expect "code for a wrong value" 2 "$(code_of run)"
expect_match "message" 'gatehouse\.toml:2:[0-9]+: .*workers' "$(cat "$LAB/run.out")"
printf '[gateway\n' >"$LAB/config/gatehouse.toml"
expect "code for wrong syntax" 2 "$(code_of run)"
rm "$LAB/config/gatehouse.toml"
expect "code for a missing file" 2 "$(code_of run)"
: >"$LAB/config/gatehouse.toml"
expect "code for an unknown option" 2 "$(code_of run --no-such-option)"
expect "listening sockets" "" "$(on_gateway ss -Htln)"
