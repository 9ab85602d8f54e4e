# SPDX-License-Identifier: Apache-2.0
"""Measures the cases named on the command line and prints their tables. Started by run.sh, inside its hosts."""
import argparse
import datetime
import os
import pathlib
import subprocess
import sys
import time

import gateways
import machine
import tables
from cases import CASES
from connect import Connect
from gateways import GatewayError
from measure import LOAD_CPU, TOOLS, MeasureError, Speed
from memory import Memory

RESULTS = pathlib.Path(__file__).resolve().parent / "RESULTS.md"


def start_origin():
    process = subprocess.Popen(
        ["ip", "netns", "exec", os.environ["LAB_SERVER"], "taskset", "--cpu-list", LOAD_CPU, str(TOOLS / "origin"), "80"])
    time.sleep(0.3)
    if process.poll() is not None:
        raise MeasureError("the origin did not start")
    return process


def run_case(name, rounds, window, origin):
    case = CASES[name]
    print(f"\n{name}: {case.title}", flush=True)
    contestants = case.contestants()
    try:
        for contestant in contestants:
            contestant.gateway.start()
        if case.measure == "speed":
            speed = Speed(case, contestants, rounds, window, origin.pid)
            speed.run()
            return tables.speed_table(name, speed)
        if case.measure == "connect":
            connect = Connect(contestants[0], rounds, window, origin.pid)
            connect.run()
            return connect.table(name, case)
        memory = Memory(case, contestants)
        memory.run()
        return tables.memory_table(name, memory)
    finally:
        for contestant in contestants:
            contestant.gateway.stop()


def written():
    """The sections that RESULTS.md holds, by case, as lists of lines."""
    sections = {}
    for line in RESULTS.read_text().splitlines() if RESULTS.exists() else []:
        if line.startswith("### "):
            sections[line[4:].split(":")[0]] = current = []
        if sections:
            current.append(line)
    return sections


def write(sections):
    """Puts sections in the place of their cases' old ones; other cases stay as they are."""
    known = written() | sections
    lines = heading()
    for name in [name for name in CASES if name in known]:
        lines += ["\n".join(known[name]).strip(), ""]
    RESULTS.write_text("\n".join(lines).rstrip() + "\n")


def measured():
    """When, and what: cases are measured on different days."""
    return ["", f"Measured {datetime.date.today()}, commit {os.environ.get('BENCH_COMMIT', 'unknown')}."]


def heading():
    versions = ", ".join(f"{name}: {version}" for name, version in gateways.versions().items())
    cpu = next(line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    return [
        "# Results", "",
        "Written by `bench/run.sh --write`. How it is measured, what it does not show, and what is made of it: "
        "[docs/performance.md](../docs/performance.md).", "",
        f"{versions}. {machine.CPUS} x {cpu}, virtual.", "",
        "Figures are the median of the rounds and their range. \"less\" and \"more\" are said only where the whole "
        "range of the ratios of rounds is on that side of 1.", "",
    ]


def main():
    parser = argparse.ArgumentParser(prog="bench/run.sh", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="default: all; " + ", ".join(CASES))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="3 rounds of 1 s")
    parser.add_argument("--write", action="store_true", help="write the cases measured now into bench/RESULTS.md")
    parser.add_argument("--window", type=float, default=2.0, help="seconds of each turn (2)")
    options = parser.parse_args()
    unknown = [name for name in options.cases if name not in CASES]
    if unknown:
        parser.error(f"there is no case {unknown[0]}; there are: {', '.join(CASES)}")
    rounds, window = (3, 1.0) if options.quick else (options.rounds, options.window)
    origin = start_origin()
    failed = []
    try:
        for name in options.cases or CASES:
            try:
                section = run_case(name, rounds, window, origin)
            except (MeasureError, GatewayError) as error:
                section = [f"### {name}: {CASES[name].title}", "", f"NOT MEASURED: {error}", ""]
                failed.append(name)
            print("\n" + "\n".join(section), flush=True)
            if options.write:
                write({name: section + measured()})
    finally:
        origin.terminate()
        origin.wait(5)
    if failed:
        print(f"\nFAILED: {', '.join(failed)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
