#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Shows Gatehouse at work on this machine: sudo integration/demo.sh
# Installs what is missing (Debian 12), builds, makes three hosts as network namespaces - a client, a
# gateway and a server - and sends the client's requests through the gateway. Nothing is left behind
# but the packages and build/release; this machine's own network is not touched.
set -euo pipefail
shopt -s inherit_errexit

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$top/integration/lib/lab.sh"
. "$top/tests/packages.sh"

if [ "${1:-}" != --inside ]; then
  if [ "$(id -u)" -ne 0 ]; then
    echo "The demonstration makes network namespaces and needs root: sudo integration/demo.sh" >&2
    exit 1
  fi
  install_packages "${kBuildPackages[@]}" "${kLabPackages[@]}"
  missing=$(lab_missing)
  if [ -n "$missing" ]; then
    echo "The demonstration can not run here: $missing" >&2
    exit 1
  fi
  echo "Building (build/release); the first time takes some minutes."
  if [ ! -f "$top/build/release/build.ninja" ]; then
    mkdir -p "$top/build"
    cmake -S "$top" -B "$top/build/release" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
      -DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DGATEHOUSE_TESTS=OFF >"$top/build/release.log" ||
      { cat "$top/build/release.log"; exit 1; }
  fi
  # The programs only, where the tests are configured as well.
  NINJA_STATUS='[%f/%t] ' ninja -C "$top/build/release" programs
  export GATEHOUSE_BIN=$top/build/release/bin
  lab_enter bash "${BASH_SOURCE[0]}" --inside
fi

. "$top/integration/lib/checks.sh"
. "$top/integration/lib/gateway.sh"
. "$top/integration/lib/origin.sh"

finish() {
  local code=$?
  trap - EXIT
  set +e
  if [ $code -ne 0 ]; then
    tail -n 20 "$LAB"/*.err >&2
    echo "The demonstration has failed; the lines above say more." >&2
  fi
  lab_down || code=1
  exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM

heading() { printf '\n\033[1m%s\033[0m\n' "$1"; }
[ -t 1 ] || heading() { printf '\n%s\n' "$1"; }

lab_up
heading "Three hosts, made for this demonstration"
printf '  client %s  --  gateway  --  server %s\n' $kClient4 $kServer4
printf '  client %s  --  gateway  --  server %s\n' $kClient6 $kServer6
nginx_start
mkdir -p "$LAB/www"
echo 'Hello from the server.' >"$LAB/www/index.html"
gateway_start
echo '  The gateway takes every connection to port 80 that passes through it.'

for url in "http://$kServer4/" "http://[$kServer6]/"; do
  heading "The client types: curl $url"
  fetch "$url" | sed 's/^/  /'
done

heading "What the server saw: the client's own addresses"
sed -E 's/^([^ ]+) .*"([^"]*)" ([0-9]+)$/  from \1: \2, answered \3/' "$LAB/nginx/access.log"

heading "What the gateway logged"
wait_until 3 access_log_has 2 || fail "the gateway has logged nothing"
access_log | jq -r '"  \(.client) asked \(.destination) port \(.destination_port): \(.method) http://\(.host)\(.target)",
  "    status \(.status), \(.octets_out) octets to the client, \(.total_us) microseconds, \(.ending), worker \(.worker)"'

heading "Did anything pass beside the gateway?"
printf '  %s packets of the client were forwarded to the server directly.\n' "$(gateway_forwarded)"

heading "Which process holds which privilege (gatehouse posture)"
gateway_command posture | sed 's/^/  /'

heading "Done"
echo '  Stopping the gateway, removing the hosts.'
