# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 on raw sockets, for clients and origins of the lab: exact octets in, exact octets out.

Not a client library: it shows what was received and hides nothing.
"""

import hashlib
import socket


class Closed(Exception):
    """The peer ended the connection where more was needed."""


def pattern(size, seed=0):
    """Yields `size` octets in blocks; no two 16-octet lines are equal, so loss and reordering show."""
    line = 0
    left = size
    while left > 0:
        block = b"".join(b"%04x %010d\n" % (seed & 0xFFFF, line + i) for i in range(4096))
        line += 4096
        yield block[:left]
        left -= len(block)


def pattern_sha256(size, seed=0):
    digest = hashlib.sha256()
    for block in pattern(size, seed):
        digest.update(block)
    return digest.hexdigest()


def connect(host, port=80, source=None, timeout=10):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.settimeout(timeout)
    if source:
        sock.bind((source, 0))
    sock.connect((host, port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class Head:
    """A request or response head as received."""

    def __init__(self, raw):
        self.raw = raw
        lines = raw.decode("latin-1").split("\r\n")
        self.line = lines[0]
        self.fields = [tuple(part.strip(" \t") for part in line.split(":", 1)) for line in lines[1:] if line]

    def all(self, name):
        return [value for field, value in self.fields if field.lower() == name.lower()]

    def get(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default


class Response:
    def __init__(self, head, body, interim, trailers=b""):
        self.head = head
        self.status = int(head.line.split(" ")[1])
        self.body = body
        self.interim = interim
        self.trailers = trailers

    def __repr__(self):
        return f"{self.head.line!r}, {len(self.body)} octets of body"


class Reader:
    """Buffered reading from a socket; what was read beyond the wanted stays for the next call."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""

    def fill(self):
        block = self.sock.recv(65536)
        if not block:
            raise Closed(f"closed with {len(self.buffer)} unread octets: {self.buffer[:200]!r}")
        self.buffer += block

    def until(self, mark):
        while mark not in self.buffer:
            self.fill()
        end = self.buffer.index(mark) + len(mark)
        result, self.buffer = self.buffer[:end], self.buffer[end:]
        return result

    def exactly(self, size):
        parts = []
        while size > 0:
            if not self.buffer:
                self.fill()
            part, self.buffer = self.buffer[:size], self.buffer[size:]
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def rest(self):
        """Everything until the peer's end of file."""
        parts = [self.buffer]
        self.buffer = b""
        while block := self.sock.recv(65536):
            parts.append(block)
        return b"".join(parts)

    def head(self):
        return Head(self.until(b"\r\n\r\n")[:-4])

    def chunked(self):
        body = []
        while True:
            size = int(self.until(b"\r\n").split(b";")[0], 16)
            if size == 0:
                break
            body.append(self.exactly(size))
            if self.exactly(2) != b"\r\n":
                raise ValueError("a chunk does not end in CRLF")
        trailers = b""
        while (line := self.until(b"\r\n")) != b"\r\n":
            trailers += line
        return b"".join(body), trailers

    def response(self, method="GET"):
        """One final response with the interim ones before it, framed by RFC 9112 section 6.3."""
        interim = []
        while True:
            head = self.head()
            status = int(head.line.split(" ")[1])
            if status >= 200 or status == 101:
                break
            interim.append(head)
        trailers = b""
        if method == "HEAD" or status in (204, 304):
            body = b""
        elif head.get("Transfer-Encoding", "").lower() == "chunked":
            body, trailers = self.chunked()
        elif head.get("Content-Length") is not None:
            body = self.exactly(int(head.get("Content-Length")))
        else:
            body = self.rest()
        return Response(head, body, interim, trailers)

    def at_end(self, timeout=5):
        """True when the peer ends the connection without another octet."""
        self.sock.settimeout(timeout)
        try:
            return not self.buffer and self.sock.recv(1) == b""
        except socket.timeout:
            return False


def check(condition, message):
    if not condition:
        raise SystemExit(f"FAILED: {message}")


def check_equal(what, wanted, actual):
    check(wanted == actual, f"{what}: wanted {wanted!r}, got {actual!r}")
    shown = repr(actual)
    print(f"  {what}: {shown if len(shown) < 90 else shown[:86] + '...'}")
