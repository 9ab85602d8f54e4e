# SPDX-License-Identifier: Apache-2.0
"""Client and server in one program: sockets on any host of the lab, and an origin that writes down
every octet it receives.

Not for measurements: everything shares one interpreter.
"""

import contextlib
import ctypes
import os
import socket
import threading
import time

CLIENT, GATEWAY, SERVER = "gh-client", "gh-gateway", "gh-server"
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _enter(path):
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _libc.setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns to {path}")
    finally:
        os.close(fd)


@contextlib.contextmanager
def on(host):
    """Sockets that this thread makes within belong to that host, for as long as they live."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _enter(f"/run/netns/{host}")
        yield
    finally:
        _libc.setns(home, CLONE_NEWNET)
        os.close(home)


def dial(address, port, source=None, host=CLIENT, timeout=10):
    """A connection from a host."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with on(host):
        sock = socket.socket(family, socket.SOCK_STREAM)
    sock.settimeout(timeout)
    if source:
        sock.bind((source, 0))
    sock.connect((address, port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def message_size(data):
    """Octets of the first request in data, as a gateway writes it; 0 while it isn't complete."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return 0
    size = end + 4
    for line in data[:end].split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return size + int(value) if len(data) >= size + int(value) else 0
        if name.lower() == b"transfer-encoding":
            last = data.find(b"0\r\n\r\n", size)
            return last + 5 if last >= 0 else 0
    return size


class Recorded:
    """One connection that an origin has accepted."""

    def __init__(self, sock, peer):
        self.sock, self.peer = sock, peer[0].removeprefix("::ffff:")
        self.data = b""
        self.requests = 0  # complete ones
        self.ending = None  # "fin" or "reset"
        self.ended = threading.Event()


class RawOrigin:
    """Accepts on a port of the server host. answer(recorded) is called for each complete request;
    greet(recorded) for each connection, if there is one."""

    def __init__(self, port, answer=None, greet=None, host=SERVER):
        self.answer = answer or RawOrigin.ok
        self.greet = greet
        self.connections = []
        with on(host):
            listener = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(("::", port))
        listener.listen(1024)
        self.listener = listener
        threading.Thread(target=self._accept, daemon=True).start()

    @staticmethod
    def ok(recorded):
        recorded.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def _accept(self):
        while True:
            try:
                sock, peer = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            recorded = Recorded(sock, peer)
            self.connections.append(recorded)
            threading.Thread(target=self._serve, args=(recorded,), daemon=True).start()

    def _serve(self, recorded):
        try:
            if self.greet:
                self.greet(recorded)
            seen = 0
            while block := recorded.sock.recv(65536):
                recorded.data += block
                while size := message_size(recorded.data[seen:]):
                    seen += size
                    recorded.requests += 1
                    self.answer(recorded)
            recorded.ending = "fin"
        except OSError:
            recorded.ending = recorded.ending or "reset"
        finally:
            recorded.sock.close()
            recorded.ended.set()

    def take(self):
        """What was accepted since the last call."""
        taken, self.connections = self.connections, []
        return taken


def wait_for(condition, seconds=3):
    """Polls; whether it came true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True
