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
        memory = Memory(case, contestants)
        memory.run()
        return tables.memory_table(name, memory)
    finally:
        for contestant in contestants:
            contestant.gateway.stop()


def heading():
    versions = ", ".join(f"{name}: {version}" for name, version in gateways.versions().items())
    cpu = next(line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    return [
        "# Results", "",
        f"Written by `bench/run.sh --write` on {datetime.date.today()}. How it is measured, and what it does not "
        "show: [docs/performance.md](../docs/performance.md).", "",
        f"{versions}. {machine.CPUS} x {cpu}, virtual; commit {os.environ.get('BENCH_COMMIT', 'unknown')}.", "",
        "Figures are the median of the rounds and their range. \"less\" and \"more\" are said only where the whole "
        "range of the ratios of rounds is on that side of 1.", "",
    ]


def disturbance(sections):
    """What a reader must know first when the machine was not quiet."""
    disturbed = sum("rounds were disturbed" in line and " 0 of the rounds" not in line for line in sections)
    if not disturbed:
        return []
    return [f"**Not a quiet machine**: {disturbed} of these tables hold disturbed rounds. Ratios of processor time bear that "
            "well; times, rates and latencies do not.", ""]


def main():
    parser = argparse.ArgumentParser(prog="bench/run.sh", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="default: all; " + ", ".join(CASES))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="3 rounds of 1 s")
    parser.add_argument("--write", action="store_true", help="write bench/RESULTS.md (whole, with all cases measured now)")
    options = parser.parse_args()
    unknown = [name for name in options.cases if name not in CASES]
    if unknown:
        parser.error(f"there is no case {unknown[0]}; there are: {', '.join(CASES)}")
    rounds, window = (3, 1.0) if options.quick else (options.rounds, 2.0)
    origin = start_origin()
    sections, failed = [], []
    try:
        for name in options.cases or CASES:
            try:
                section = run_case(name, rounds, window, origin)
            except (MeasureError, GatewayError) as error:
                section = [f"### {name}: {CASES[name].title}", "", f"NOT MEASURED: {error}", ""]
                failed.append(name)
            sections += section + [""]
            print("\n" + "\n".join(section), flush=True)
            if options.write:
                RESULTS.write_text("\n".join(heading() + disturbance(sections) + sections).rstrip() + "\n")
    finally:
        origin.terminate()
        origin.wait(5)
    if failed:
        print(f"\nFAILED: {', '.join(failed)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
