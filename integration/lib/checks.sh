# SPDX-License-Identifier: Apache-2.0
# What scenarios assert with. The first failure ends the scenario.

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

note() { printf '  %s\n' "$*"; }

# expect WHAT WANTED ACTUAL
expect() {
  [ "$2" = "$3" ] || fail "$1: wanted '$2', got '$3'"
  note "$1: $3"
}

# expect_match WHAT REGEX ACTUAL
expect_match() {
  [[ $3 =~ $2 ]] || fail "$1: '$3' does not match '$2'"
  note "$1: $3"
}

# expect_at_most WHAT LIMIT ACTUAL (whole numbers)
expect_at_most() {
  [ "$3" -le "$2" ] || fail "$1: at most $2 allowed, got $3"
  note "$1: $3 (at most $2)"
}

# expect_at_least WHAT LIMIT ACTUAL
expect_at_least() {
  [ "$3" -ge "$2" ] || fail "$1: at least $2 wanted, got $3"
  note "$1: $3 (at least $2)"
}

# fetch URL [CURL ARGUMENT]...: curl on the client host, quiet, within 20 s.
fetch() {
  on_client curl --silent --show-error --noproxy '*' --max-time 20 "${@:2}" "$1"
}

# fetch_status URL [CURL ARGUMENT]...: the status only; 000 when no response came.
fetch_status() {
  local status
  status=$(fetch "$1" --output /dev/null --write-out '%{http_code}' "${@:2}" 2>/dev/null) ||
    [ -n "$status" ]
  echo "$status"
}

sha256_of() {
  sha256sum | cut -d' ' -f1
}

# count_packets HOST HOOK MATCH: starts to count packets; counted HOST reads the count.
count_packets() {
  ip netns exec "$1" nft -f - <<<"table inet lab_count {
    chain c {
      type filter hook $2 priority -500;
      $3 counter
    }
  }"
}

counted() {
  ip netns exec "$1" nft -j list table inet lab_count |
    jq '[.nftables[].rule?.expr[]?.counter?.packets | numbers] | add'
}

# load_start ARGUMENT...: load.py in the background with all 20 client addresses, its result in
# $LAB/load.json once load_stop has been called.
load_start() {
  lab_start load "$LAB_CLIENT" python3 "$LAB_LIB/load.py" --host $kServer4 \
    --sources "$(seq -f '10.99.1.%g' -s, 11 30)" --out "$LAB/load.json" "$@"
}

load_stop() {
  local code=0
  process_gone "${LAB_PIDS[load]}" || kill -TERM "${LAB_PIDS[load]}"
  wait "${LAB_PIDS[load]}" || code=$?
  unset 'LAB_PIDS[load]'
  [ $code -eq 0 ] || fail "load.py ended with code $code: $(tail -n 3 "$LAB/load.err")"
}

# load_errors: what went wrong for its clients, as a JSON list of distinct sentences.
load_errors() { jq -c '[.[] | select(.error) | .error] | unique' "$LAB/load.json"; }
