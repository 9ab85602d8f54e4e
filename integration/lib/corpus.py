#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rows of tests/corpus through a running gateway, between a client that sends their octets and
an origin that writes down every octet it gets.

corpus.py requests|responses MODE ADDRESS PORT ORIGIN-PORT

In forward mode the rows' origin-form becomes http://a/. Prints a line for each row that isn't as
listed, and a summary.
"""

import pathlib
import re
import sys
import time

import h11

from hosts import RawOrigin, dial, wait_for
from httpio import Closed, Reader

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
PROBE = b"GET %sprobe HTTP/1.1\r\nHost: a\r\n\r\n"
SMUGGLED = b"GET %ssmuggled HTTP/1.1\r\nHost: a\r\n\r\n"

# What the upstream gets of the rows that pass, beside what the gateway adds: start line, fields,
# content. Everything else in tests/corpus/requests.tsv must not reach it at all.
CHUNKED = ("POST / HTTP/1.1", ["Host: a", "Transfer-Encoding: chunked"])
PLAIN = ("GET / HTTP/1.1", ["Host: a"], "")
FORWARDED = {
    "RL06": PLAIN, "RL17": PLAIN, "RL30": PLAIN, "HO11": PLAIN, "HH01": PLAIN, "HH04": PLAIN,
    "HH05": PLAIN, "HH11": PLAIN, "HH12": PLAIN,
    "RL27": ("OPTIONS * HTTP/1.1", ["Host: a"], ""),
    "HF14": ("GET / HTTP/1.1", ["Host: a", "X: \xe9"], ""),
    "FR18": (*CHUNKED, ""), "CH08": (*CHUNKED, "hello"), "CH14": (*CHUNKED, "hello"),
    "CH20": (*CHUNKED, "hello"),
    "FR31": ("POST / HTTP/1.1", ["Host: a", "Content-Length: 5"], "hello"),
    "FR35": ("GET / HTTP/1.1", ["Host: a", "Content-Length: 5"], "hello"),
    "HH10": ("POST / HTTP/1.1", ["Host: a", "Content-Length: 5"], "hello"),
}
# Rows that mean something else to a forward proxy: CONNECT is what it is for (but not to port 80),
# OPTIONS * asks about the proxy itself.
FORWARD_DIFFERS = {"RL27": "200", "RL28": "403C"}
# Of HTTP/1.0, or the client asked for it: the connection ends after the response.
ENDS = {"HO11", "HH01", "HH10", "HH11"}


def unescape(text):
    simple = {"r": b"\r", "n": b"\n", "t": b"\t", "\\": b"\\", '"': b'"', "0": b"\0"}
    out = b""
    for match in re.finditer(r"\\x([0-9a-fA-F]{2})|\\(.)|([^\\]+)", text, re.DOTALL):
        octet, letter, plain = match.groups()
        if octet:
            out += bytes([int(octet, 16)])
        else:
            out += simple[letter] if letter else plain.encode("latin-1")
    return out


def rows(name):
    for line in (TOP / "tests" / "corpus" / f"{name}.tsv").read_text().splitlines():
        if not line.startswith("#"):
            ident, expected, _, note, payload = line.split("\t")
            yield ident, expected, note, unescape(payload)


def oracle(data):
    """(method, target, content) of every message that h11, a strict second parser, finds."""
    messages = []
    parser = h11.Connection(h11.SERVER)
    parser.receive_data(data)
    parser.receive_data(b"")
    while True:
        event = parser.next_event()
        if isinstance(event, h11.Request):
            messages.append([event.method.decode(), event.target.decode("latin-1"), b""])
        elif isinstance(event, h11.Data):
            messages[-1][2] += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            parser.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
            parser.send(h11.EndOfMessage())
            if parser.our_state is not h11.DONE or parser.their_state is not h11.DONE:
                return messages, bytes(parser.trailing_data[0])
            parser.start_next_cycle()
        elif event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
            return messages, bytes(parser.trailing_data[0])
        elif event is h11.NEED_DATA:
            return messages, b"?"


class Gateway:
    def __init__(self, mode, address, port, origin):
        self.mode, self.address, self.port, self.origin = mode, address, port, origin
        self.prefix = b"http://a/" if mode == "forward" else b"/"
        self.failures = 0
        self.checks = 0

    def fail(self, ident, what):
        self.failures += 1
        print(f"{self.mode} {ident}: {what}")

    def expect(self, ident, what, wanted, actual):
        self.checks += 1
        if wanted != actual:
            self.fail(ident, f"{what}: wanted {wanted!r}, got {actual!r}")

    def dial(self):
        return dial(self.address, self.port)

    def addressed(self, payload):
        return payload.replace(b" / HTTP/1", b" http://a/ HTTP/1", 1) if self.mode == "forward" else payload

    def fields(self, wanted, ident):
        """The fields that the gateway adds to those wanted."""
        if ident == "HO11":
            # Nobody named a host: the address that the client's connection was going to.
            destination = self.address if self.port == 80 else f"{self.address}:{self.port}"
            wanted = ["Host: a" if self.mode == "forward" else f"Host: {destination}"]
        version = "1.0" if ident in ("HO11", "HH10") else "1.1"
        return sorted([*wanted, f"Via: {version} SELF"])


def ending(sock, reader):
    """kept, closed or reset; kept is tried out with a request."""
    sock.settimeout(3)
    try:
        return "closed" if sock.recv(1) == b"" and not reader.buffer else "more octets"
    except ConnectionResetError:
        return "reset"
    except TimeoutError:
        return "open"


def play(gateway, pieces):
    """Sends the pieces; the response, and whether the connection was kept, closed or reset."""
    sock = gateway.dial()
    reader = Reader(sock)
    try:
        for i, piece in enumerate(pieces):
            if i:
                time.sleep(0.01)
            sock.sendall(piece)
    except (ConnectionResetError, BrokenPipeError):
        pass  # the answer came before the last piece
    try:
        response = reader.response()
    except (Closed, ConnectionResetError) as error:
        sock.close()
        return None, type(error).__name__
    if response.head.get("Connection", "").lower() == "close" or " HTTP/1.0" in response.head.line:
        how = ending(sock, reader)
        sock.close()
        return response, how
    sock.sendall(PROBE % gateway.prefix)
    try:
        how = "kept" if reader.response().status == 200 else "probe refused"
    except (Closed, OSError) as error:
        how = type(error).__name__
    sock.close()
    return response, how


def outcome(expected, response, how):
    if response is None:
        return f"no response ({how})"
    if expected == "OK":
        return "OK" if response.status == 200 and response.body == b"ok" else str(response.status)
    return f"{response.status}{'C' if how == 'closed' else ''}"


def settled(origin):
    """Everything that the origin got of the last row."""
    wait_for(lambda: all(one.ended.is_set() for one in origin.connections), 5)
    return origin.take()


def check_forwarded(gateway, ident, connections):
    data = b"".join(one.data for one in connections)
    messages, left = oracle(data)
    line, fields, content = FORWARDED[ident]
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    added = ("X-Forwarded-", "Forwarded:") if gateway.mode == "reverse" else ()
    seen = [one for one in lines[1:] if not (added and one.startswith(added))]
    gateway.expect(ident, "start line", line, lines[0])
    gateway.expect(ident, "fields", gateway.fields(fields, ident), sorted(seen))
    method, target, _ = line.split(" ")
    probe = [] if ident in ENDS else [["GET", "/probe", b""]]
    gateway.expect(ident, "messages of the second parser",
                   [[method, target, content.encode()], *probe], messages)
    gateway.expect(ident, "octets the second parser left", b"", left)


def run_request(gateway, ident, expected, payload):
    origin = gateway.origin
    if gateway.mode == "forward":
        expected = FORWARD_DIFFERS.get(ident, expected)
    payload = gateway.addressed(payload)

    response, how = play(gateway, [payload])
    gateway.expect(ident, "outcome", expected, outcome(expected, response, how))
    if expected == "OK":
        gateway.expect(ident, "connection", "closed" if ident in ENDS else "kept", how)
        check_forwarded(gateway, ident, settled(origin))
    elif expected.endswith("C"):
        gateway.expect(ident, "octets upstream", [], [one.data for one in settled(origin)])
    settled(origin)
    if not expected.endswith("C"):
        return

    # A request right behind a refused one is never served, wherever the octets are cut.
    pieces = {"one piece": [payload + SMUGGLED % gateway.prefix]}
    half = len(payload) // 2
    pieces["cut in the middle"] = [payload[:half], payload[half:] + SMUGGLED % gateway.prefix]
    head = payload.find(b"\r\n\r\n") + 4
    if 4 <= head < len(payload):
        pieces["cut behind the head"] = [payload[:head], payload[head:] + SMUGGLED % gateway.prefix]
    for name, cut in pieces.items():
        response, how = play(gateway, cut)
        gateway.expect(ident, f"outcome, {name}", expected, outcome(expected, response, how))
        for one in settled(origin):
            # Content that turns out to be malformed after its head has gone: never a whole message.
            gateway.expect(ident, f"complete requests upstream, {name}", 0, one.requests)
            gateway.expect(ident, f"smuggled, {name}", False, b"smuggled" in one.data)


def run_response(gateway, ident, expected, payload):
    closes = expected == "ABORT" and ident != "RS21"

    answered = []

    def answer(recorded):
        if answered:
            return RawOrigin.ok(recorded)
        answered.append(True)
        recorded.sock.sendall(payload)
        if closes:
            recorded.sock.close()
        return None

    gateway.origin.answer = answer
    sock = gateway.dial()
    reader = Reader(sock)
    sock.sendall(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % gateway.prefix)
    try:
        response = reader.response()
        actual = str(response.status)
    except ConnectionResetError:
        response, actual = None, "ABORT"
    except Closed:
        response, actual = None, "ended cleanly in the middle"
    if expected == "ABORT":
        gateway.expect(ident, "outcome", "ABORT", actual)
    elif expected == "502C":
        gateway.expect(ident, "outcome", "502", actual)
        gateway.expect(ident, "connection", "closed", ending(sock, reader))
    else:
        status = payload.split(b" ")[1].decode()
        gateway.expect(ident, "outcome", status, actual)
        if expected.endswith("U"):
            # The octets too many are nobody's: not the next response's either.
            first = gateway.origin.connections[0]
            gateway.expect(ident, "upstream closed", True, first.ended.wait(3))
        sock.sendall(PROBE % gateway.prefix)
        probe = reader.response()
        gateway.expect(ident, "next exchange", (200, b"ok"), (probe.status, probe.body))
    if response:
        text = response.head.raw + response.body
        for never in (b"EVIL", b"X-S", b"Keep-Alive", b"X :", b"hello"):
            gateway.expect(ident, f"{never!r} at the client", False, never in text)
    if ident == "RS05":
        gateway.expect(ident, "field without the space", "a", response.head.get("X"))
    sock.close()
    settled(gateway.origin)


def main():
    name, mode, address, port, origin_port = sys.argv[1:]
    gateway = Gateway(mode, address, int(port), RawOrigin(int(origin_port)))
    run = {"requests": run_request, "responses": run_response}[name]
    count = 0
    for ident, expected, note, payload in rows(name):
        before = gateway.failures
        try:
            run(gateway, ident, expected, payload)
        except (OSError, Closed, h11.RemoteProtocolError) as error:
            gateway.fail(ident, f"{type(error).__name__}: {error}")
            settled(gateway.origin)
        if gateway.failures != before:
            print(f"  ({note}: {payload[:120]!r})")
        count += 1
    print(f"  {mode}: {count} {name}, {gateway.checks} comparisons, {gateway.failures} failed")
    sys.exit(gateway.failures != 0)


if __name__ == "__main__":
    main()
