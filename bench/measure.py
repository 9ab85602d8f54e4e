# SPDX-License-Identifier: Apache-2.0
"""Runs a case: rounds in which every contestant has its turn twice (A B C C B A), compared within the round."""
import dataclasses
import json
import os
import pathlib
import select
import statistics
import subprocess

import machine

CLIENT, GATEWAY_HOST = os.environ["LAB_CLIENT"], os.environ["LAB_GATEWAY"]
TOOLS = pathlib.Path(os.environ["BENCH_TOOLS"])
NET = pathlib.Path(__file__).resolve().parent.parent / "integration" / "net.sh"
LOAD_CPU = "0"
# A round counts as disturbed when something else took more than this share of the machine.
QUIET_OTHERS, QUIET_STEAL = 0.04, 0.01


class MeasureError(Exception):
    pass


@dataclasses.dataclass
class Turn:
    requests: int
    octets: int
    seconds: float
    cpu_ns: int          # of the gateway's processes
    first_ns: int        # of the first of them: Gatehouse's parent, nginx's master
    user_share: float
    machine_ns: int
    others: float        # share of the machine that was neither gateway, load nor origin
    steal: float
    p50: float
    p99: float


def steer(port):
    """From now on the kernel gives connections to port 80 to this gateway."""
    subprocess.run(
        ["ip", "netns", "exec", GATEWAY_HOST, str(NET), "up", "--to", str(port), "--ports", "80"], check=True)


class Load:
    """A running load generator."""

    def __init__(self, arguments):
        command = ["ip", "netns", "exec", CLIENT, "taskset", "--cpu-list", LOAD_CPU, str(TOOLS / "load"),
                   "--to", "10.99.2.2:80"] + arguments
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.arguments = arguments

    def line(self, seconds):
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        text = self.process.stdout.readline() if ready else ""
        if not text:
            self.process.kill()
            raise MeasureError(f"load {' '.join(self.arguments)}: {self.process.stderr.read().strip() or 'silent'}")
        return text.strip()

    def warm(self):
        if self.line(75) != "warm":
            raise MeasureError("the load generator said something else than 'warm'")

    def result(self, seconds):
        result = json.loads(self.line(seconds))
        self.process.wait(10)
        if result["errors"]:
            raise MeasureError(f"{result['errors']} errors; the first: {result['first_error']}")
        return result

    def wait_for_end(self):
        self.warm()
        return self.result(60)

    def end_hold(self):
        self.process.stdin.close()
        return self.result(10)


def take_turn(contestant, origin, window, rate=None):
    """One measured window of one contestant."""
    try:
        return try_turn(contestant, origin, window, rate)
    except MeasureError as error:
        raise MeasureError(f"{contestant.gateway.label}: {error}") from error


def try_turn(contestant, origin, window, rate):
    steer(contestant.gateway.port)
    arguments = contestant.load + ["--seconds", str(window)]
    if rate:
        arguments += ["--rate", f"{rate:.0f}"]
    load = Load(arguments)
    load.warm()
    pids = contestant.gateway.pids()
    ours = [load.process.pid, origin, os.getpid()]
    cpu, rest, (busy, steal) = machine.cpu_ns(pids), machine.cpu_ns(ours), machine.machine_ns()
    modes = machine.user_share(pids)
    result = json.loads(load.line(window + 10))  # comes when the window ends; the process lives on a little
    cpu_after, (busy_after, steal_after) = machine.cpu_ns(pids), machine.machine_ns()
    modes_after = machine.user_share(pids)
    try:
        rest_after = machine.cpu_ns(ours)
    except (FileNotFoundError, ProcessLookupError, IndexError):
        rest_after = rest
    load.process.wait(10)
    if result["errors"]:
        raise MeasureError(f"{result['errors']} errors; the first: {result['first_error']}")
    spent = {pid: cpu_after[pid] - cpu[pid] for pid in pids}
    total = busy_after - busy
    mine = sum(spent.values()) + sum(max(0, rest_after[pid] - rest[pid]) for pid in ours)
    capacity = result["seconds"] * 1e9 * machine.CPUS
    user, system = (after - before for after, before in zip(modes_after, modes))
    return Turn(
        result["requests"], result["octets"], result["seconds"], sum(spent.values()), spent[pids[0]],
        user / max(1, user + system), total, max(0.0, (total - mine) / capacity),
        (steal_after - steal) / capacity, result["p50"], result["p99"])


def mean(values):
    return sum(values) / len(values)


class Speed:
    """A case that is measured in turns."""

    def __init__(self, case, contestants, rounds, window, origin):
        self.case, self.contestants, self.origin = case, contestants, origin
        self.rounds, self.window = rounds, window
        self.turns = []       # of each round: of each contestant its two turns
        self.disturbed = 0
        self.rate = None

    def run(self):
        holds = []
        try:
            for contestant in self.contestants:
                if contestant.hold:
                    steer(contestant.gateway.port)
                    holds.append(Load(contestant.hold + ["--hold", "idle"]))
                    holds[-1].warm()
            if self.contestants[0].after_peers:
                rates = [take_turn(c, self.origin, 1.0) for c in self.contestants]
                slowest = min(turn.requests / turn.seconds for turn in rates)
                self.rate = slowest * self.contestants[0].after_peers
                print(f"    {self.rate:,.0f} requests/s for each", flush=True)
            self.take_rounds()
        finally:
            for hold in holds:
                hold.end_hold()

    def take_rounds(self):
        """Disturbed rounds are repeated, at most as often again as rounds were asked for."""
        disturbed = []
        for attempt in range(2 * self.rounds):
            round_ = self.take_round()
            everything = [turn for turns in round_ for turn in turns]
            quiet = all(t.others <= QUIET_OTHERS and t.steal <= QUIET_STEAL for t in everything)
            (self.turns if quiet else disturbed).append(round_)
            self.progress(attempt + 1, round_, quiet)
            if len(self.turns) == self.rounds:
                return
            if len(disturbed) == self.rounds and not self.turns:
                break  # the machine is not going to be quiet
        missing = self.rounds - len(self.turns)
        disturbed.sort(key=lambda round_: max(t.others for turns in round_ for t in turns))
        self.turns += disturbed[:missing]
        self.disturbed = missing

    def take_round(self):
        round_ = [[] for _ in self.contestants]
        order = list(range(len(self.contestants)))
        for index in order + order[::-1]:
            round_[index].append(take_turn(self.contestants[index], self.origin, self.window, self.rate))
        return round_

    def progress(self, attempt, round_, quiet):
        values = "  ".join(
            f"{c.gateway.label} {mean([self.cost(t) for t in turns]):.1f}"
            for c, turns in zip(self.contestants, round_))
        others = max(t.others for turns in round_ for t in turns)
        print(f"    round {attempt}: {values}" + ("" if quiet else f"   disturbed ({others:.0%} others)"), flush=True)

    def cost(self, turn):
        """What is compared: microseconds of processor time for each request or MB, or p99."""
        if self.case.latency:
            return turn.p99
        if turn.requests == 0 and self.case.unit == "request" or turn.octets == 0:
            raise MeasureError("nothing came through within a window")
        units = turn.requests if self.case.unit == "request" else turn.octets / 1e6
        return turn.cpu_ns / 1000 / units

    def of(self, index, value):
        """One figure for each round."""
        return [mean([value(turn) for turn in round_[index]]) for round_ in self.turns]

    def ratios(self, index):
        """First by other of each round; the other way round for inverse cases."""
        first, other = self.of(0, self.cost), self.of(index, self.cost)
        return [b / a if self.case.inverse else a / b for a, b in zip(first, other)]

    def best_ratios(self):
        """First by the best of the others, of each round."""
        first = self.of(0, self.cost)
        others = [self.of(i, self.cost) for i in range(1, len(self.contestants))]
        return [value / min(peer[i] for peer in others) for i, value in enumerate(first)]


def spread(values, digits=2):
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"


def verdict(ratios):
    if max(ratios) < 1:
        return "less"
    return "more" if min(ratios) > 1 else "not told apart"
