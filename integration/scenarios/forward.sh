# Clients that are set to use the gateway as a proxy reach HTTP servers by name and, through CONNECT,
# HTTPS servers whose certificates they check; IPv4 and IPv6; what is no proxy request is refused.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
. "$LAB_LIB/tls.sh"
origin_start
tls_start 443 shop.example
head -c 3000000 /dev/urandom >"$LAB/www/big"
names_start '{"www.example": {"A": ["198.51.100.7"]}, "other.example": {"A": ["198.51.100.7"]},
  "six.example": {"AAAA": ["2001:db8:99::7"]}, "shop.example": {"A": ["198.51.100.8"]}}'
gateway_start --gateway "$kForwardClients" --config "$kForwardListener"
last() { seen_requests "$1" | tail -1; }
peer() { seen_connections .peer[0] | tail -1; }

expect "by name" 200 "$(forward_status http://www.example/path?q=1)"
expect "target the server saw" "/path?q=1" "$(last .target)"
expect "its Host" "www.example" "$(last '.fields[] | select(.[0] == "Host") | .[1]')"
expect "address the server saw" 10.99.2.1 "$(peer)"
expect "with a port" 502 "$(forward_status http://www.example:8080/)"
expect "IPv4 literal" 200 "$(forward_status http://198.51.100.9/)"
expect "IPv6 literal" 200 "$(forward_status "http://[2001:db8:99::9]/")"
expect "name with IPv6 only" 200 "$(forward_status http://six.example/)"
expect "address the server saw" fd42:99:2::1 "$(peer)"
expect "IPv6 client" 200 "$(on_client curl -s -o /dev/null -w '%{http_code}' --max-time 20 \
  --proxy "http://[$kGateway6]:3128" http://www.example/)"

# One upstream connection for the same host, another one for another host, though the address is one.
before=$(seen_connections .id | wc -l)
through_forward http://www.example/1 http://www.example/2 http://WWW.example/3 http://other.example/ >/dev/null
expect "connections for four requests to two hosts" 2 $(($(seen_connections .id | wc -l) - before))

expect "upload" "body $(sha256_of <"$LAB/www/big")" \
  "$(through_forward --data-binary "@$LAB/www/big" http://www.example/)"

expect "through CONNECT" "$(sha256_of <"$LAB/www/big")" \
  "$(through_forward --cacert "$LAB/tls/ca.pem" https://shop.example/big | sha256_of)"
expect "an upload through it" 405 "$(head -c 300000 "$LAB/www/big" | forward_status https://shop.example/big \
  --cacert "$LAB/tls/ca.pem" --data-binary @-)"
expect_match "what the HTTPS server saw" '10.99.2.1 "GET /big HTTP/1.1" 200' "$(cat "$LAB/tls/access.log")"

client_python <<PY
from httpio import *
def ask(octets):
    sock = connect("$kGateway4", 3128)
    sock.sendall(octets)
    reader = Reader(sock)
    return sock, reader, reader.response()

_, _, response = ask(b"GET / HTTP/1.1\r\nHost: www.example\r\n\r\n")
check_equal("origin-form", 400, response.status)
_, _, response = ask(b"GET https://shop.example/ HTTP/1.1\r\nHost: shop.example\r\n\r\n")
check_equal("https target without CONNECT", 421, response.status)
_, _, response = ask(b"GET ftp://www.example/ HTTP/1.1\r\nHost: www.example\r\n\r\n")
check_equal("ftp target", 400, response.status)
_, _, response = ask(b"OPTIONS * HTTP/1.1\r\nHost: www.example\r\n\r\n")
check_equal("OPTIONS *, about the proxy itself", 200, response.status)
_, _, response = ask(b"CONNECT www.example:22 HTTP/1.1\r\nHost: www.example\r\n\r\n")
check_equal("CONNECT to port 22", 403, response.status)
_, _, response = ask(b"GET http://www.example:25/ HTTP/1.1\r\nHost: www.example:25\r\n\r\n")
check_equal("request to port 25", 403, response.status)
# A tunnel has no body and no framing: what follows the head is the tunnel's.
sock = connect("$kGateway4", 3128)
sock.sendall(b"CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\nGET / HTTP/1.1\r\n\r\n")
reader = Reader(sock)
head = reader.head()
check_equal("CONNECT", ("HTTP/1.1 200 Connection established", [], []),
            (head.line, head.all("Content-Length"), head.all("Transfer-Encoding")))
# nginx answers plain HTTP on a TLS port in plain text: the octets behind the head got there.
check_equal("octets behind the head", b"HTTP/1.1 400", reader.exactly(12))
PY

wait_until 3 access_log_has 15 || fail "lines are missing in the log"
expect "log lines of another mode" 0 "$(access_log | jq 'select(.mode != "forward")' | wc -l)"
