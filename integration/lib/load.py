#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many clients at once, each on a persistent connection of its own, every body checked.

load.py --host ADDRESS --clients N --sources 10.99.1.11,... --out FILE
        [--requests R | --seconds S] [--size OCTETS] [--new-connections] [--pause SECONDS]
        [--proxied URL]

Ends after R requests of each client, S seconds or SIGTERM. FILE gets one JSON object: for each
client its source, the ports it connected from, how many responses were right and, when something
went wrong, what and when. A client ends with its first error. Asks origin.py for /length/SIZE, or
the host for URL/length/SIZE as a client asks its proxy.
"""

import argparse
import asyncio
import hashlib
import json
import signal
import time

from httpio import pattern_sha256


class Client:
    def __init__(self, number, arguments):
        self.arguments = arguments
        self.source = arguments.sources[number % len(arguments.sources)]
        self.size = arguments.size + number
        self.wanted = pattern_sha256(self.size)
        self.ports = []
        self.right = 0
        self.slowest = 0.0
        self.error = None
        self.error_time = None
        self.reader = self.writer = None

    async def connect(self):
        self.reader, self.writer = await asyncio.open_connection(
            self.arguments.host, self.arguments.port, local_addr=(self.source, 0))
        self.ports.append(self.writer.get_extra_info("sockname")[1])

    async def request(self):
        host = f"[{self.arguments.host}]" if ":" in self.arguments.host else self.arguments.host
        host = self.arguments.proxied.removeprefix("http://") or host
        target = f"{self.arguments.proxied}/length/{self.size}"
        self.writer.write(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        head = await self.reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise ValueError(f"unexpected response {head[:80]!r}")
        body = await self.reader.readexactly(self.size)
        if hashlib.sha256(body).hexdigest() != self.wanted:
            raise ValueError("the body is not what was asked for")
        self.right += 1
        return b"connection: close" in head.lower()

    async def run(self, stop):
        try:
            while not stop.is_set() and (self.arguments.requests is None or self.right < self.arguments.requests):
                if self.writer is None:
                    await self.connect()
                start = time.monotonic()
                closing = await asyncio.wait_for(self.request(), 30)
                self.slowest = max(self.slowest, time.monotonic() - start)
                if self.arguments.new_connections or closing:
                    self.writer.close()
                    self.writer = None
                await asyncio.sleep(self.arguments.pause)
        except (OSError, ValueError, EOFError, asyncio.TimeoutError) as error:
            self.error = f"{type(error).__name__}: {error}"
            self.error_time = time.time()
        finally:
            if self.writer:
                self.writer.close()

    def report(self):
        return dict(source=self.source, ports=self.ports, right=self.right, error=self.error,
                    error_time=self.error_time, slowest=round(self.slowest, 4))


async def run(arguments):
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    if arguments.seconds:
        loop.call_later(arguments.seconds, stop.set)
    clients = [Client(number, arguments) for number in range(arguments.clients)]
    await asyncio.gather(*(client.run(stop) for client in clients))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it would cost the report
    with open(arguments.out, "w") as file:
        json.dump([client.report() for client in clients], file)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, default=80)
    parser.add_argument("--clients", type=int, required=True)
    parser.add_argument("--sources", type=lambda text: text.split(","), required=True)
    parser.add_argument("--requests", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--size", type=int, default=1000)
    parser.add_argument("--pause", type=float, default=0)
    parser.add_argument("--new-connections", action="store_true")
    parser.add_argument("--proxied", default="", metavar="URL")
    parser.add_argument("--out", required=True)
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
