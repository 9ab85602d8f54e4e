# SPDX-License-Identifier: Apache-2.0
"""The gateways of the comparison: each starts one process tree on the gateway host, on its own port."""
import os
import pathlib
import re
import signal
import subprocess
import time

import machine

HERE = pathlib.Path(__file__).resolve().parent
LAB = pathlib.Path(os.environ["LAB"])
HOST = os.environ["LAB_GATEWAY"]
BIN = pathlib.Path(os.environ["GATEHOUSE_BIN"])
GATEWAY_CPU = "1" if machine.CPUS > 1 else "0"


class GatewayError(Exception):
    pass


class Gateway:
    """`label` is how tables call it; `logs`: whether it writes an access log."""

    next_port = 8801

    def __init__(self, label, logs=False, workers=1):
        self.label, self.logs, self.workers = label, logs, workers
        self.port = Gateway.next_port
        Gateway.next_port += 2
        self.directory = LAB / f"{label}-{self.port}"
        self.process = None

    def start(self):
        """Returns when it listens."""
        self.directory.mkdir(mode=0o755, exist_ok=True)
        command = ["ip", "netns", "exec", HOST, "taskset", "--cpu-list", GATEWAY_CPU] + self.command()
        self.output = open(self.directory / "output", "w+")
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT
        )
        deadline = time.monotonic() + 15
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise GatewayError(
                    f"{self.label} did not start: {(self.directory / 'output').read_text()[-1500:]}"
                )
            time.sleep(0.02)
        time.sleep(0.1)

    def ready(self):
        sockets = subprocess.run(
            ["ip", "netns", "exec", HOST, "ss", "-Htln", f"sport = :{self.port}"],
            capture_output=True, text=True,
        ).stdout
        return bool(sockets)

    def stop(self):
        if self.process is None:
            return
        pids = machine.tree(self.process.pid) if self.process.poll() is None else []
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is None:
                self.process.send_signal(number)
            try:
                self.process.wait(1.5)
                break
            except subprocess.TimeoutExpired:
                continue
        for pid in pids:  # what a killed master leaves behind
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process = None

    def pids(self):
        return machine.tree(self.process.pid)

    def fill(self, template, **values):
        text = (HERE / "peers" / template).read_text()
        values |= {"PORT": self.port, "WORKERS": self.workers, "DIR": self.directory}
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        target = self.directory / template
        target.write_text(text)
        return str(target)


class Gatehouse(Gateway):
    """`rules`: of a policy that allows what is asked; `names`: of a list that one more rule looks in."""

    def __init__(self, label, logs=False, workers=1, rules=0, names=0):
        super().__init__(label, logs, workers)
        self.rules, self.names = rules, names

    def write_policy(self):
        lines = [f"deny r{i} to blocked-{i}.example.net path /private-{i}*" for i in range(self.rules)]
        if self.names:
            with open(self.directory / "names.txt", "w") as names:
                names.writelines(f"tracker-{i}.example.com\n" for i in range(self.names))
            lines = ['list names = "names.txt"', "deny listed to @names"] + lines
        (self.directory / "policy.gh").write_text("\n".join(lines + ["allow default"]) + "\n")
        return 'policy = "policy.gh"'

    def command(self):
        configuration = self.fill(
            "gatehouse.toml", LOG="file" if self.logs else "off", POLICY=self.write_policy() if self.rules else "")
        directories = [self.directory / name for name in ("run", "log", "state")]
        for directory in directories:
            directory.mkdir(exist_ok=True)
        return [
            str(BIN / "gatehoused"), "--config", configuration, "--libexec", str(BIN),
            "--run-dir", str(directories[0]), "--log-dir", str(directories[1]),
            "--state-dir", str(directories[2]),
            # Users of its own: the kernel bounds the memory of pipes for each user.
            "--uid-base", str(64200 + 6 * (self.port - 8801)),
        ]

    def ready(self):
        return "info: ready:" in (self.directory / "output").read_text()


class Haproxy(Gateway):
    def __init__(self, label, logs=False, workers=1, splice=False, mode="http"):
        super().__init__(label, logs, workers)
        self.splice, self.mode = splice, mode

    def command(self):
        # To the standard output, which is a file here: one write(2) for each line, and no second process whose
        # time would have to be counted.
        configuration = self.fill(
            "haproxy.cfg",
            MODE=self.mode,
            LOG_GLOBAL="log stdout format raw local0" if self.logs else "",
            LOG="log global\n  option httplog" if self.logs else "",
            SPLICE="option splice-request\n  option splice-response" if self.splice else "",
        )
        return ["haproxy", "-db", "-f", configuration]


class Nginx(Gateway):
    """`fresh`: a new upstream connection for each request."""

    def __init__(self, label, logs=False, workers=1, fresh=False):
        super().__init__(label, logs, workers)
        self.first_port = self.port
        if fresh:
            self.port += 1

    def command(self):
        log = f"access_log {self.directory}/access.log bench buffer=64k flush=1s;"
        self.port, used = self.first_port, self.port
        configuration = self.fill(
            "nginx.conf", LOG=log if self.logs else "access_log off;", PORT_FRESH=self.first_port + 1
        )
        self.port = used
        return [
            "python3", str(HERE / "peers" / "start_nginx.py"), configuration,
            str(self.first_port), str(self.first_port + 1),
        ]

    def ready(self):
        return super().ready() and len(self.pids()) > self.workers


class Squid(Gateway):
    """`fresh`: a new upstream connection for each request."""

    def __init__(self, label, fresh=False):
        super().__init__(label)
        self.fresh = fresh

    def command(self):
        os.chmod(self.directory, 0o777)  # it writes as its own user
        (self.directory / "hosts").write_text("10.99.2.2 www.example.com\n")
        return ["squid", "-N", "-f", self.fill("squid.conf", PERSISTENT="off" if self.fresh else "on")]


class GoProxy(Gateway):
    def command(self):
        program = self.directory / "go_proxy"
        subprocess.run(["go", "build", "-o", program, HERE / "peers" / "go_proxy.go"], check=True,
                       env=os.environ | {"GOCACHE": str(LAB / "go-cache"), "HOME": str(LAB)})
        return ["env", "GOMAXPROCS=1", str(program), str(self.port)]


def versions():
    def first_line(*command):
        result = subprocess.run(command, capture_output=True, text=True)
        return (result.stdout or result.stderr).split("\n", 1)[0]

    return {
        "Gatehouse": first_line(str(BIN / "gatehoused"), "--version"),
        "HAProxy": re.sub(r" - https.*", "", first_line("haproxy", "-v")),
        "nginx": first_line("nginx", "-v"),
        "Squid": first_line("squid", "-v"),
        "Go": first_line("go", "version"),
        "kernel": os.uname().release,
    }
