# Responses to HEAD, 204 and 304 end with their head, whatever its fields say, and the connection
# goes on.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start

client_python <<PY
from httpio import *
sock = connect("$kServer4")
reader = Reader(sock)
for method, target, status in (("HEAD", "/length/5000", 200), ("HEAD", "/chunked/5000", 200),
                               ("GET", "/status/204", 204), ("GET", "/status/304", 304),
                               ("HEAD", "/status/304", 304), ("DELETE", "/status/204", 204)):
    sock.sendall(f"{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    check_equal(f"{method} {target}", status, reader.response(method).status)
    # What follows is the next response and nothing of a body.
    sock.sendall(b"GET /length/3 HTTP/1.1\r\nHost: a\r\n\r\n")
    check(reader.response().body == b"".join(pattern(3)), f"{method} {target} was followed by a body")
sock.sendall(b"HEAD /length/5000 HTTP/1.1\r\nHost: a\r\n\r\n")
check_equal("Content-Length of HEAD", "5000", reader.response("HEAD").head.get("Content-Length"))
PY
expect "upstream connections" 1 "$(seen_connections .id | wc -l)"
