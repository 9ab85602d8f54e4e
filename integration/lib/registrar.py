# SPDX-License-Identifier: Apache-2.0
"""Calls to the registrar (proto/registrar.proto) without a process for each: enough of protobuf by
hand to put and remove clients with labels."""

import selectors
import socket

CLIENT = 0


def varint(number):
    octets = b""
    while number > 0x7f:
        octets += bytes([number & 0x7f | 0x80])
        number >>= 7
    return octets + bytes([number])


def field(number, octets):
    return varint(number << 3 | 2) + varint(len(octets)) + octets


def key(address):
    return field(2, socket.inet_aton(address)) + varint(3 << 3) + varint(32)


def put(address, *labels, for_ms=3_600_000):
    entry = key(address) + b"".join(field(4, label.encode()) for label in labels)
    return b"\x08\x01" + field(2, entry + varint(7 << 3) + varint(for_ms))


def remove(address):
    return b"\x08\x01" + field(3, key(address))


class Registrar:
    def __init__(self, path):
        self.path = path
        self.sock = self.connect()

    def connect(self):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.connect(self.path)
        sock.settimeout(10)
        return sock

    @staticmethod
    def check(answer):
        if answer[:3] != b"\x08\x01\x12":  # version 1, done
            raise RuntimeError(f"the registrar answers {answer!r}")

    def call(self, request):
        self.sock.send(request)
        self.check(self.sock.recv(4096))

    def call_all(self, requests, connections=50):
        """Many calls at once, which share the wait for the disk."""
        waiting = list(reversed(requests))
        with selectors.DefaultSelector() as selector:
            for _ in range(connections):
                sock = self.connect()
                selector.register(sock, selectors.EVENT_READ)
                sock.send(waiting.pop())
            while selector.get_map():
                for ready, _ in selector.select(10) or [(None, None)]:
                    if ready is None:
                        raise RuntimeError("the registrar does not answer")
                    self.check(ready.fileobj.recv(4096))
                    if waiting:
                        ready.fileobj.send(waiting.pop())
                    else:
                        selector.unregister(ready.fileobj)
                        ready.fileobj.close()
