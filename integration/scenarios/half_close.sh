# A client that has closed its sending side still gets its response; a server that answers early and
# closes its sending side is heard.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start

client_python <<PY
from httpio import *
sock = connect("$kServer4")
sock.sendall(b"GET /wait/1 HTTP/1.1\r\nHost: a\r\n\r\n")
sock.shutdown(socket.SHUT_WR)
reader = Reader(sock)
check_equal("answer after the client's FIN", b"waited\n", reader.response().body)
check(reader.at_end(), "the connection stays open")

body = b"".join(pattern(300000))
sock = connect("$kServer4")
sock.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
sock.shutdown(socket.SHUT_WR)
check_equal("answer to an upload with FIN", b"body " + pattern_sha256(len(body)).encode() + b"\n",
            Reader(sock).response().body)

# The server answers a request whose body it has not read, and half-closes.
sock = connect("$kServer4")
reader = Reader(sock)
sock.sendall(b"POST /early/0 HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + b"x" * 1000)
response = reader.response()
check_equal("early answer", (200, b"early\n"), (response.status, response.body))

# A client that stops in the middle of its request leaves no complete request behind.
sock = connect("$kServer4")
sock.sendall(b"POST /half HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n" + b"x" * 50)
sock.shutdown(socket.SHUT_WR)
Reader(sock).rest()
PY
expect "complete requests for /half" 0 "$(seen_requests 'select(.target == "/half" and .complete) | .id' | wc -l)"
no_upstream() { [ -z "$(on_gateway ss -Htn state established "dport = :80")" ]; }
wait_until 3 no_upstream || fail "upstream connections are left: $(on_gateway ss -Htn)"
