#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The hostile suite: run.py release|ablation DIRECTORY [ATTEMPT...]

release   every row of rows.py against the binaries of DIRECTORY: the attempt fails as the row says,
          no SYN leaves that no client asked for, the parent keeps no descriptor, and the gateway
          goes on to serve.
ablation  every row with layers against a gatehoused built with GATEHOUSE_ABLATION: with all of its
          layers left out the attempt succeeds, with any one of them left in it fails."""

import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

import lab
import rows

QUOTA_BURST = 10
CONFIG = f"""[gateway]
workers = %d
%s
clients = ["10.98.0.0/16"]

[[listen]]
address = "0.0.0.0"
port = {lab.LISTENER}
intercept.ports = [{lab.PORT_HOLDS}, {lab.PORT_RESETS}, {lab.PORT_SILENT}]

[quota]
burst = {QUOTA_BURST}
per_second = 1
"""
MARK = b"HOSTILE-SELECTION:"
PATIENCE = 6


class Gateway:
    """gatehoused with the hostile program as its worker."""

    def __init__(self, binaries, directory, selection, row, omit=()):
        self.directory = directory
        self.log_path = os.path.join(directory, "stderr")
        libexec = os.path.join(directory, "libexec")
        os.makedirs(libexec)
        for role in ("loader", "logger", "resolver", "registrar"):
            os.symlink(os.path.join(binaries, "gatehouse-" + role),
                       os.path.join(libexec, "gatehouse-" + role))
        with open(os.path.join(binaries, "gatehouse-hostile"), "rb") as file:
            program = file.read()
        if program.count(MARK) != 1:
            raise RuntimeError("the hostile program has no place for its selection")
        at = program.index(MARK) + len(MARK)
        chosen = selection.encode() + b"\0"
        with open(os.path.join(libexec, "gatehouse-worker"), "wb") as file:
            file.write(program[:at] + chosen + program[at + len(chosen):])
        os.chmod(file.name, 0o755)
        config = os.path.join(directory, "etc")
        os.makedirs(config)
        self.policy_path = os.path.join(config, "policy.gh")
        if row.policy:
            self.write_policy(row.policy)
        with open(os.path.join(config, "gatehouse.toml"), "w", encoding="ascii") as file:
            file.write(CONFIG % (row.workers, 'policy = "policy.gh"' if row.policy else ""))
            file.write(row.config)
        environment = {"PATH": os.environ["PATH"]}
        if omit:
            environment["GATEHOUSE_OMIT"] = ",".join(omit)
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [os.path.join(binaries, "gatehoused"), "--config",
                 os.path.join(config, "gatehouse.toml"), "--libexec", libexec, "--run-dir",
                 os.path.join(directory, "run"), "--log-dir", os.path.join(directory, "log"),
                 "--state-dir", os.path.join(directory, "state")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)

    def write_policy(self, rules):
        with open(self.policy_path, "w", encoding="ascii") as file:
            file.write(rules)

    def narrow(self, rules):
        """Loads other rules; the workers that there are have to drain."""
        self.write_policy(rules)
        self.process.send_signal(signal.SIGHUP)
        return self.wait_for("reload: the new configuration is in force") is not None

    def log(self):
        with open(self.log_path, "rb") as file:
            return file.read().decode("latin-1")

    def wait_for(self, pattern, seconds=PATIENCE):
        """The match of a line of the log; None after the time or when gatehoused has ended."""
        until = time.monotonic() + seconds
        while True:
            ended = self.process.poll() is not None
            found = re.search(pattern, self.log(), re.MULTILINE)
            if found or ended or time.monotonic() > until:
                return found
            time.sleep(0.005)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self):
        """Kills the parent; everything it has started must follow."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        until = time.monotonic() + 3
        while others := roles_running():
            if time.monotonic() > until:
                return f"processes outlive the parent: {others}"
            time.sleep(0.005)
        reap_orphans()
        return None


def reap_orphans():
    """The runner is process 1 here: what has lost its parent is its own."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass
    except ChildProcessError:
        pass


def roles_running():
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                _, name, state = re.match(r"(\d+) \((.*)\) (.)", file.read()).groups()
        except OSError:
            continue
        if state != "Z" and name.startswith(("gh-", "gatehouse")):
            found.append((int(pid), name))
    return found


# What is seen of an attempt, as the parent and the attempt itself say it.
SEEN = (
    (r"worker \d+ \(pid \d+\) ended by its seccomp filter", lambda m: "filter"),
    (r"worker \d+ \(pid \d+\) is ended: (.*)", lambda m: "violation " + m[1]),
    (r"worker \d+ \(pid \d+\) ended by ((?:signal|status) \d+)", lambda m: "ended " + m[1]),
    (r"gatehouse-worker \d+: \w+: outcome (.*)", lambda m: "outcome " + m[1]),
    (r"(a canary of worker \d+ .*)", lambda m: m[1]),
    (r"gatehouse-worker \d+: \w+: (\d+ messages were held back.*)", lambda m: m[1]),
)


def observed(gateway):
    """The first of these lines."""
    either = gateway.wait_for("|".join(pattern for pattern, _ in SEEN))
    if either is None:
        return "nothing: " + gateway.log()[-400:]
    for pattern, name in SEEN:
        found = re.search(pattern, either[0])
        if found:
            return name(found)
    raise AssertionError


def start_client(row):
    client = lab.connect(row.port)
    client.sendall(b"A")
    if row.client == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        time.sleep(0.05)
        client.close()
    return client


def still_serves(client_port):
    """Another worker, or the next one, answers a new client."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with lab.connect(client_port) as client:
                client.sendall(b"P")
                if client.recv(4) == b"pong":
                    return True
        except OSError:
            pass
        if time.monotonic() > until:
            return False
        time.sleep(0.05)


def matches(seen, expected):
    if expected.split()[0] in ("filter", "violation", "ended", "outcome"):
        return seen.startswith(expected)
    return expected in seen


class Suite:
    def __init__(self, binaries):
        self.binaries = binaries
        self.servers = lab.Servers()
        self.faults = []
        self.runs = 0

    def fault(self, row, text):
        self.faults.append(f"{row.number} {row.attempt} {row.argument}: {text}")
        print(f"  FAULT: {text}", flush=True)

    def attempt(self, row, omit=()):
        """One run of a row; what was seen, and faults of what must hold whatever was seen."""
        self.runs += 1
        selection = row.attempt + ("=" + row.argument if row.argument else "")
        if "seccomp" in omit:
            selection = "bare " + selection
        directory = tempfile.mkdtemp(prefix="gatehouse-hostile-")
        os.chmod(directory, 0o755)
        asked, elsewhere = lab.syns("asked"), lab.syns("elsewhere")
        arrived = self.servers.elsewhere
        gateway = Gateway(self.binaries, directory, selection, row, omit)
        client = before = None
        faults = []
        try:
            if row.client or omit:
                if gateway.wait_for("info: ready:") is None:
                    return "not started: " + gateway.log()[-400:], faults
                before = gateway.descriptors()
                client = start_client(row)
                if row.narrowed:
                    time.sleep(0.3)  # until a worker has accepted it
                    if not gateway.narrow(row.narrowed):
                        return "not reloaded: " + gateway.log()[-400:], faults
            seen = observed(gateway)
            if not omit:
                faults += self.aftermath(gateway, row, before, client)
                asked, elsewhere = lab.syns("asked") - asked, lab.syns("elsewhere") - elsewhere
                if asked > 1 and row.syns is None or row.syns is not None and asked != row.syns:
                    faults.append(f"{asked} connections were made, not {row.syns}")
                if elsewhere != row.elsewhere or self.servers.elsewhere - arrived > row.elsewhere:
                    faults.append(f"{elsewhere} SYNs went where no client wanted to go")
            return seen, faults
        finally:
            if client is not None:
                client.close()
            if fault := gateway.stop():
                faults.append(fault)
            for leftover in (rows.NEW_FILE, rows.NEW_FILE + ".d"):
                if os.path.lexists(leftover):
                    if not omit:
                        faults.append(f"{leftover} was made")
                    (os.rmdir if os.path.isdir(leftover) else os.unlink)(leftover)
            shutil.rmtree(directory)

    @staticmethod
    def aftermath(gateway, row, before, client):
        """The gateway goes on, and the parent holds what it held."""
        faults = []
        if row.before and gateway.wait_for(row.before) is None:
            faults.append(f"'{row.before}' was not seen")
        if not row.client:
            return faults
        if not still_serves(row.port):
            faults.append("no worker serves afterwards")
        client.close()
        until = time.monotonic() + 3
        # As many workers as before, so as many descriptors; the replacement may take a moment.
        while (after := gateway.descriptors()) > before and time.monotonic() < until:
            time.sleep(0.01)
        if after > before:
            faults.append(f"the parent had {before} descriptors and has {after}")
        for line in gateway.log().splitlines():
            if not re.match(r"gatehouse[a-z-]*( \d+)?: [\x20-\x7e]*$", line):
                faults.append(f"a line of the log is not as it should be: {line!r}")
        return faults

    def release(self, chosen):
        for row in chosen:
            start = time.monotonic()
            seen, faults = self.attempt(row)
            good = matches(seen, row.expect)
            print(f"{row.number:2} {row.attempt} {row.argument}: {seen} "
                  f"({time.monotonic() - start:.2f} s)", flush=True)
            if not good:
                self.fault(row, f"expected '{row.expect}'")
            for text in faults:
                self.fault(row, text)

    def ablation(self, chosen):
        for row in chosen:
            names = [layer[0] for layer in row.layers]
            seen, _ = self.attempt(row, with_attestation(names))
            print(f"{row.number:2} {row.attempt} {row.argument}: without {', '.join(names)}: {seen}",
                  flush=True)
            if not matches(seen, row.success):
                self.fault(row, f"expected '{row.success}' without its layers")
            for layer, *expected in row.layers if len(row.layers) > 1 else ():
                omitted = [name for name in names if name != layer]
                seen, _ = self.attempt(row, with_attestation(omitted))
                print(f"   only {layer} left: {seen}", flush=True)
                if not any(matches(seen, text) for text in expected):
                    self.fault(row, f"expected {expected} with only {layer} left")


def with_attestation(omitted):
    """The parent would refuse a worker that lacks what it attests."""
    omitted = list(omitted)
    if {"seccomp", "uid"} & set(omitted) and "attestation" not in omitted:
        omitted.append("attestation")
    # A worker without mount namespace must not touch the root that it shares with everything else.
    if "namespaces" in omitted and "root" not in omitted:
        omitted.append("root")
    return omitted


def release_has_no_switch(binaries):
    for name in ("gatehoused", "gatehouse-worker", "gatehouse-loader", "gatehouse-logger",
                 "gatehouse-resolver", "gatehouse-registrar"):
        path = os.path.join(binaries, name)
        if not os.path.exists(path):
            continue
        with open(path, "rb") as file:
            if b"GATEHOUSE_OMIT" in file.read():
                return f"{path} can leave layers out"
    return None


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("release", "ablation"):
        print(__doc__)
        return 2
    if why := lab.missing():
        print(f"*** SKIPPED: the hostile suite did not run: {why} ***")
        return 77
    lab.enter()
    suite_name, binaries, wanted = sys.argv[1], os.path.abspath(sys.argv[2]), sys.argv[3:]
    chosen = [row for row in rows.ROWS if not wanted or row.attempt in wanted]
    lab.up()
    start = time.monotonic()
    suite = Suite(binaries)
    if suite_name == "release":
        if fault := release_has_no_switch(binaries):
            suite.faults.append(fault)
        suite.release(chosen)
    else:
        suite.ablation([row for row in chosen
                        if len(row.layers) > 1 or
                        row.layers and row.layers[0][0] in ("attestation", "policy-floor")])
    print(f"{len(chosen)} rows, {suite.runs} runs, {time.monotonic() - start:.0f} s, "
          f"{len(suite.faults)} faults")
    for text in suite.faults:
        print("FAULT:", text)
    return 1 if suite.faults else 0


if __name__ == "__main__":
    sys.exit(main())
