# WebSockets work in all three modes: nothing passes before the server agrees, afterwards everything
# does, in both directions, with what came in the same segment; a refused upgrade goes on as HTTP.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
lab_start echo "$LAB_SERVER" env PYTHONPATH="$LAB_LIB" python3 "$LAB_LIB/websocket.py" 80
wait_until 5 server_listens 80 || fail "the echo server does not listen"
names_start '{"chat.example": {"A": ["198.51.100.7"], "AAAA": ["2001:db8:99::7"]}}'
gateway_start --gateway "$kForwardClients" --config "
[[listen]]
$kForwardListener
connect_ports = [80, 443]
[[listen]]
mode = \"reverse\"
port = 8080
upstream = \"chat\"
[[upstream]]
name = \"chat\"
servers = [\"$kServer4:80\"]"

client_python <<PY
from websocket import *
from httpio import *

def connect_tunnel():
    sock = connect("$kGateway4", 3128)
    reader = Reader(sock)
    sock.sendall(b"CONNECT chat.example:80 HTTP/1.1\r\nHost: chat.example:80\r\n\r\n")
    head = reader.head()
    check(" 200 " in head.line, f"CONNECT: {head.line}")
    return sock, reader

def plain(address, port):
    sock = connect(address, port)
    return sock, Reader(sock)

def say_and_hear(sock, reader, target="/"):
    # The client's first frame comes with its head, before the server has agreed.
    key, octets = handshake(target, "chat.example")
    sock.sendall(octets + frame(TEXT, b"early", mask=True))
    head = reader.head()
    check_equal("answer", ("HTTP/1.1 101 Switching Protocols", "websocket", accept_key(key)),
                (head.line, head.get("Upgrade"), head.get("Sec-WebSocket-Accept")))
    check_equal("frame of the server in the segment of the 101", (TEXT, b"welcome"), read_frame(reader))
    check_equal("frame of the client in the segment of its head", (TEXT, b"early"), read_frame(reader))
    for size in (0, 1, 125, 126, 65535, 65536, 1000000):
        payload = b"".join(pattern(size, size))
        sock.sendall(frame(BINARY, payload, mask=True))
        check(read_frame(reader) == (BINARY, payload), f"a frame of {size} octets came back otherwise")
    sock.sendall(frame(PING, b"?", mask=True))
    check_equal("ping", (PONG, b"?"), read_frame(reader))
    sock.sendall(frame(CLOSE, b"\x03\xe8", mask=True))
    check_equal("close", (CLOSE, b"\x03\xe8"), read_frame(reader))
    check(reader.at_end(), "the connection stays open after the close frames")

ways = {
    "transparent": (lambda: plain("$kServer4", 80), "/"),
    "transparent, IPv6": (lambda: plain("$kServer6", 80), "/"),
    "forward, CONNECT": (connect_tunnel, "/"),
    "forward, absolute-form": (lambda: plain("$kGateway4", 3128), "http://chat.example/"),
    "reverse": (lambda: plain("$kGateway4", 8080), "/"),
}
for name, (way, target) in ways.items():
    print(name)
    say_and_hear(*way(), target)

for name, (way, target) in ways.items():
    sock, reader = way()
    _, octets = handshake(target + "refuse", "chat.example")
    sock.sendall(octets)
    check_equal(f"{name}: refused upgrade", 403, reader.response().status)
    # The connection is HTTP's still.
    sock.sendall(f"GET {target}next HTTP/1.1\r\nHost: chat.example\r\n\r\n".encode())
    check_equal("next request on the connection", 200, reader.response().status)

# Octets behind a head whose upgrade is refused are read as HTTP, and a frame is none.
sock, reader = ways["transparent"][0]()
_, octets = handshake("/refuse", "chat.example")
sock.sendall(octets + frame(TEXT, b"GET /smuggled HTTP/1.1\r\n\r\n"))
check_equal("refused upgrade with a frame behind it", 403, reader.response().status)
check_equal("the frame as a request", 400, reader.response().status)

# A 101 that does not name what was asked for is no agreement.
for name in ("transparent", "reverse"):
    sock, reader = ways[name][0]()
    _, octets = handshake("/silent", "chat.example")
    sock.sendall(octets)
    check_equal(f"{name}: 101 without Upgrade", 502, reader.response().status)

# Other protocols are not offered to the server.
sock, reader = ways["transparent"][0]()
sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n")
body = reader.response().body.lower()
check_equal("h2c upstream", (False, False), (b"upgrade" in body, b"http2-settings" in body))

# 100 at once, each with its own conversation.
pairs = []
for number in range(100):
    sock, reader = ways["transparent"][0]()
    _, octets = handshake("/", "chat.example")
    sock.sendall(octets)
    reader.head()
    read_frame(reader)
    pairs.append((number, sock, reader))
for number, sock, _ in pairs:
    sock.sendall(frame(TEXT, b"%d" % number, mask=True))
check_equal("100 at once", [b"%d" % number for number in range(100)],
            [read_frame(reader)[1] for _, _, reader in pairs])
PY
no_upstream() { [ -z "$(on_gateway ss -Htn state established "dport = :80")" ]; }
wait_until 3 no_upstream || fail "connections are left: $(on_gateway ss -Htn)"
expect "101 in the log" 101 "$(logged '.status == 101' status)"
