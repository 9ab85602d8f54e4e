# Request bodies reach the server whole, by length and chunked, and hop-by-hop fields stay behind
# in both directions.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start

client_python <<PY
from httpio import *
sock = connect("$kServer4")
reader = Reader(sock)
for size in (0, 1, 5000, 2000000):
    body = b"".join(pattern(size, seed=1))
    sock.sendall(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + body)
    check(reader.response().body == b"body " + pattern_sha256(size, 1).encode() + b"\n", f"{size} octets by length")
    sock.sendall(b"POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    for start in range(0, size, 7001):
        part = body[start:start + 7001]
        sock.sendall(b"%x;ext=1\r\n" % len(part) + part + b"\r\n")
    sock.sendall(b"0\r\n\r\n")
    check(reader.response().body == b"body " + pattern_sha256(size, 1).encode() + b"\n", f"{size} octets chunked")
print("  8 request bodies by Content-Length and chunked: whole")

sock.sendall(b"GET /fields HTTP/1.1\r\nHost: a\r\nConnection: X-Mine, keep-alive\r\nX-Mine: 1\r\nKeep-Alive: 5\r\n"
             b"Proxy-Authorization: Basic eA==\r\nX-Other: 2\r\nCookie: c=1\r\nUpgrade: h2c\r\n\r\n")
response = reader.response()
names = sorted(name.lower() for name, _ in response.head.fields)
for gone in ("x-private", "keep-alive", "proxy-authenticate"):
    check(gone not in names, f"the client got the hop-by-hop field {gone}")
check_equal("end-to-end field", "2", response.head.get("X-Public"))
check_equal("both cookies, in order", ["a=1", "b=2"], response.head.all("Set-Cookie"))
PY
fields=$(seen_requests 'select(.target == "/fields") | .fields[][0] | ascii_downcase' | sort | xargs)
note "fields the server saw: $fields"
for gone in x-mine keep-alive proxy-authorization upgrade; do
  [[ " $fields " != *" $gone "* ]] || fail "the server got the hop-by-hop field $gone"
done
for kept in host x-other cookie; do
  [[ " $fields " == *" $kept "* ]] || fail "the server did not get the field $kept"
done
