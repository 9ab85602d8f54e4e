#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that do everything that clients do, and go away at any point of it.

chaos.py --seconds S --clients N WAY...   WAY: MODE=ADDRESS:PORT, MODE transparent, forward or reverse

Each client picks a way and a request at random, sends some of it or all, reads some of the response or
all, then ends with FIN, half-close or reset, or goes on. Requests go to origin.py, those of forward
mode to http://chaos.example; forward mode also gets CONNECT. A response that is read whole must be
right: the exit code is 1, and the output says why, when one wasn't. The seed is printed.
"""

import argparse
import asyncio
import hashlib
import random
import socket
import struct

from httpio import pattern_sha256

HOST = "chaos.example"


class Wrong(Exception):
    pass


class Client:
    def __init__(self, ways, seed, counts):
        self.ways, self.random, self.counts = ways, random.Random(seed), counts

    def request(self, prefix):
        """Octets of a request, and the sha256 its response must have, if it is one to check."""
        size = self.random.choice((0, 1, 100, 5000, 70000, 400000))
        kind = self.random.choice(("length", "chunked", "close", "upload", "chunked-upload", "interim",
                                   "wait", "cut", "reset", "early", "trailers", "drip", "garbage"))
        head = f" HTTP/1.1\r\nHost: {HOST}\r\n"
        if kind in ("length", "chunked", "close", "trailers"):
            # Where the end of the connection is the end of the body, a killed worker looks like it.
            wanted = None if kind == "close" else pattern_sha256(size)
            return f"GET {prefix}/{kind}/{size}{head}\r\n".encode(), wanted
        if kind in ("upload", "early"):
            body = self.random.randbytes(size)
            target = "/" if kind == "upload" else "/early/0"
            answer = hashlib.sha256(b"body " + hashlib.sha256(body).hexdigest().encode() + b"\n").hexdigest()
            return (f"POST {prefix}{target}{head}Content-Length: {size}\r\n\r\n".encode() + body,
                    answer if kind == "upload" else None)
        if kind == "chunked-upload":
            chunks = [self.random.randbytes(self.random.randrange(1, 5000)) for _ in range(10)]
            octets = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
            whole = hashlib.sha256(b"".join(chunks)).hexdigest().encode()
            return (f"POST {prefix}/{head}Transfer-Encoding: chunked\r\n\r\n".encode() + octets + b"0\r\n\r\n",
                    hashlib.sha256(b"body " + whole + b"\n").hexdigest())
        if kind == "garbage":
            return self.random.randbytes(200), None
        target = {"interim": "/interim/3", "wait": "/wait/1", "cut": f"/cut/{size}",
                  "reset": f"/reset/{size}", "drip": "/drip/5000/2000"}[kind]
        return f"GET {prefix}{target}{head}\r\n".encode(), None

    async def run(self, stop):
        while not stop.is_set():
            mode, address, port = self.random.choice(self.ways)
            try:
                await asyncio.wait_for(self.connection(mode, address, port), 8)
            except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.TimeoutError):
                self.counts["broken"] += 1

    async def connection(self, mode, address, port):
        reader, writer = await asyncio.open_connection(address, port)
        try:
            prefix = f"http://{HOST}" if mode == "forward" else ""
            if mode == "forward" and self.random.random() < 0.4:
                writer.write(f"CONNECT {HOST}:80 HTTP/1.1\r\nHost: {HOST}:80\r\n\r\n".encode())
                if b" 200 " not in await reader.readuntil(b"\r\n\r\n"):
                    return
                prefix = ""
            for _ in range(self.random.randrange(1, 6)):
                if not await self.exchange(mode, prefix, reader, writer):
                    return
        finally:
            writer.close()

    async def exchange(self, mode, prefix, reader, writer):
        octets, wanted = self.request(prefix)
        if self.random.random() < 0.3:
            writer.write(octets[: self.random.randrange(len(octets) + 1)])
            await asyncio.sleep(self.random.random() * 0.05)
            return self.leave(writer)
        writer.write(octets)
        if self.random.random() < 0.2:
            await reader.read(self.random.randrange(1, 20000))
            return self.leave(writer)
        ended = self.random.random() < 0.1
        if ended:
            writer.write_eof()
        body, closing = await self.response(reader)
        if wanted and hashlib.sha256(body).hexdigest() != wanted:
            raise Wrong(f"{mode}: {octets[:80]!r} got {len(body)} octets that are not the answer")
        self.counts["right" if wanted else "other"] += 1
        return not closing and not ended

    def leave(self, writer):
        how = self.random.choice(("fin", "reset", "half"))
        self.counts[how] += 1
        if how == "reset":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                                       struct.pack("ii", 1, 0))
        elif how == "half":
            writer.write_eof()
        return False

    async def response(self, reader):
        """The body, and whether the connection ends; an error of the gateway counts as an end."""
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            status = int(head.split(" ")[1])
            if status >= 200:
                break
        if status != 200:
            raise OSError(f"status {status}")
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        closing = fields.get("connection") == "close"
        if fields.get("transfer-encoding") == "chunked":
            body = b""
            while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
                body += (await reader.readexactly(size + 2))[:-2]
            while await reader.readuntil(b"\r\n") != b"\r\n":
                pass
            return body, closing
        if "content-length" in fields:
            return await reader.readexactly(int(fields["content-length"])), closing
        return await reader.read(-1), True


async def run(options):
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(options.seconds, stop.set)
    counts = dict.fromkeys(("right", "other", "broken", "fin", "reset", "half"), 0)
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    print("seed", seed, flush=True)
    clients = [Client(options.ways, seed + number, counts) for number in range(options.clients)]
    await asyncio.gather(*(client.run(stop) for client in clients))
    print(counts)


def way(text):
    mode, _, endpoint = text.partition("=")
    host, _, port = endpoint.rpartition(":")
    return mode, host.strip("[]"), int(port)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--clients", type=int, default=30)
    parser.add_argument("--seed", type=int)
    parser.add_argument("ways", nargs="+", type=way)
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
