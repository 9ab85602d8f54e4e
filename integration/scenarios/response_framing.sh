# Bodies arrive whole however they are delimited, and a body that ends early is not made to look
# complete.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start

client_python <<PY
from httpio import *
def get(target, version="HTTP/1.1"):
    sock = connect("$kServer4")
    sock.sendall(f"GET {target} {version}\r\nHost: a\r\n\r\n".encode())
    return Reader(sock)

for size in (0, 1, 1000, 70000, 3000000):
    for kind in ("length", "chunked", "close", "http10"):
        response = get(f"/{kind}/{size}").response()
        check(response.body == b"".join(pattern(size)), f"/{kind}/{size}: {response} is not the body sent")
print("  20 bodies by Content-Length, chunked, close and HTTP/1.0: whole")

# Cut short: whatever the client gets must not parse as a complete response.
for kind in ("cut", "reset"):
    reader = get(f"/{kind}/100000")
    try:
        response = reader.response()
        check(False, f"/{kind}: looks complete: {response}")
    except (Closed, ConnectionResetError) as error:
        print(f"  /{kind}: {type(error).__name__}")

# HTTP/1.0 clients get what they can read: no chunks, delimited by length or close.
for kind in ("length", "chunked", "close", "http10"):
    reader = get(f"/{kind}/50000", "HTTP/1.0")
    response = reader.response()
    check_equal(f"Transfer-Encoding of /{kind} for HTTP/1.0", None, response.head.get("Transfer-Encoding"))
    check(response.body == b"".join(pattern(50000)), f"/{kind} for HTTP/1.0 differs")
    check(reader.at_end(), f"/{kind}: the connection of an HTTP/1.0 client stays open")
PY
