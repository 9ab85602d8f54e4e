# Listed peers begin their connections with a PROXY protocol header, version 1 or 2: its address goes to
# log and servers, never becomes a source; what is malformed is reset; nobody else's header is read.
# SPDX-License-Identifier: Apache-2.0
origin_start 80
gateway_start --config "
[timeouts]
head = \"1s\"
[[listen]]
proxy_from = [\"10.99.1.12\", \"fd42:99:1::12\"]
[[listen]]
mode = \"reverse\"
port = 8080
proxy_from = [\"10.99.1.12\", \"fd42:99:1::12\"]
upstream = \"origin\"
[[upstream]]
name = \"origin\"
servers = [\"$kServer4:80\"]"

client_python >"$LAB/report" <<PY || { cat "$LAB/report"; fail "see above"; }
import struct, time
from httpio import *
GET = b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LISTED, OTHER = "10.99.1.12", "10.99.1.13"

def v1(line): return b"PROXY " + line + b"\r\n"
def v2(command, family, body): return SIGNATURE + bytes([0x20 | command, family]) + struct.pack("!H", len(body)) + body
def ip(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
def addresses(source, destination, port=4711):
    return ip(source) + ip(destination) + struct.pack("!HH", port, 80)
TCP4 = v1(b"TCP4 192.0.2.77 203.0.113.9 4711 80")
GOOD = {
    "v1-tcp4": TCP4,
    "v1-tcp6": v1(b"TCP6 2001:db8::77 2001:db8::1 4711 80"),
    "v1-unknown": v1(b"UNKNOWN"),
    "v1-unknown-more": v1(b"UNKNOWN whatever follows"),
    "v2-tcp4": v2(1, 0x11, addresses("192.0.2.77", "203.0.113.9")),
    "v2-tcp6": v2(1, 0x21, addresses("2001:db8::77", "2001:db8::1")),
    "v2-local": v2(0, 0, b""),
    "v2-entries": v2(1, 0x11, addresses("192.0.2.77", "203.0.113.9") + b"\x04\0\x02xx\x02\0\x01a"),
}
BAD = {
    "no header": b"", "lower case": v1(b"tcp4 192.0.2.77 203.0.113.9 4711 80"),
    "two spaces": v1(b"TCP4  192.0.2.77 203.0.113.9 4711 80"), "leading zero": v1(b"TCP4 192.0.2.77 203.0.113.9 04711 80"),
    "port 65536": v1(b"TCP4 192.0.2.77 203.0.113.9 65536 80"), "octet 256": v1(b"TCP4 192.0.2.256 203.0.113.9 1 80"),
    "family mismatch": v1(b"TCP4 2001:db8::77 2001:db8::1 4711 80"), "bare LF": b"PROXY TCP4 192.0.2.77 203.0.113.9 4711 80\n",
    "line too long": v1(b"UNKNOWN " + b"x" * 120), "no destination": v1(b"TCP4 192.0.2.77 4711 80"),
    "v2 version 1": SIGNATURE + b"\x11\x11\0\x0c" + addresses("192.0.2.77", "203.0.113.9"),
    "v2 command 2": v2(2, 0x11, addresses("192.0.2.77", "203.0.113.9")),
    "v2 udp": v2(1, 0x12, addresses("192.0.2.77", "203.0.113.9")),
    "v2 too short": v2(1, 0x11, addresses("192.0.2.77", "203.0.113.9")[:8]),
    "v2 entry past the end": v2(1, 0x11, addresses("192.0.2.77", "203.0.113.9") + b"\x04\0\x20xx"),
    "v2 too long": v2(1, 0x11, addresses("192.0.2.77", "203.0.113.9") + b"\x04\x20\0" + b"x" * 8192),
    "v2 wrong signature": b"\r\n\r\n\0\r\nQUIX\n" + b"\x21\x11\0\x0c" + addresses("192.0.2.77", "203.0.113.9"),
}

def was_reset(sock):
    try:
        return sock.recv(65536) is None
    except ConnectionResetError:
        return True

for way, (address, port) in {"transparent": ("$kServer4", 80), "reverse": ("$kGateway4", 8080)}.items():
    for name, header in GOOD.items():
        sock = connect(address, port, LISTED)
        reader = Reader(sock)
        # With the request in one piece, and octet by octet.
        if name == "v1-tcp4":
            for octet in header:
                sock.sendall(bytes([octet]))
                time.sleep(0.001)
            sock.sendall(GET % f"{way}-{name}".encode())
        else:
            sock.sendall(header + GET % f"{way}-{name}".encode())
        check_equal(f"{way}, {name}", 200, reader.response().status)
        sock.sendall(GET % b"again")
        check(reader.response().status == 200, "second request on the connection")
    for name, header in BAD.items():
        sock = connect(address, port, LISTED)
        sock.sendall(header + GET % b"bad")
        check(was_reset(sock), f"{way}, {name}: no reset")
        print(f"  {way}, {name}: reset")
    # From others the header is what any client sends: no HTTP.
    for name in ("v1-tcp4", "v2-tcp4"):
        sock = connect(address, port, OTHER)
        sock.sendall(GOOD[name] + GET % b"bad")
        check_equal(f"{way}, {name} from a peer that is not listed", 400, Reader(sock).response().status)
    sock = connect(address, port, OTHER)
    sock.sendall(GET % f"{way}-plain".encode())
    check_equal(f"{way}, plain from such a peer", 200, Reader(sock).response().status)
    start = time.monotonic()
    sock = connect(address, port, LISTED)
    sock.sendall(TCP4[:20])
    check(was_reset(sock) and 0.8 < time.monotonic() - start < 3, f"{way}: half a header for too long")
sock = connect("$kServer6", 80, "fd42:99:1::12")
sock.sendall(GOOD["v2-tcp6"] + GET % b"six")
check_equal("IPv6 peer", 200, Reader(sock).response().status)
PY
expect "connections that were tried" 57 "$(wc -l <"$LAB/report")"

expect "requests of malformed connections at the server" 0 "$(seen_requests 'select(.target == "/bad") | .id' | wc -l)"
field() { seen_requests "select(.target == \"/$1\") | .fields[] | select(.[0] == \"X-Forwarded-For\") | .[1]"; }
expect "X-Forwarded-For, v1" 192.0.2.77 "$(field reverse-v1-tcp4)"
expect "X-Forwarded-For, v1, IPv6" 2001:db8::77 "$(field reverse-v1-tcp6)"
expect "X-Forwarded-For, v2" 192.0.2.77 "$(field reverse-v2-tcp4)"
expect "X-Forwarded-For, header without addresses" 10.99.1.12 "$(field reverse-v2-local)"
expect "X-Forwarded-For, no header" 10.99.1.13 "$(field reverse-plain)"

logged() { access_log | jq -r "select(.target == \"/$1\") | \"\(.client) \(.client_port)\""; }
has_last() { [ -n "$(logged six)" ]; }
wait_until 3 has_last || fail "the last exchange is not in the log"
expect "client in the log" "192.0.2.77 4711" "$(logged transparent-v1-tcp4)"
expect "client in the log, v2, IPv6" "2001:db8::77 4711" "$(logged six)"
expect "sources that servers saw" "10.99.1.12 10.99.1.13 10.99.2.1 fd42:99:1::12" \
  "$(seen_connections .peer[0] | sort -u | xargs)"
expect_match "warning" 'PROXY protocol header of a connection from 10\.99\.1\.12 is malformed \([a-z]+\)' \
  "$(grep PROXY "$LAB/gateway.err" | head -1)"
