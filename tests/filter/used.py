#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Allowed equals used: used.py BINARIES

Runs a gateway with its real roles under strace(1), gives it every kind of work, and compares the
system calls that each role makes once its own filter is on with the rows of its table
(base/privileges.h, printed by filter_rows). A row that nothing used fails, unless RARE says why it
is there; a call that no row allows would have ended its process, and fails too."""

import http.client
import http.server
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "hostile"))
import lab  # pylint: disable=wrong-import-position

ABORT = "abort(), which no peer can cause (tests/hostile: the attempt 'abort')"
RARE = {
    "rt_sigprocmask": ABORT, "gettid": ABORT, "getpid": ABORT, "tgkill": ABORT,
    "clock_gettime": "the vDSO answers here; without it (old hosts, some hypervisors) the kernel does",
    "restart_syscall": "a stop and a continuation in the middle of a call",
    "rt_sigreturn": "no handler is installed; the kernel's own way back from a stop",
    "brk": "whether memory grows here or by mmap is malloc's choice",
    "mmap": "whether memory grows here or by brk is malloc's choice",
    "munmap": "as mmap", "mremap": "malloc, for buffers that grow", "madvise": "malloc",
    "getrandom": "malloc's and hash tables' seeds, at a moment of their choice",
    "futex": "once-only start of the C++ library, where another thread waited",
}
# Needs a mode or a host that this load doesn't have; the scenario that provokes it.
RARE_ROWS = {
    ("parent", "to DNS servers"): "forward mode, tests/privileged and integration/scenarios",
    ("parent", "the same, IPv6"): "DNS servers with IPv6 addresses",
    ("worker", "the end"): "the parent may kill it first; integration/scenarios/kill_parent.sh",
}
HEADER = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"
PRCTL = "/usr/include/linux/prctl.h"
CONFIG = """[gateway]
workers = 2
[[listen]]
port = 8888
intercept.ports = [80, 81, 8081]
"""
RULES = """include "more.gh"
tag   hours  when 08:00-16:00 Europe/Vienna  as hours
allow default
"""
MORE = CONFIG.replace("workers = 2", "workers = 3\npolicy = \"policy.gh\"") + """[[listen]]
port = 8889
intercept.ports = [80]
"""


def definitions(path, prefix):
    with open(path, encoding="ascii") as file:
        found = re.findall(rf"^#\s*define {prefix}(\w+)\s+(\d+)", file.read(), re.MULTILINE)
    return {name: int(number) for name, number in found}


class Row:
    def __init__(self, line):
        self.role, self.part, number, checks, self.reason = (line + " ").split(" ", 4)
        self.reason = self.reason.strip()
        self.number = int(number)
        self.checks = []
        for check in checks.split(",") if checks != "-" else ():
            argument, mask, value = check.split(":")
            self.checks.append((int(argument), int(mask, 16),
                                None if value == "pid" else int(value, 16)))
        self.used = 0

    def allows(self, number, arguments):
        return number == self.number and all(
            value is None or arguments[argument] & mask == value & mask
            for argument, mask, value in self.checks)


class Trace:
    """What strace wrote, process by process."""

    def __init__(self, path):
        self.numbers = definitions(HEADER, "__NR_")
        self.prctl = {"PR_" + name: number for name, number in definitions(PRCTL, "PR_").items()}
        self.calls = {}  # pid: [(name, arguments, text)]
        open_calls = {}
        with open(path, encoding="latin-1") as file:
            for line in file:
                started = re.match(r"(\d+) +(\w+)\((.*)", line)
                resumed = re.match(r"(\d+) +<\.\.\. (\w+) resumed>(.*)", line)
                if started:
                    pid, name, rest = int(started[1]), started[2], started[3]
                    self.calls.setdefault(pid, []).append([name, self.arguments(name, rest), rest])
                    open_calls[pid] = self.calls[pid][-1]
                elif resumed and int(resumed[1]) in open_calls:
                    open_calls[int(resumed[1])][2] += resumed[3]
        self.first = min(self.calls, key=lambda pid: list(self.calls).index(pid))

    def arguments(self, name, text):
        if name == "prctl":
            words = [word.strip() for word in re.split(r"[,)]", text)]
            return ([self.prctl.get(words[0], -1)] +
                    [int(w) if w.isdigit() else 0 for w in words[1:5]] + [0] * 6)[:6]
        text = re.split(r"\)\s+=|<unfinished", text)[0]
        values = [int(word, 16) for word in re.findall(r"0x[0-9a-f]+|\b0\b", text)]
        return (values + [0] * 6)[:6]

    @staticmethod
    def installs_filter(call):
        name, arguments, text = call
        return name == "seccomp" and arguments[0] == 1 and bool(re.search(r"= 0(x0)?\b", text))


def attribute(trace, spawners):
    """{(role, part): calls}: who made which calls, and under which table."""
    found = {}

    def put(role, part, calls):
        found.setdefault((role, part), []).extend(calls)

    for pid, calls in trace.calls.items():
        filters = [i for i, call in enumerate(calls) if trace.installs_filter(call)]
        execs = [i for i, call in enumerate(calls) if call[0] == "execveat"]
        name = next((m[1] for call in calls if call[0] == "prctl"
                     for m in [re.search(r'"gh-([\w-]+)"', call[2])] if m), None)
        if pid == trace.first:
            put("parent", "start", calls[filters[0] + 1:filters[1] + 1])
            put("parent", "own", calls[filters[1] + 1:])
        elif execs:
            role, canary = re.search(r'"gatehouse-([\w-]+)"(, "[12]")?', calls[execs[0]][2]).groups()
            if canary and role == "worker":
                calls = calls[:-1]  # what it is there to be killed for
            put(f"{role}-spawner", "own", calls[:filters[0] + 1])
            if len(filters) > 1:
                put(role, "start", calls[filters[0] + 1:filters[1] + 1])
                put(role, "own", calls[filters[1] + 1:])
            else:
                put(role, "start", calls[filters[0] + 1:])
        elif name and filters:
            # The kernel cuts names at 15 octets.
            role = next(r for r in spawners if r.startswith(name))
            put(role, "own", calls[filters[0] + 1:])
    return found


class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/reset":
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            self.wfile.write(b"x" * 1000)
            time.sleep(0.1)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                       struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        self.send_response(200)
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for _ in range(50):
                self.wfile.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
            return
        body = b"x" * (8_000_000 if self.path == "/large" else 100)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        while length > 0:
            length -= len(self.rfile.read(min(length, 65536)))
        self.path = "/small"
        self.do_GET()

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # a gateway that is killed resets its connections


def serve():
    with lab.on("server"):
        server = Server((lab.SERVER, lab.PORT_HOLDS), Origin)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def ask(connection, method, path, body=None, **more):
    connection.request(method, path, body=body, headers={"Host": lab.SERVER, **more})
    response = connection.getresponse()
    return response.status, len(response.read())


def client(port=lab.PORT_HOLDS):
    connection = http.client.HTTPConnection(lab.SERVER, port, timeout=20)
    connection.sock = lab.connect(port)
    connection.sock.settimeout(20)
    return connection


def expect(what, actual, wanted):
    if actual != wanted:
        raise RuntimeError(f"{what}: {actual}, not {wanted}")


def work():
    kept = client()
    for _ in range(3):
        expect("a short answer", ask(kept, "GET", "/small"), (200, 100))
    expect("a long answer", ask(kept, "GET", "/large"), (200, 8_000_000))
    expect("a chunked answer", ask(kept, "GET", "/chunked"), (200, 50 * 1024))
    expect("a long request", ask(kept, "POST", "/post", b"y" * 4_000_000), (200, 100))
    expect("a last answer", ask(kept, "GET", "/small", Connection="close"), (200, 100))
    kept.close()
    expect("no server there", ask(client(lab.PORT_RESETS), "GET", "/")[0], 502)
    garbage = lab.connect(lab.PORT_HOLDS)
    garbage.sendall(b"GARBAGE\r\n\r\n")
    expect("garbage", garbage.recv(100)[9:12], b"400")
    garbage.close()
    broken = client()
    try:
        ask(broken, "GET", "/reset")
        raise RuntimeError("a broken answer was complete")
    except (http.client.IncompleteRead, ConnectionError):
        broken.close()
    unanswered = lab.connect(lab.PORT_SILENT)
    unanswered.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    time.sleep(0.3)
    unanswered.close()


def pids(name):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if file.read() == name.encode() + b"\0":
                    found.append(int(pid))
        except OSError:
            continue
    return found


class Gateway:
    def __init__(self, binaries, directory):
        self.directory = directory
        self.config = os.path.join(directory, "etc", "gatehouse.toml")
        os.makedirs(os.path.dirname(self.config))
        self.configure(CONFIG)
        for name, text in (("policy.gh", RULES), ("more.gh", 'tag odd path ~"[13579]$" as odd\n')):
            with open(os.path.join(directory, "etc", name), "w", encoding="ascii") as file:
                file.write(text)
        self.trace = os.path.join(directory, "trace")
        self.log_path = os.path.join(directory, "stderr")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                ["strace", "-f", "-qq", "-e", "raw=!execveat,prctl", "-o", self.trace,
                 os.path.join(binaries, "gatehoused"), "--config", self.config, "--libexec",
                 binaries, "--run-dir", os.path.join(directory, "run"), "--log-dir",
                 os.path.join(directory, "log"), "--state-dir", os.path.join(directory, "state"),
                 "--control-group", "1"], stdout=log, stderr=log)
        self.wait_for("info: ready:", 1)
        self.parent = next(int(pid) for pid in os.listdir("/proc") if pid.isdigit() and
                           self.started(pid))

    def started(self, pid):
        try:
            with open(f"/proc/{pid}/status", encoding="ascii") as file:
                text = file.read()
            return text.startswith("Name:\tgatehoused\n") and f"PPid:\t{self.process.pid}\n" in text
        except OSError:
            return False

    def configure(self, text):
        with open(self.config, "w", encoding="ascii") as file:
            file.write(text)

    def wait_for(self, text, times):
        until = time.monotonic() + 30
        while True:
            with open(self.log_path, encoding="latin-1") as file:
                log = file.read()
            if log.count(text) >= times:
                return
            if time.monotonic() > until or self.process.poll() is not None:
                raise RuntimeError(f"'{text}' was not seen {times} times:\n{log}")
            time.sleep(0.02)

    def ask_status(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as control:
            control.connect(os.path.join(self.directory, "run", "control.sock"))
            control.settimeout(10)
            control.send(b"\x08\x01\x12\x00")  # version 1, status
            if not control.recv(4096):
                raise RuntimeError("no status")


# Of proto/registrar.proto: a client 10.0.0.1 (its key, then label a=b for a minute) put and removed.
KEY = b"\x12\x04\x0a\x00\x00\x01\x18\x20"
PUT, REMOVE = b"\x08\x01\x12\x11" + KEY + b"\x22\x03a=b\x38\xe0\xd4\x03", b"\x08\x01\x1a\x08" + KEY


def change_at_run_time(path, *calls):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as caller:
        caller.connect(path)
        caller.settimeout(10)
        for call in calls:
            caller.send(call)
            answer = caller.recv(4096)
            if answer[:3] != b"\x08\x01\x12":  # version 1, done
                raise RuntimeError(f"the registrar answers {answer!r}")


def change_at_run_time_as_member(path):
    """As a user who is in the group by its supplementary groups."""
    pid = os.fork()
    if pid == 0:
        os.setgroups([1])
        os.setgid(65534)
        os.setuid(65534)
        change_at_run_time(path, PUT)
        os._exit(0)
    expect("the member's call", os.waitpid(pid, 0)[1], 0)


def run(binaries, directory):
    gateway = Gateway(binaries, directory)
    work()
    gateway.ask_status()
    calls = os.path.join(directory, "run", "clients.sock")
    change_at_run_time(calls, PUT, REMOVE)
    change_at_run_time_as_member(calls)
    os.kill(gateway.parent, signal.SIGUSR1)
    kept = client()
    expect("before a reload", ask(kept, "GET", "/small"), (200, 100))
    gateway.configure(MORE)
    os.kill(gateway.parent, signal.SIGHUP)
    gateway.wait_for("info: ready:", 2)
    expect("on the same connection after it", ask(kept, "GET", "/small"), (200, 100))
    kept.close()
    work()
    os.kill(pids("gatehouse-logger")[0], signal.SIGKILL)
    os.kill(pids("gatehouse-worker")[0], signal.SIGKILL)
    gateway.wait_for("ended by signal 9", 1)
    time.sleep(1.5)
    work()
    gateway.configure("nonsense")
    os.kill(gateway.parent, signal.SIGHUP)
    gateway.wait_for("the old configuration stays", 1)
    os.kill(gateway.parent, signal.SIGTERM)
    expect("the exit code", gateway.process.wait(30), 0)
    return Trace(gateway.trace)


def compare(trace, rows):
    faults = []
    spawners = {row.role for row in rows if row.role.endswith("-spawner")}
    names = {number: name for name, number in trace.numbers.items()}
    for (role, part), calls in sorted(attribute(trace, spawners).items()):
        tables = [row for row in rows if row.role == role and (part == "start" or row.part == "own")]
        for name, arguments, _ in calls:
            number = trace.numbers.get(name, -1)
            allowed = [row for row in tables if row.allows(number, arguments)]
            if name == "execveat":
                allowed = [row for row in tables if row.number == number]
            for row in allowed:
                if part == "own" or row.part == "start":
                    row.used += 1
            if not allowed:
                faults.append(f"{role} ({part}) made a call that no row allows: {name} "
                              f"{[hex(a) for a in arguments]}")
        print(f"{role} ({part}): {len(calls)} calls of {len(set(c[0] for c in calls))} kinds")
    for row in rows:
        name = names[row.number]
        spawner = row.role.endswith("-spawner")
        excused = (name in RARE or (row.role, row.reason) in RARE_ROWS or row.part != "own" or
                   row.role.startswith("resolver") or  # forward mode: tests/resolver
                   name == "openat" and "resolver" in row.reason or
                   spawner and needed_by_spawners(row, rows))
        if row.used == 0 and not excused:
            faults.append(f"{row.role} never used {name} ({row.reason})")
    return faults


def needed_by_spawners(row, rows):
    """The spawners share one table, which also has what their children's tables have."""
    return any(
        other.used if other.role.endswith("-spawner") else other.role != "parent"
        for other in rows if (other.number, other.checks) == (row.number, row.checks))


def main():
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    why = lab.missing() or (None if shutil.which("strace") else "strace is not installed")
    if why:
        print(f"*** SKIPPED: allowed equals used was not compared: {why} ***")
        return 77
    lab.enter()
    binaries = os.path.abspath(sys.argv[1])
    printed = subprocess.run([os.path.join(binaries, "filter_rows")], check=True,
                             capture_output=True, text=True).stdout
    rows = [Row(line) for line in printed.splitlines()]
    lab.up()
    serve()
    directory = tempfile.mkdtemp(prefix="gatehouse-used-")
    os.chmod(directory, 0o755)
    try:
        faults = compare(run(binaries, directory), rows)
    finally:
        if "GATEHOUSE_KEEP" not in os.environ:
            shutil.rmtree(directory)
    for fault in sorted(set(faults)):
        print("FAULT:", fault)
    print(f"{len(rows)} rows, {len(set(faults))} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
