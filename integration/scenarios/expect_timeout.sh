# A server that knows nothing of 100-continue does not stop a client that waits for it: after a second
# the gateway tells it to go on, once, in all three modes.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
names_start '{"old.example": {"A": ["198.51.100.7"]}}'
gateway_start --gateway "$kForwardClients" --config "
[[listen]]
$kForwardListener
[[listen]]
mode = \"reverse\"
port = 8080
upstream = \"old\"
[[upstream]]
name = \"old\"
servers = [\"$kServer4:80\"]"

PYTHONPATH=$LAB_LIB python3 - <<PY
import time
from hosts import *
from httpio import *

def late(recorded):
    """Says 100 when the content is there already."""
    recorded.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    RawOrigin.ok(recorded)

origin = RawOrigin(80)
for name, address, port, target in (("transparent", "$kServer4", 80, "/"),
                                    ("forward", "$kGateway4", 3128, "http://old.example/"),
                                    ("reverse", "$kGateway4", 8080, "/")):
    for origin.answer in (RawOrigin.ok, late):
        sock = dial(address, port)
        reader = Reader(sock)
        start = time.monotonic()
        sock.sendall(f"POST {target} HTTP/1.1\r\nHost: old.example\r\nContent-Length: 6\r\n"
                     "Expect: 100-continue\r\n\r\n".encode())
        check_equal(f"{name}: interim response", "HTTP/1.1 100 Continue", reader.head().line)
        check(0.8 < time.monotonic() - start < 2, f"after {time.monotonic() - start:.2f} s")
        sock.sendall(b"octets")
        response = reader.response()
        check_equal(f"{name}: final response, interim ones before it", (200, []),
                    (response.status, response.interim))
        check(origin.take()[0].data.endswith(b"\r\n\r\noctets"), "the content does not arrive")
PY
