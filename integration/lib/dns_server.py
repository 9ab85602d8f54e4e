#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A DNS server for tests: answers from a zone file, misbehaves on demand, writes down every query.

dns_server.py [--zone FILE] [--log FILE] [--forward ADDR:PORT] ADDR:PORT...

Listens on UDP and TCP; an IPv6 address stands in brackets, port 0 takes a free one. Prints
"listening ADDR:PORT" for each address, then serves until it is ended. The log has a JSON object a
line: id, name (as asked), type, tcp, client, port (the client's), server.

The zone is a JSON object of names, "*" and "*.example" match what has no entry of its own:
  {"www.example": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"], "ttl": 60},
   "alias.example": {"CNAME": "www.example"},
   "slow.example": {"A": ["192.0.2.2"], "delay_ms": 500},
   "odd.example": {"A": ["192.0.2.3"], "do": {"AAAA": "servfail"}}}
"do" is one of these, for all types or by type:
  nxdomain, servfail, refused, formerr, notimp    that code
  silent        no answer
  truncate      over UDP only the flag; over TCP the answer
  silent-tcp    as truncate, and no answer over TCP; close-tcp: the connection is closed
  garbage       octets that are no message; over TCP a length of 0
  short         a message of 5 octets, then the answer
  empty         an empty datagram, then the answer
  wrong-id, wrong-question, elsewhere             a forged answer with the address 203.0.113.66,
                first (with another id, for another name, from another port), then the real one
  only-forged   the forged answer with the wrong id, and no other
  no-recursion  a referral, as from a server that does not look further
Names without an entry go to --forward, and do not exist otherwise.
"""

import argparse
import errno
import heapq
import ipaddress
import json
import random
import selectors
import socket
import struct
import sys
import time

TYPES = {1: "A", 28: "AAAA", 5: "CNAME"}
CODES = {"formerr": 1, "servfail": 2, "nxdomain": 3, "notimp": 4, "refused": 5}
FORGED = {"A": ["203.0.113.66"], "AAAA": ["2001:db8:bad::66"]}
UDP_SIZE = 512
LONGEST_CHAIN = 16


def endpoint(text):
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def show(address):
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    return f"{host}:{address[1]}"


def encode_name(name):
    labels = [label.encode() for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def bind_both(address):
    """A UDP and a TCP socket on the same port."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    udp = socket.socket(family, socket.SOCK_DGRAM)
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    udp.bind(address)
    tcp = socket.socket(family, socket.SOCK_STREAM)
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    tcp.bind(udp.getsockname())
    tcp.listen(128)
    return udp, tcp


class Query:
    """The header and the one question of a message; ValueError where there is none."""

    def __init__(self, message):
        if len(message) < 12:
            raise ValueError("too short")
        self.id, self.flags, questions = struct.unpack_from("!HHH", message)
        labels, at = [], 12
        if questions != 1 or self.flags & 0x8000:
            raise ValueError("not a query")
        while at < len(message) and message[at] != 0:
            labels.append(message[at + 1 : at + 1 + message[at]].decode("latin-1"))
            at += 1 + message[at]
        if at + 5 > len(message):
            raise ValueError("cut off")
        self.name = ".".join(labels)
        number = struct.unpack_from("!H", message, at + 1)[0]
        self.type = TYPES.get(number, str(number))
        self.question = message[12 : at + 5]
        self.udp_size = UDP_SIZE
        # An OPT record (RFC 6891) is all that a query has after its question.
        if message[at + 5 : at + 8] == b"\0\0\x29":
            self.udp_size = max(UDP_SIZE, struct.unpack_from("!H", message, at + 8)[0])

    def answer(self, records=(), code=0, flags=0x8180, query_id=None, question=None):
        """records: (owner's name, type, data, ttl)."""
        question = self.question if question is None else question
        parts = [struct.pack("!HHHHHH", self.id if query_id is None else query_id,
                             flags | code, 1, len(records), 0, 0), question]
        for owner, kind, data, ttl in records:
            # The name of the question is at octet 12.
            name = b"\xc0\x0c" if owner == self.name else encode_name(owner)
            octets = encode_name(data) if kind == "CNAME" else ipaddress.ip_address(data).packed
            number = next(n for n, text in TYPES.items() if text == kind)
            parts += [name, struct.pack("!HHIH", number, 1, ttl, len(octets)), octets]
        return b"".join(parts)


class Zone:
    def __init__(self, entries):
        self.entries = {name.lower(): entry for name, entry in entries.items()}

    def find(self, name):
        name = name.lower()
        if name in self.entries:
            return self.entries[name]
        labels = name.split(".")
        for i in range(1, len(labels) + 1):
            found = self.entries.get(".".join(["*"] + labels[i:]))
            if found is not None:
                return found
        return None

    def records(self, name, kind):
        """Along the aliases to the addresses."""
        found = []
        for _ in range(LONGEST_CHAIN):
            entry = self.find(name) or {}
            ttl = entry.get("ttl", 60)
            if "CNAME" not in entry:
                return found + [(name, kind, data, ttl) for data in entry.get(kind, [])]
            found.append((name, "CNAME", entry["CNAME"], ttl))
            name = entry["CNAME"]
        return found


class Server:
    def __init__(self, zone, log, forward):
        self.zone, self.log, self.forward = zone, log, forward
        self.selector = selectors.DefaultSelector()
        self.later = []  # (time, number, function)
        self.number = 0

    def listen(self, address):
        while True:
            try:
                udp, tcp = bind_both(address)
                break
            except OSError as error:
                # Port 0: what is free for UDP may be taken for TCP.
                if error.errno != errno.EADDRINUSE or address[1] != 0:
                    raise
        for sock, serve in ((udp, self.serve_udp), (tcp, self.accept)):
            sock.setblocking(False)
            self.selector.register(sock, selectors.EVENT_READ, serve)
        print("listening", show(udp.getsockname()), flush=True)

    def run(self):
        while True:
            wait = max(0, self.later[0][0] - time.monotonic()) if self.later else None
            for key, _ in self.selector.select(wait):
                key.data(key.fileobj)
            while self.later and self.later[0][0] <= time.monotonic():
                heapq.heappop(self.later)[2]()
            if self.log:
                self.log.flush()

    def after(self, milliseconds, function):
        self.number += 1
        heapq.heappush(self.later, (time.monotonic() + milliseconds / 1000, self.number, function))

    def serve_udp(self, sock):
        for _ in range(256):
            try:
                message, client = sock.recvfrom(4096)
            except BlockingIOError:
                return
            except ConnectionError:
                continue

            def send(octets, client=client):
                try:
                    sock.sendto(octets, client)
                except OSError as error:
                    print(f"to {client}: {error}", file=sys.stderr)

            self.serve(message, client, sock, send, tcp=False)

    def accept(self, listener):
        sock, client = listener.accept()
        sock.setblocking(False)
        buffer = bytearray()

        def end():
            self.selector.unregister(sock)
            sock.close()

        def send(octets):
            if octets is None:
                end()
            elif sock.fileno() >= 0:
                sock.send(struct.pack("!H", len(octets)) + octets)

        def read(_):
            try:
                octets = sock.recv(65536)
            except ConnectionError:
                octets = b""
            if not octets:
                return end()
            buffer.extend(octets)
            while len(buffer) >= 2 and len(buffer) >= 2 + int.from_bytes(buffer[:2], "big"):
                size = int.from_bytes(buffer[:2], "big")
                message = bytes(buffer[2 : 2 + size])
                del buffer[: 2 + size]
                self.serve(message, client, sock, send, tcp=True)

        self.selector.register(sock, selectors.EVENT_READ, read)

    def serve(self, message, client, sock, send, tcp):
        try:
            query = Query(message)
        except (ValueError, IndexError):
            return
        if self.log:
            print(json.dumps({"id": query.id, "name": query.name, "type": query.type, "tcp": tcp,
                              "client": client[0], "port": client[1],
                              "server": show(sock.getsockname())}), file=self.log)
        entry = self.zone.find(query.name)
        if entry is None:
            if self.forward and not tcp:
                return self.pass_on(message, send)
            return send(query.answer(code=CODES["nxdomain"]))
        deed = entry.get("do", "")
        if isinstance(deed, dict):
            deed = deed.get(query.type, "")
        answers = self.answers(query, deed, sock, client, tcp)
        if entry.get("delay_ms"):
            return self.after(entry["delay_ms"], lambda: [send(answer) for answer in answers])
        for answer in answers:
            send(answer)

    def answers(self, query, deed, sock, client, tcp):
        """What to send, in order; None closes a TCP connection."""
        real = query.answer(self.zone.records(query.name, query.type))
        if not tcp and len(real) > query.udp_size:
            real = query.answer(flags=0x8380)
        forged = [(query.name, query.type, data, 60) for data in FORGED.get(query.type, [])]
        if deed in CODES:
            return [query.answer(code=CODES[deed])]
        if deed in ("truncate", "silent-tcp", "close-tcp") and not tcp:
            return [query.answer(flags=0x8380)]
        if deed in ("silent", "silent-tcp"):
            return []
        if deed == "close-tcp":
            return [None]
        if deed == "garbage":
            return [b"" if tcp else random.randbytes(random.randrange(12, 300))]
        if deed == "short":
            return [real[:5], real]
        if deed == "empty":
            return [b"", real]
        if deed in ("wrong-id", "only-forged"):
            wrong = query.answer(forged, query_id=query.id ^ 0x5555)
            return [wrong] if deed == "only-forged" else [wrong, real]
        if deed == "wrong-question":
            other = encode_name("other.example") + query.question[-4:]
            return [query.answer(forged, question=other), real]
        if deed == "elsewhere":
            with socket.socket(sock.family, socket.SOCK_DGRAM) as stranger:
                stranger.bind((sock.getsockname()[0], 0))
                stranger.sendto(query.answer(forged), client)
        if deed == "no-recursion":
            return [query.answer(flags=0x8100)]
        return [real]

    def pass_on(self, message, send):
        upstream = socket.socket(socket.AF_INET6 if ":" in self.forward[0] else socket.AF_INET,
                                 socket.SOCK_DGRAM)
        upstream.setblocking(False)
        upstream.connect(self.forward)
        upstream.send(message)

        def end():
            if upstream.fileno() >= 0:
                self.selector.unregister(upstream)
                upstream.close()

        def answer(_):
            try:
                send(upstream.recv(4096))
            except OSError:
                pass
            end()

        self.selector.register(upstream, selectors.EVENT_READ, answer)
        self.after(5000, end)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--zone")
    parser.add_argument("--log")
    parser.add_argument("--forward", type=endpoint)
    parser.add_argument("address", nargs="+", type=endpoint)
    options = parser.parse_args()
    entries = {}
    if options.zone:
        with open(options.zone, encoding="utf-8") as file:
            entries = json.load(file)
    log = open(options.log, "a", encoding="utf-8") if options.log else None
    server = Server(Zone(entries), log, options.forward)
    for address in options.address:
        server.listen(address)
    server.run()


if __name__ == "__main__":
    main()
