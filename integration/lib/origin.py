#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An origin server that sends every form of response and writes down exactly what it saw.

origin.py --log FILE PORT...   listens on all addresses, IPv4 and IPv6

FILE gets a JSON object a line: accept (peer, local), request (head, body octets and sha256), end
(fin or reset). The first segment of the target says what the response is like:
  /length/N        Content-Length, N octets of pattern (httpio.pattern)
  /chunked/N       chunked; /trailers/N the same with a trailer field
  /close/N         delimited by the end of the connection
  /http10/N        as an HTTP/1.0 server does it; /http10keep/N with Content-Length and keep-alive
  /status/CODE     that status, no body
  /wait/SECONDS    a short body after that time
  /drip/N/RATE     N octets, RATE octets a second
  /cut/N           announces N octets, sends half of them, ends with FIN; /reset/N with a reset
  /interim/COUNT   COUNT times 103, then a short body
  /type/TOP/SUB/N  N octets of the media type TOP/SUB
  /early/N         answers before it reads the body, then half-closes
  /reject          417 to Expect, without reading the body
  /fields          a response with hop-by-hop fields
  anything else    a short body that tells the sha256 of the request's body
Expect: 100-continue is answered with 100 before the body is read, except by /early and /reject.
"""

import argparse
import hashlib
import json
import socket
import struct
import threading
import time

from httpio import Closed, Reader, pattern

log_lock = threading.Lock()


class Log:
    def __init__(self, path):
        self.file = open(path, "a", buffering=1)

    def write(self, **record):
        record["time"] = time.time()
        with log_lock:
            self.file.write(json.dumps(record) + "\n")


class Connection:
    def __init__(self, sock, number, log):
        self.sock = sock
        self.number = number
        self.log = log
        self.reader = Reader(sock)
        self.requests = 0
        self.sent = 0

    def send(self, data):
        self.sock.sendall(data)
        self.sent += len(data)

    def run(self):
        how = "fin"
        try:
            while self.exchange():
                pass
        except Closed:
            how = "fin"
        except (ConnectionResetError, BrokenPipeError):
            how = "reset"
        except (OSError, ValueError) as error:
            how = str(error)
        finally:
            self.log.write(event="end", id=self.number, how=how, sent=self.sent)
            self.sock.close()

    def exchange(self):
        head = self.reader.head()
        method, target, version = head.line.split(" ")
        self.requests += 1
        action = target.split("?")[0].strip("/").split("/")
        early = action[0] in ("early", "reject")
        record = dict(event="request", id=self.number, number=self.requests, method=method,
                      target=target, version=version, fields=head.fields,
                      raw=head.raw.decode("latin-1"))
        if early:
            keep = self.answer(method, action, b"")
            self.body(head, record, continues=False)
        else:
            body = self.body(head, record, continues=True)
            keep = self.answer(method, action, body)
        return keep and version == "HTTP/1.1" and (head.get("Connection", "").lower() != "close")

    def body(self, head, record, continues):
        if continues and head.get("Expect", "").lower() == "100-continue":
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        digest, size = hashlib.sha256(), 0
        try:
            if head.get("Transfer-Encoding", "").lower() == "chunked":
                data, trailers = self.reader.chunked()
                digest.update(data)
                size = len(data)
                record["trailers"] = trailers.decode("latin-1")
            else:
                left = int(head.get("Content-Length", "0"))
                while left > 0:
                    data = self.reader.exactly(min(left, 65536))
                    digest.update(data)
                    size += len(data)
                    left -= len(data)
            record["complete"] = True
        except (Closed, ConnectionResetError):
            record["complete"] = False
            raise
        finally:
            self.log.write(**record, body_octets=size, body_sha256=digest.hexdigest())
        return digest.hexdigest().encode()

    # Sends the response; tells whether the connection goes on.
    def answer(self, method, action, digest):
        name = action[0]
        size = int(action[1]) if len(action) > 1 and action[1].isdigit() else 0
        handler = getattr(self, f"answer_{name}", None)
        if handler:
            return handler(method, size, action)
        return self.short(b"body " + digest + b"\n", method)

    def short(self, body, method="GET", line=b"HTTP/1.1 200 OK", fields=b""):
        head = line + b"\r\nContent-Length: %d\r\n" % len(body) + fields + b"\r\n"
        self.send(head + (b"" if method == "HEAD" else body))
        return True

    def blocks(self, method, size):
        return () if method == "HEAD" else pattern(size)

    def answer_length(self, method, size, _):
        self.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for block in self.blocks(method, size):
            self.send(block)
        return True

    def answer_chunked(self, method, size, _, trailer=b""):
        self.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        if method == "HEAD":
            return True
        for block in pattern(size):
            half = len(block) // 2
            for part in (block[:half], block[half:]):
                if part:
                    self.send(b"%x\r\n" % len(part) + part + b"\r\n")
        self.send(b"0\r\n" + trailer + b"\r\n")
        return True

    def answer_trailers(self, method, size, action):
        return self.answer_chunked(method, size, action, b"X-Sum: 42\r\n")

    def answer_close(self, method, size, _):
        self.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for block in self.blocks(method, size):
            self.send(block)
        return False

    def answer_http10(self, method, size, _):
        self.send(b"HTTP/1.0 200 OK\r\n\r\n")
        for block in self.blocks(method, size):
            self.send(block)
        return False

    def answer_http10keep(self, method, size, _):
        self.send(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: %d\r\n\r\n" % size)
        for block in self.blocks(method, size):
            self.send(block)
        return True

    def answer_status(self, method, size, _):
        length = b"" if size in (204, 304) else b"Content-Length: 0\r\n"
        self.send(b"HTTP/1.1 %d Word\r\nETag: \"e\"\r\n" % size + length + b"\r\n")
        return True

    def answer_wait(self, method, size, _):
        time.sleep(size)
        return self.short(b"waited\n", method)

    def answer_drip(self, method, size, action):
        self.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        return self.drip(size, int(action[2]))

    def answer_dripclose(self, method, size, action):
        self.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        return not self.drip(size, int(action[2]))

    def drip(self, size, rate):
        for block in pattern(size):
            while block:
                part, block = block[: rate // 10], block[rate // 10:]
                self.send(part)
                time.sleep(len(part) / rate)
        return True

    def answer_cut(self, method, size, _):
        self.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for block in pattern(size // 2):
            self.send(block)
        return False

    def answer_reset(self, method, size, action):
        self.answer_cut(method, size, action)
        time.sleep(0.3)  # what was sent arrives before the reset overtakes it
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    def answer_interim(self, method, size, _):
        for number in range(size):
            self.send(b"HTTP/1.1 103 Early Hints\r\nLink: </%d>\r\n\r\n" % number)
        return self.short(b"final\n", method)

    def answer_type(self, method, _size, action):
        top, sub, size = action[1:4]
        return self.short(b"x" * int(size), method,
                          fields=f"Content-Type: {top}/{sub}; v=1\r\nX-Powered-By: y\r\n".encode())

    def answer_early(self, method, size, _):
        self.short(b"early\n", method, fields=b"Connection: close\r\n")
        self.sock.shutdown(socket.SHUT_WR)
        return False

    def answer_reject(self, method, _size, _action):
        self.short(b"no\n", method, b"HTTP/1.1 417 Expectation Failed", b"Connection: close\r\n")
        return False

    def answer_fields(self, method, _size, _action):
        return self.short(b"fields\n", method, fields=(
            b"Connection: X-Private, keep-alive\r\nX-Private: 1\r\nKeep-Alive: timeout=5\r\n"
            b"Proxy-Authenticate: Basic\r\nX-Public: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"))


def plain(address):
    host = address[0]
    return [host.removeprefix("::ffff:"), address[1]]


def serve(port, log, counter):
    listener = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.bind(("::", port))
    listener.listen(4096)
    while True:
        sock, peer = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with log_lock:
            counter[0] += 1
            number = counter[0]
        log.write(event="accept", id=number, peer=plain(peer), local=plain(sock.getsockname()))
        threading.Thread(target=Connection(sock, number, log).run, daemon=True).start()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--log", required=True)
    parser.add_argument("ports", nargs="+", type=int)
    arguments = parser.parse_args()
    threading.stack_size(256 * 1024)
    log, counter = Log(arguments.log), [0]
    for port in arguments.ports[1:]:
        threading.Thread(target=serve, args=(port, log, counter), daemon=True).start()
    serve(arguments.ports[0], log, counter)


if __name__ == "__main__":
    main()
