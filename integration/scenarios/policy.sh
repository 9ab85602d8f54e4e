# A rule file decides about every request before anything is connected: allowed names must belong to
# the destination, denied requests get what their rule says, and page and log name rule and reference.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
origin_start
names_start '{"good.example": {"A": ["198.51.100.7"]}, "other.example": {"A": ["198.51.100.7"]},
  "slow.example": {"A": ["198.51.100.7"], "delay_ms": 400}}'
mkdir -p "$LAB/config/rules"
cat >"$LAB/config/policy.gh" <<'RULES'
set staff = 10.99.1.12, fd42:99:1::12
include "rules/more.gh"
deny  page      to page.example               page "Not <here> & \"now\""
deny  data      to json.example               json "No \"data\""
deny  nothing   to empty.example              empty
deny  elsewhere to redirect.example           redirect "http://portal.example/blocked"
deny  cut       to reset.example              reset
audit would     path /audited/*
tag   curl      header User-Agent "curl/*"    as curl
tag   slow      to slow.example verified      as proved
header mark     path /marked                  set X-Gatehouse "seen"
header strip    path /marked                  remove X-Secret
allow staff     from @staff
allow named     to good.example, slow.example
deny  default
RULES
cat >"$LAB/config/rules/more.gh" <<'RULES'
deny  admin     path /admin, /admin/*
RULES
gateway_start --gateway 'policy = "policy.gh"' --config '[resolver]
servers = ["10.99.2.2"]'
# ask HOST PATH [CURL ARGUMENT]...: the status.
ask() { fetch_status "http://198.51.100.7$2" --header "Host: $1" "${@:3}"; }
field() { logged ".target == \"$1\"" "$2"; }

expect "an allowed name" 200 "$(ask good.example /a)"
expect "its rule" "named allow match" "$(field /a rule) $(field /a action) $(field /a host_check)"
expect "its tag" curl "$(field /a tag)"
before=$(seen_connections .id | wc -l)
expect "a name that nobody allows" 403 "$(ask other.example /b)"
expect "its rule" "default deny" "$(field /b rule) $(field /b action)"
expect "the reason" policy "$(field /b reason)"

# A client that lies about the name does not get by with it.
expect "an allowed name, another address" 403 \
  "$(fetch_status http://198.51.100.9/c --header 'Host: good.example')"
expect "its rule" "default deny mismatch" "$(field /c rule) $(field /c action) $(field /c host_check)"
expect "a name that waits for its address" 200 "$(ask slow.example /slow)"
expect "its tags" curl,proved "$(field /slow tag)"
expect "the same, another address" 403 \
  "$(fetch_status http://198.51.100.9/slower --header 'Host: slow.example')"
expect "its tags" curl "$(field /slower tag)"
expect "connections for what was denied" $((before + 1)) "$(seen_connections .id | wc -l)"

page=$(fetch http://198.51.100.7/page --header 'Host: page.example')
expect_match "page" 'Not &lt;here&gt; &amp; "now".*gatehouse: policy, rule page, reference [0-9a-z]{10}<' "$page"
reference=$(sed -n 's/.*reference \([0-9a-z]*\)<.*/\1/p' <<<"$page")
expect "the reference finds the log line" /page "$(logged ".reference == \"$reference\"" target)"
expect "JSON" 'policy data No "data"' \
  "$(fetch http://198.51.100.7/ --header 'Host: json.example' | jq -r '"\(.error) \(.rule) \(.message)"')"
expect "empty" "403 0" "$(fetch http://198.51.100.7/ --header 'Host: empty.example' \
  --write-out '%{http_code} %{size_download}')"
expect "redirect" "302 http://portal.example/blocked" "$(fetch http://198.51.100.7/ \
  --header 'Host: redirect.example' --write-out '%{http_code} %{redirect_url}')"
expect "reset" 000 "$(ask reset.example /reset)"
expect "its rule" cut "$(field /reset rule)"
! fetch http://198.51.100.7/ --header 'Host: reset.example' 2>"$LAB/curl.err" || fail "there was an answer"
expect_match "how it ended" 'reset by peer' "$(cat "$LAB/curl.err")"

# Audit says what it would have done, and does nothing.
expect "audited" 200 "$(ask good.example /audited/x)"
expect "in the log" "named allow would" \
  "$(field /audited/x rule) $(field /audited/x action) $(field /audited/x audit)"

# Every spelling of a path is the path.
for path in /admin /admin/x /%61dmin/x //admin/y /a/../admin/z /a/%2e%2e/admin/z '/\admin/x'; do
  expect "path $path" 403 "$(fetch_status "http://198.51.100.7$path" --path-as-is --header 'Host: good.example')"
done
expect "a path beside it" 200 "$(ask good.example /administration)"

# Header rules.
client_python <<'PY'
from httpio import *
sock = connect("198.51.100.7")
reader = Reader(sock)
sock.sendall(b"GET /marked HTTP/1.1\r\nHost: good.example\r\nX-Secret: 1\r\nx-secret: 2\r\nX-Kept: 3\r\n\r\n")
check_equal("marked", 200, reader.response().status)
# Each of several requests that come at once is decided about.
sock.sendall(b"GET /1 HTTP/1.1\r\nHost: good.example\r\n\r\n"
             b"GET /2 HTTP/1.1\r\nHost: other.example\r\n\r\n"
             b"GET /3 HTTP/1.1\r\nHost: good.example\r\n\r\n")
check_equal("pipelined", [200, 403, 200], [reader.response().status for _ in range(3)])
PY
marked=$(seen_requests 'select(.target == "/marked") | .fields | map("\(.[0]): \(.[1])") | .[]')
expect "what header rules have changed" "X-Kept: 3 X-Gatehouse: seen" \
  "$(grep -i '^x-' <<<"$marked" | xargs)"
expect "another client" 200 "$(ask other.example /staff --interface 10.99.1.12)"
expect "its rule" staff "$(field /staff rule)"
