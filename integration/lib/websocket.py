# SPDX-License-Identifier: Apache-2.0
"""WebSocket (RFC 6455) on raw sockets: a client, and an echo server for the lab.

websocket.py PORT   serves; a request for /refuse gets 403, for /silent a 101 that names nothing
"""

import base64
import hashlib
import os
import socket
import struct
import sys
import threading

from httpio import Closed, Reader

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def accept_key(key):
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()


def frame(opcode, payload, mask=False):
    size = len(payload)
    head = bytes([0x80 | opcode])
    bit = 0x80 if mask else 0
    if size < 126:
        head += bytes([bit | size])
    elif size < 65536:
        head += bytes([bit | 126]) + struct.pack("!H", size)
    else:
        head += bytes([bit | 127]) + struct.pack("!Q", size)
    return head + (masked(os.urandom(4), payload) if mask else payload)


def masked(key, payload):
    return key + unmask(key, payload)


def unmask(key, payload):
    repeated = (key * (len(payload) // 4 + 1))[:len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(len(payload), "big")


def read_frame(reader):
    first, second = reader.exactly(2)
    size = second & 0x7F
    if size == 126:
        size = struct.unpack("!H", reader.exactly(2))[0]
    elif size == 127:
        size = struct.unpack("!Q", reader.exactly(8))[0]
    key = reader.exactly(4) if second & 0x80 else None
    payload = reader.exactly(size)
    return first & 0x0F, unmask(key, payload) if key and payload else payload


def handshake(target, host, key=None, fields=b""):
    key = key or base64.b64encode(os.urandom(16)).decode()
    return key, (f"GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
                 f"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                 "Sec-WebSocket-Version: 13\r\n").encode() + fields + b"\r\n"


def serve(sock):
    reader = Reader(sock)
    try:
        while True:
            head = reader.head()
            target = head.line.split(" ")[1]
            key = head.get("Sec-WebSocket-Key")
            if key is None or target == "/refuse":
                body = head.raw  # shows what arrived
                status = b"403 Forbidden" if key else b"200 OK"
                sock.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)
                continue
            answer = b"HTTP/1.1 101 Switching Protocols\r\n"
            if target != "/silent":
                answer += (b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
                           + accept_key(key).encode() + b"\r\n")
            # The server speaks first, in the same segment as the 101.
            sock.sendall(answer + b"\r\n" + frame(TEXT, b"welcome"))
            while True:
                opcode, payload = read_frame(reader)
                sock.sendall(frame(PONG if opcode == PING else opcode, payload))
                if opcode == CLOSE:
                    return
    except (Closed, OSError):
        pass
    finally:
        sock.close()


def main():
    listener = socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6,
                                    dualstack_ipv6=True, backlog=256)
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=serve, args=(sock,), daemon=True).start()


if __name__ == "__main__":
    main()
