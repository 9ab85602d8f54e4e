# Each exchange is one line of valid JSON with the right fields; hostile octets are escaped.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start
fetch "http://$kServer4/length/1000?q=1" --interface 10.99.1.19 --user-agent 'tester "1"' --referer http://r/ \
  --header 'Host: Example.test' >/dev/null
# Two workers write; what must stand in this order is waited for.
wait_until 3 access_log_has 1 || fail "no line of the first exchange"
fetch "http://[$kServer6]/status/404" >/dev/null
wait_until 3 access_log_has 2 || fail "no line of the second exchange"
fetch "http://$kServer4/" --data abc >/dev/null
wait_until 3 access_log_has 3 || fail "no line of the third exchange"

# Octets that would break a line, a terminal or a JSON string.
client_python <<PY
from httpio import *
sock = connect("$kServer4")
sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: \"\\\\ \xff\xfe \xe2\x80\xa8 </script> \x09 %s\r\n"
             b"Referer: \xc2\x9b31m\r\n\r\n" % (b"u" * 3000))
Reader(sock).response()
for hostile in (b"GET /\x1b[31m\x00 HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
                b"G\"ET \\\\ HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\x07\"\\\\\r\n\r\n"):
    sock = connect("$kServer4")
    sock.sendall(hostile)
    try:
        Reader(sock).rest()
    except ConnectionResetError:
        pass
PY
wait_until 3 access_log_has 8 || fail "only $(access_log | wc -l) lines: $(access_log)"
access_log >"$LAB/lines"
expect "lines" 8 "$(wc -l <"$LAB/lines")"
[ "$(LC_ALL=C grep -c -P '[^\x20-\x7e]' "$LAB/lines")" = 0 ] || fail "octets outside 20-7e in the log"
expect "lines that are JSON objects" 8 "$(jq -R 'fromjson | objects | 1' "$LAB/lines" | wc -l)"

field() { jq -r ".$2" <(sed -n "$1p" "$LAB/lines"); }
expect "client" 10.99.1.19 "$(field 1 client)"
expect "destination" "10.99.2.2 80" "$(field 1 destination) $(field 1 destination_port)"
expect "method and target" "GET /length/1000?q=1" "$(field 1 method) $(field 1 target)"
expect "host" example.test "$(field 1 host | tr 'E' 'e')"
expect "status" 200 "$(field 1 status)"
expect "ending" complete "$(field 1 ending)"
expect_at_least "octets out" 1000 "$(field 1 octets_out)"
expect_match "worker" '^[01]$' "$(field 1 worker)"
expect "IPv6 client" "fd42:99:1::11 fd42:99:2::2" "$(field 2 client) $(field 2 destination)"
expect "second status" 404 "$(field 2 status)"
expect_at_least "octets in, with the body" 50 "$(field 3 octets_in)"
expect "exchanges that never reached the server" 4 "$(jq -r 'select(.ending == "refused") | .reason' "$LAB/lines" | wc -l)"
expect "requests at the server" 4 "$(seen_requests .id | wc -l)"
