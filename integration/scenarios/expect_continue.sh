# 100-continue works both ways: the body is sent when the server asks for it, and not when it
# refuses; other interim responses pass.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start

client_python <<PY
from httpio import *
sock = connect("$kServer4")
reader = Reader(sock)
sock.sendall(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n")
check_equal("first answer", "HTTP/1.1 100", reader.head().line[:12])
sock.sendall(b"octets")
check_equal("final answer", 200, reader.response().status)

sock.sendall(b"GET /interim/3 HTTP/1.1\r\nHost: a\r\n\r\n")
response = reader.response()
check_equal("interim answers", ["</0>", "</1>", "</2>"], [head.get("Link") for head in response.interim])
check_equal("final body", b"final\n", response.body)

sock.sendall(b"POST /reject HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n")
response = reader.response()
check_equal("refused", 417, response.status)
check_equal("interim answers before it", [], response.interim)
PY
# curl waits for the 100 up to the time given, which would break the limit of fetch.
expect "curl's upload" 200 "$(head -c 200000 /dev/zero |
  fetch_status "http://$kServer4/" --header 'Expect: 100-continue' --expect100-timeout 60 --data-binary @-)"
