# A browser loads a page with 50 subresources through transparent mode, and through forward mode by
# http and https; its scripts count 50, and the server has sent 51.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
. "$LAB_LIB/servers.sh"
. "$LAB_LIB/tls.sh"
browser=$(command -v chromium || command -v chromium-headless-shell) ||
  skip "chromium is not installed (tests/run.sh --long installs it)"
server_start web 80
tls_start 443 page.example
names_start '{"page.example": {"A": ["198.51.100.7"], "AAAA": ["2001:db8:99::7"]}}'
gateway_start --gateway "$kForwardClients" --config "
[[listen]]
$kForwardListener"

{
  echo '<!DOCTYPE html><title>page</title><script>let n = 0; const loaded = () => { ++n; };
    addEventListener("load", () => { document.body.dataset.loaded = n; });</script><body>'
  for i in $(seq 20); do
    echo "<svg xmlns='http://www.w3.org/2000/svg' width='$i' height='1'/>" >"$LAB/www/$i.svg"
    echo "<img src=$i.svg onload=loaded()>"
  done
  for i in $(seq 20); do
    { echo 'loaded();'; head -c $((i * 5000)) /dev/zero | tr '\0' ' '; } >"$LAB/www/$i.js"
    echo "<script src=$i.js></script>"
  done
  for i in $(seq 10); do
    echo "b { top: ${i}px }" >"$LAB/www/$i.css"
    echo "<link rel=stylesheet href=$i.css onload=loaded()>"
  done
} >"$LAB/www/page.html"

# load NAME URL ACCESS-LOG [ARGUMENT]...
load() {
  local name=$1 url=$2 log=$3
  shift 3
  : >"$log"
  on_client env HOME="$LAB/$name" timeout -k 5 60 "$browser" --headless --no-sandbox --disable-gpu \
    --disable-quic --no-first-run --disable-background-networking --disable-component-update \
    --disable-sync --disable-default-apps --disable-extensions --disable-dev-shm-usage \
    --disable-breakpad --user-data-dir="$LAB/$name" "$@" --dump-dom "$url" \
    >"$LAB/$name.dom" 2>"$LAB/$name.log" ||
    fail "the browser ends with code $?: $(tail -n 3 "$LAB/$name.log")"
  expect "$name: subresources that a script has counted" 50 \
    "$(grep -o 'data-loaded="[0-9]*"' "$LAB/$name.dom" | grep -o '[0-9]*')"
  expect "$name: files that the server has sent" 51 \
    "$(grep -E 'GET /(page\.html|[0-9]+\.(svg|js|css)) HTTP/1\.1" 200' "$log" | grep -o 'GET [^ ]*' | sort -u | wc -l)"
}

load transparent "http://$kServer4/page.html" "$LAB/web/access.log"
load transparent6 "http://[$kServer6]/page.html" "$LAB/web/access.log"
load forward http://page.example/page.html "$LAB/web/access.log" --proxy-server="http://$kGateway4:3128"
expect "who asked the server" 1 "$(grep -oE '^(10\.99\.2\.1|fd42:99:2::1) ' "$LAB/web/access.log" | sort -u | wc -l)"
load https https://page.example/page.html "$LAB/tls/access.log" --proxy-server="http://$kGateway4:3128" \
  --ignore-certificate-errors
# A browser also asks for names of its maker, which don't exist here.
expect "exchanges of the page that did not end well" 0 "$(access_log |
  jq 'select((.host | test("^(page|10|\\[fd42)")) and (.status >= 500 or .ending != "complete"))' | jq -s length)"
