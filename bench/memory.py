# SPDX-License-Identifier: Apache-2.0
"""Memory cases: what a gateway holds for connections that are idle, or that read slowly."""
import time

import machine
from measure import GATEWAY_HOST, Load, steer


class Memory:
    """One row for each contestant; each is measured once, memory being hardly noisy."""

    def __init__(self, case, contestants):
        self.case, self.contestants, self.rows = case, contestants, []

    def run(self):
        for contestant in self.contestants:
            self.rows.append(self.hold(contestant))
            print(f"    {contestant.gateway.label}: {self.rows[-1]}", flush=True)

    def hold(self, contestant):
        gateway = contestant.gateway
        steer(gateway.port)
        # Once through everything, so that only what connections cost is counted and not what a first one does.
        Load(["--connections", "64", "--seconds", "0.3", "--warm-up", "0.2"]).wait_for_end()
        time.sleep(0.5)
        before = self.now(gateway)
        hold = Load(contestant.hold + ([] if "--hold" in contestant.hold else ["--hold", "idle"]))
        hold.warm()
        time.sleep(12 if self.case.measure == "slow" else 1.5)
        after = self.now(gateway)
        result = hold.end_hold()
        time.sleep(1)
        held = int(contestant.hold[contestant.hold.index("--connections") + 1])
        row = {name: (after[name] - before[name]) * 1024 / held for name in before}
        row["octets"] = result["octets"]
        return row

    @staticmethod
    def now(gateway):
        return {
            "user": machine.resident_kib(gateway.pids()),
            "sockets": machine.socket_memory_kib(GATEWAY_HOST),
            "slab": machine.slab_kib(),
            "machine": -machine.available_kib(),
        }
