# HTTP/1.0 clients and servers are served, with and without keep-alive.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start

client_python <<PY
from httpio import *
sock = connect("$kServer4")
reader = Reader(sock)
sock.sendall(b"GET /length/10 HTTP/1.0\r\n\r\n")
response = reader.response()
check_equal("status for HTTP/1.0 without Host", 200, response.status)
check_equal("body", b"".join(pattern(10)), response.body)
check(reader.at_end(), "the connection stays open")

sock = connect("$kServer4")
reader = Reader(sock)
sock.sendall(b"GET /length/10 HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
response = reader.response()
check_equal("body with keep-alive", b"".join(pattern(10)), response.body)
if response.head.get("Connection", "").lower() == "keep-alive":
    sock.sendall(b"GET /length/11 HTTP/1.0\r\nHost: a\r\n\r\n")
    check_equal("second body", b"".join(pattern(11)), reader.response().body)
check(reader.at_end(), "the connection stays open")

sock = connect("$kServer4")
reader = Reader(sock)
for size in (10, 20):
    sock.sendall(b"GET /http10keep/%d HTTP/1.1\r\nHost: a\r\n\r\n" % size)
    check_equal("body of an HTTP/1.0 server", b"".join(pattern(size)), reader.response().body)
sock.sendall(b"POST /x HTTP/1.0\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
check_equal("POST by HTTP/1.0", 200, reader.response().status)
PY
