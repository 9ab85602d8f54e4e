# SPDX-License-Identifier: Apache-2.0
"""The cases: who is measured doing what. The first contestant of a case is what the others are compared with."""
import dataclasses

from gateways import Gatehouse, GoProxy, Haproxy, Nginx, Squid


@dataclasses.dataclass
class Contestant:
    gateway: object
    load: list                     # arguments of the load generator
    hold: list | None = None       # connections held open beside it
    after_peers: float = 0         # open loop: share of the slowest contestant's capacity


@dataclasses.dataclass
class Case:
    title: str
    contestants: object            # makes the list
    unit: str = "request"          # or MB: what processor time is divided by
    latency: bool = False          # compared by p99 instead of processor time
    measure: str = "speed"         # or idle, slow: memory of what is held; connect
    inverse: bool = False          # the others are divided by the first, instead of the first by the others
    mark: str = ""                 # what the project has promised itself
    window: float = 2.0


def beside(load, fresh=False, logs=False, splice=False, hold=None, half=False):
    """Gatehouse, HAProxy and nginx with the same load."""

    def make():
        gateways = [Gatehouse("gatehouse", logs), Haproxy("haproxy", logs)]
        if splice:
            gateways.append(Haproxy("haproxy-splice", logs, splice=True))
        gateways.append(Nginx("nginx", logs, fresh=fresh))
        return [Contestant(g, load, hold, 0.5 if half else 0) for g in gateways]

    return make


def scale(load, fresh=False):
    """Gatehouse beside gateways that nobody chooses for their speed."""
    return lambda: [Contestant(g, load) for g in (Gatehouse("gatehouse"), Squid("squid", fresh=fresh), GoProxy("go"))]


def connect():
    return [Contestant(Gatehouse("gatehouse"), FRESH)]


def tunnel():
    """What a protocol switch leaves behind."""
    load = ["--upgrade", "--path", "/b/100000000", "--connections", "4"]
    return [Contestant(g, load) for g in (
        Gatehouse("gatehouse"), Haproxy("haproxy"), Haproxy("haproxy-splice", splice=True), Nginx("nginx", fresh=True))]


def not_http():
    """What isn't HTTP: beside HAProxy's mode tcp."""
    load = ["--not-http", "--path", "/b/100000000", "--connections", "4"]
    return [Contestant(g, load) for g in (
        Gatehouse("gatehouse"), Haproxy("haproxy", mode="tcp"), Haproxy("haproxy-splice", splice=True, mode="tcp"))]


def growth():
    small = ["--connections", "64"]
    return [
        Contestant(Gatehouse("64 active"), small),
        Contestant(Gatehouse("7,900 idle"), small, hold=["--connections", "7900"]),
        Contestant(Gatehouse("2 workers", workers=2), small),
        Contestant(Gatehouse("4 workers", workers=4), small),
    ]


def growth_clients():
    return [
        Contestant(Gatehouse("1 client"), ["--connections", "200"]),
        Contestant(Gatehouse("200 clients"), ["--connections", "200", "--sources", "200"]),
    ]


def policy():
    return [Contestant(Gatehouse(label, rules=rules, names=names), ["--browser"]) for label, rules, names in (
        ("no policy", 0, 0), ("200 rules", 200, 0), ("and a list", 200, 10_000_000))]


FRESH = ["--fresh", "--sources", "8"]
FRESH_MARK = "<= 0.95 of the better"

CASES = {
    "keepalive": Case(
        "keep-alive GET, 128 octets, 64 connections", beside([]),
        mark="<= 0.85 of the better"),
    "keepalive-logs": Case(
        "the same, access logs on", beside([], logs=True), mark="<= 0.85 of the better"),
    "keepalive-browser": Case(
        "keep-alive, heads of 500 octets in 11 fields", beside(["--browser"]), mark="<= 0.85"),
    "fresh": Case(
        "one request for each client connection, new upstream connection", beside(FRESH, fresh=True),
        mark=FRESH_MARK),
    "fresh-logs": Case(
        "the same, access logs on", beside(FRESH, fresh=True, logs=True), mark=FRESH_MARK),
    "connect": Case(
        "new upstream connections, source kept: the parent beside a process that connects by itself", connect,
        measure="connect", mark="<= 5 us more; >= 40,000 connections a second of one parent thread"),
    "64k": Case("64 KiB responses", beside(["--path", "/b/65536"], splice=True), mark="<= 0.8"),
    "1m-down": Case(
        "1 MiB responses, 8 connections", beside(["--path", "/b/1048576", "--connections", "8"], splice=True),
        unit="MB", mark="<= 0.8 of the best"),
    "1m-up": Case(
        "1 MiB of content in requests, 8 connections",
        beside(["--put", "1048576", "--connections", "8"], splice=True), unit="MB", mark="<= 0.8 of the best"),
    "2g-down": Case(
        "2 GB response, 1 connection", beside(["--path", "/b/2000000000", "--connections", "1"], splice=True),
        unit="MB", mark="<= 0.8 of the best"),
    "2g-up": Case(
        "2 GB of content in a request, 1 connection",
        beside(["--put", "2000000000", "--connections", "1"], splice=True), unit="MB",
        mark="<= 0.8 of the best"),
    "chunked": Case(
        "1 MiB responses in chunks of 8 KiB, 8 connections",
        beside(["--path", "/c/1048576", "--connections", "8"], splice=True), unit="MB", mark="<= 0.8"),
    "latency-1": Case("1 connection", beside(["--connections", "1"]), latency=True, mark="<= 1.0"),
    "latency-16": Case("16 connections", beside(["--connections", "16"]), latency=True, mark="<= 1.0"),
    "latency-half": Case(
        "open loop at half of the slowest gateway's capacity", beside([], half=True), latency=True,
        mark="<= 1.0"),
    "idle": Case(
        "8,000 idle client connections", beside([], hold=["--connections", "8000"]), measure="idle",
        mark="<= 400 octets of user memory for each"),
    "slow": Case(
        "1,000 readers of 10 MB at 1 KB/s",
        beside([], hold=["--connections", "1000", "--path", "/b/10000000", "--hold", "slow"]),
        measure="slow", mark="<= the better peer"),
    "tunnel": Case(
        "100 MB after an Upgrade to websocket, 4 connections", tunnel, unit="MB", mark="<= 0.8 of the best"),
    "not-http": Case(
        "100 MB of what isn't HTTP, 4 connections", not_http, unit="MB", mark="<= 0.8 of the best"),
    "growth": Case(
        "Gatehouse with idle connections and workers, compared with 64 connections on one worker", growth,
        inverse=True, mark="<= 1.05"),
    "growth-clients": Case(
        "Gatehouse with 200 connections of 200 addresses, compared with 200 of one", growth_clients,
        inverse=True, mark="<= 1.05"),
    "policy": Case(
        "Gatehouse with 200 rules that don't match, and a list of 10 million names beside, heads of 500 octets", policy,
        inverse=True, mark="<= 1.05"),
    "scale": Case("keep-alive beside Squid and Go's ReverseProxy", scale([])),
    "scale-fresh": Case("one request for each connection beside the same", scale(FRESH, fresh=True)),
}
