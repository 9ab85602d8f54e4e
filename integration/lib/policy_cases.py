# SPDX-License-Identifier: Apache-2.0
"""Sends what the expect lines of a rule file say through the gateway: policy_cases.py RULES LOG SEEN

Lines with "at TIME" are left out: the gateway's clock is the machine's; and those with a response,
which the scenario responses has. A name that is to be verified
is sent to an address that the lab's DNS server gives for every name, one that is not to another
address. Each request carries its line in Referer, which finds it in the access log LOG and in SEEN, the
origin's own log."""

import json
import re
import shlex
import socket
import sys
import time
from urllib.parse import urlsplit

from httpio import check, connect

ADDRESS, OTHER = "198.51.100.7", "198.51.100.99"
PROXY = ("10.99.1.1", 3128)


class Case:
    def __init__(self, number, line):
        self.marker = f"line-{number}"
        question, decision = line.split(" -> ")
        words = shlex.split(question)[1:]
        self.client, self.method, url = words[:3]
        self.fields, self.forward, self.verified, self.to = [], False, True, None
        options = iter(words[3:])
        for option in options:
            if option == "unverified":
                self.verified = False
            elif option == "with":
                self.fields.append(next(options))
            elif option == "to":
                self.to = next(options)
            elif option == "listener":
                self.forward |= next(options) in ("forward", "3128")
            else:
                raise ValueError(f"no request can be made of {option}")
        parts = urlsplit(url)
        self.authority, self.host = parts.netloc, parts.hostname
        self.path = (parts.path or "/") + ("?" + parts.query if parts.query else "")
        self.tunnel = parts.scheme == "https"
        self.port = parts.port or (443 if self.tunnel else 80)
        words = decision.split()
        self.action, self.rule = words[:2]
        self.effects = list(zip(words[2::2], words[3::2]))

    def request(self):
        if self.tunnel:
            host = f"[{self.host}]" if ":" in self.host else self.host
            target, method = f"{host}:{self.port}", "CONNECT"
        else:
            target = f"http://{self.authority}{self.path}" if self.forward else self.path
            method = self.method
        fields = [f"Host: {target if self.tunnel else self.authority}",
                  f"Referer: {self.marker}", *self.fields]
        if method in ("POST", "PUT", "PATCH"):
            fields.append("Content-Length: 0")
        return f"{method} {target} HTTP/1.1\r\n" + "\r\n".join(fields) + "\r\n\r\n"

    def where(self):
        if self.forward or self.tunnel:
            return PROXY
        if self.to:
            return self.to, self.port
        try:
            socket.inet_pton(socket.AF_INET6 if ":" in self.host else socket.AF_INET, self.host)
            return self.host, self.port
        except OSError:
            return (ADDRESS if self.verified else OTHER), self.port

    def send(self):
        sock = connect(*self.where(), source=self.client)
        sock.sendall(self.request().encode())
        self.status = int(sock.recv(4096)[9:12])
        sock.close()


def records(path, key):
    """The log's lines by the Referer of their request."""
    with open(path, encoding="utf-8") as file:
        return {key(line): line for line in map(json.loads, file)}


def wait_for(path, markers):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = records(path, lambda line: line.get("referer"))
        if markers <= set(found):
            return found
        time.sleep(0.05)
    raise SystemExit(f"FAILED: not in the log: {sorted(markers - set(found))}")


def referer_seen(line):
    return next((value for name, value in line.get("fields", []) if name == "Referer"), None)


def judge(case, record, seen, rules):
    what = f"{sys.argv[1]} {case.marker}"
    check((record["action"], record["rule"]) == (case.action, case.rule),
          f"{what}: decided {record['action']} {record['rule']}, not {case.action} {case.rule}")
    check((record["reason"] == "policy") == (case.action == "deny"), f"{what}: {record['reason']}")
    reached = case.marker in seen
    if case.action == "deny":
        check(case.status == 403 and not reached, f"{what}: {case.status}, seen by the server: {reached}")
    elif not case.tunnel and not case.forward:
        check(case.status == 200 and reached, f"{what}: {case.status}, seen by the server: {reached}")
    for kind, name in case.effects:
        if kind == "audit":
            check(name in record["audit"].split(","), f"{what}: audit {record['audit']}")
        elif kind == "tag":
            word = re.search(rf"^tag +{name} .* as (\S+)$", rules, re.MULTILINE)[1]
            check(word in record["tag"].split(","), f"{what}: tags {record['tag']}")
        elif kind == "limit":
            check(record["limit"] == "", f"{what}: limit {record['limit']}")
        elif reached:
            field, value = re.search(rf'^header +{name} .* set (\S+) +"(.*)"$', rules,
                                     re.MULTILINE).groups()
            check([field, value] in seen[case.marker]["fields"], f"{what}: {field} is not there")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        rules = file.read()
    marker = sys.argv[1].rsplit("/", 1)[-1]
    cases = [Case(f"{marker}-{number}", line) for number, line in enumerate(rules.splitlines(), 1)
             if line.startswith("expect ")
             and not re.search(r' (at 2|(status|type|size) ["\w])', line)]
    for case in cases:
        case.send()
    found = wait_for(sys.argv[2], {case.marker for case in cases})
    seen = records(sys.argv[3], referer_seen)
    for case in cases:
        judge(case, found[case.marker], seen, rules)
    print(len(cases))


main()
