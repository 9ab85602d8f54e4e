# SPDX-License-Identifier: Apache-2.0
"""What the parent's part of a new connection costs, beside a process that connects by itself."""
import subprocess

from gateways import GATEWAY_CPU
from measure import GATEWAY_HOST, TOOLS, MeasureError, spread, steer, take_turn
from tables import table


class Connect:
    """In each round: connections of a process by itself, then the parent's time under the load of the case."""

    def __init__(self, contestant, rounds, window, origin):
        self.contestant, self.rounds, self.window, self.origin = contestant, rounds, window, origin
        self.alone, self.parent, self.whole = [], [], []

    def run(self):
        steer(self.contestant.gateway.port)  # so that what comes back to a client's address is taken in
        for number in range(self.rounds):
            result = subprocess.run(
                ["ip", "netns", "exec", GATEWAY_HOST, "taskset", "--cpu-list", GATEWAY_CPU, str(TOOLS / "connects"),
                 "10000"], capture_output=True, text=True)
            if result.returncode != 0:
                raise MeasureError(f"connects: {result.stderr.strip()}")
            self.alone.append(float(result.stdout))
            turn = take_turn(self.contestant, self.origin, self.window)
            self.parent.append(turn.first_ns / 1000 / turn.requests)
            self.whole.append(turn.cpu_ns / 1000 / turn.requests)
            print(f"    round {number + 1}: alone {self.alone[-1]:.1f}  parent {self.parent[-1]:.1f}", flush=True)

    def table(self, name, case):
        rows = [
            ["a process that connects by itself, us", spread(self.alone, 1)],
            ["the parent's part, us", spread(self.parent, 1)],
            ["the parent's more, us", spread([p - a for p, a in zip(self.parent, self.alone)], 1)],
            ["connections a second of one such process alone", spread([1e6 / a for a in self.alone], 0)],
            ["connections a second of one parent thread", spread([1e6 / p for p in self.parent], 0)],
            ["all of Gatehouse, with the exchange, us", spread(self.whole, 1)],
        ]
        return [f"### {name}: {case.title}", "", f"Mark: {case.mark}.", ""] + table(["each connection", "processor time"], rows)
