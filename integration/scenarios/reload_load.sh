# Reloads under full load, each with other rules and another number of workers, lose nothing: no
# connection is refused or reset, every response is whole, whether a client keeps its connection or
# makes one for each request. GATEHOUSE_LONG=1: 1,000 reloads; GATEHOUSE_RELOADS=N: so many.
# SPDX-License-Identifier: Apache-2.0
reloads=${GATEHOUSE_RELOADS:-30}
[ "${GATEHOUSE_LONG:-0}" = 0 ] || reloads=${GATEHOUSE_RELOADS:-1000}
mkdir -p "$LAB/www/length"
head -c 1000 /dev/zero >"$LAB/www/page"
PYTHONPATH=$LAB_LIB python3 - <<PY
from httpio import pattern
for size in range(30000, 30010):
    with open(f"$LAB/www/length/{size}", "wb") as file:
        file.writelines(pattern(size))
PY
nginx_start
# rules N: what every client here may do, said in another way each time.
rules() {
  printf 'set odd%s = 192.0.2.%s, 10.99.1.%s\n' "$1" $(($1 % 250)) $((100 + $1 % 100))
  printf 'deny never%s from @odd%s\ndeny gone%s path /gone%s, /gone/*\n' "$1" "$1" "$1" "$1"
  case $(($1 % 3)) in
    0) printf 'allow default\n' ;;
    1) printf 'allow web%s to 10.99.2.0/24 port 80\ndeny default\n' "$1" ;;
    2) printf 'tag all%s port 80 as n%s\nallow net%s from 10.99.1.0/24\ndeny default\n' "$1" "$1" "$1" ;;
  esac
}
mkdir -p "$LAB/config"
rules 0 >"$LAB/config/policy.gh"
gateway_start --gateway 'policy = "policy.gh"'

# pound NAME ARGUMENT...: wrk for as long as it takes.
pound() {
  lab_start "$1" "$LAB_CLIENT" wrk --threads 1 --duration 3600 --timeout 20 "${@:2}" "http://$kServer4/page"
}
pound kept --connections 32
pound fresh --connections 16 --header 'Connection: close'
lab_start bodies "$LAB_CLIENT" python3 "$LAB_LIB/load.py" --host $kServer4 --clients 10 --size 30000 \
  --pause 0.02 --sources "$(seq -f '10.99.1.%g' -s, 12 21)" --out "$LAB/bodies.json"

started=$SECONDS
for done in $(seq "$reloads"); do
  rules $done >"$LAB/config/policy.gh"
  GATEWAY_WORKERS=$((1 + done % 3))
  gateway_write_config
  gateway_command reload >"$LAB/reload.out" 2>&1 || fail "reload $done: $(cat "$LAB/reload.out")"
  [ $((done % 100)) -ne 0 ] || note "$done reloads after $((SECONDS - started)) s"
done
elapsed=$((SECONDS - started))
note "$reloads reloads in $elapsed s"

# ended NAME: stops a load that ends with a report; its code.
ended() {
  local code=0
  kill -INT "${LAB_PIDS[$1]}"
  wait "${LAB_PIDS[$1]}" || code=$?
  unset "LAB_PIDS[$1]"
  expect "how $1 ended" 0 $code
}
for load in kept fresh; do
  ended $load
  # "Socket errors: connect, read, write, timeout" and "Non-2xx" are lines only where there are any.
  expect "errors of $load" "" "$(grep -E 'Socket errors|Non-2xx' "$LAB/$load.out" || true)"
  requests=$(sed -n 's/^ *\([0-9]*\) requests in .*/\1/p' "$LAB/$load.out")
  expect_at_least "requests of $load" $((100 * elapsed)) "$requests"
done
kill -TERM "${LAB_PIDS[bodies]}"
wait "${LAB_PIDS[bodies]}" || fail "load.py"
unset 'LAB_PIDS[bodies]'
expect "clients with an error" "[]" "$(jq -c '[.[] | select(.error) | .error] | unique' "$LAB/bodies.json")"
expect_at_least "whole bodies" $((10 * elapsed)) "$(jq '[.[].right] | add' "$LAB/bodies.json")"

# Nobody is left behind: those of older policies have drained and gone.
expected_workers() { [ "$(worker_pids | wc -l)" -eq "$GATEWAY_WORKERS" ]; }
wait_until 10 expected_workers || fail "$(worker_pids | wc -l) workers are left of $GATEWAY_WORKERS"
expect "violations and workers that died" "0 0" \
  "$(gateway_command status --json | jq -r '"\(.violations) \(.restarts)"')"
