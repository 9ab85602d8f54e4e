# SPDX-License-Identifier: Apache-2.0
"""Counts system calls of each process of a gateway over a fixed number of requests. Started by syscalls.sh."""
import pathlib
import signal
import subprocess
import sys
import time

from bench import start_origin
from cases import FRESH
from gateways import Gatehouse, Haproxy, Nginx
from measure import Load, steer

WORTH_A_LINE = 0.005  # calls a request


def count(gateway, load, requests):
    """{process: {call: calls a request}}"""
    steer(gateway.port)
    Load(["--seconds", "0.2"]).wait_for_end()  # connects and caches once
    counters = {}
    for pid in gateway.pids():
        counters[pid] = subprocess.Popen(
            ["perf", "stat", "-x", ",", "-e", "syscalls:sys_enter_*", "-p", str(pid)],
            stderr=subprocess.PIPE, text=True)
    time.sleep(2)
    run = Load(load + ["--requests", str(requests)])
    run.result(60)
    time.sleep(0.2)
    result = {}
    for pid, counter in counters.items():
        counter.send_signal(signal.SIGINT)
        text = counter.communicate(timeout=20)[1]
        name = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
        calls = {}
        for line in text.splitlines():
            fields = line.split(",")
            if len(fields) > 2 and fields[0].isdigit() and "sys_enter_" in fields[2]:
                calls[fields[2].split("sys_enter_")[1]] = int(fields[0]) / requests
        result[f"{name} {pid}"] = calls
    return result


def show(gateway, what, processes):
    print(f"\n{gateway.label}, {what}")
    for process, calls in processes.items():
        if sum(calls.values()) < WORTH_A_LINE:
            continue
        parts = [f"{name} {n:.2f}" for name, n in sorted(calls.items(), key=lambda c: -c[1]) if n >= WORTH_A_LINE]
        print(f"  {process}: {sum(calls.values()):.2f}: {', '.join(parts)}", flush=True)


def main():
    origin = start_origin()
    try:
        for what, load, requests in (("keep-alive", [], 60000), ("one request each", FRESH, 12000)):
            fresh = load == FRESH
            for gateway in (Gatehouse("gatehouse"), Gatehouse("gatehouse with log", True), Haproxy("haproxy"),
                            Nginx("nginx", fresh=fresh)):
                gateway.start()
                try:
                    show(gateway, what, count(gateway, load, requests))
                finally:
                    gateway.stop()
    finally:
        origin.terminate()
        origin.wait(5)


if __name__ == "__main__":
    sys.exit(main())
