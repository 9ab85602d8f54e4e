# Pipelined requests are answered one by one, in order, on one upstream connection.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start

client_python <<PY
from httpio import *
sock = connect("$kServer4")
reader = Reader(sock)
kinds = ["length", "chunked", "length"]
sizes = [100 + 7000 * number for number in range(20)]
sock.sendall(b"".join(b"GET /%s/%d HTTP/1.1\r\nHost: a\r\n\r\n" % (kinds[n % 3].encode(), size)
                      for n, size in enumerate(sizes)))
bodies = [reader.response().body for _ in sizes]
check_equal("bodies in order", sizes, [len(body) for body in bodies])
check(all(body == b"".join(pattern(size)) for body, size in zip(bodies, sizes)), "a body differs")

# A body between pipelined requests is a body, not a request.
inner = b"GET /inner HTTP/1.1\r\nHost: a\r\n\r\n"
sock.sendall(b"POST /one HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(inner) + inner +
             b"GET /status/204 HTTP/1.1\r\nHost: a\r\n\r\n")
check_equal("answers", [200, 204], [reader.response().status for _ in range(2)])
PY
expect "requests the server saw" 22 "$(seen_requests .target | wc -l)"
expect "requests for the inner target" 0 "$(seen_requests .target | grep -c inner || [ $? -eq 1 ])"
expect "upstream connections" 1 "$(seen_connections .id | wc -l)"
