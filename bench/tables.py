# SPDX-License-Identifier: Apache-2.0
"""Results as Markdown tables."""
import statistics

from measure import spread, verdict


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def speed_table(name, speed):
    case = speed.case
    unit = "req" if case.unit == "request" else "MB"
    rows = []
    for index, contestant in enumerate(speed.contestants):
        rows.append(speed_row(speed, index, contestant.gateway.label))
    title = [f"### {name}: {case.title}", ""]
    if case.mark:
        title += [f"Mark: {case.mark}.", ""]
    compared = "p99" if case.latency else "CPU"
    of = f"{compared}: it / first" if case.inverse else f"{compared}: first / it"
    head = ["gateway", f"CPU us/{unit}", "user", f"machine us/{unit}", f"{unit}/s", "p50 us", "p99 us", of, "verdict"]
    return title + table(head, rows) + speed_notes(speed)


def speed_row(speed, index, label):
    per_request = speed.case.unit == "request"

    def units(turn):
        return turn.requests if per_request else turn.octets / 1e6

    cells = [
        label,
        spread(speed.of(index, lambda t: t.cpu_ns / 1000 / units(t)), 1),
        f"{statistics.median(speed.of(index, lambda t: t.user_share)):.0%}",
        spread(speed.of(index, lambda t: t.machine_ns / 1000 / units(t)), 1),
        f"{statistics.median(speed.of(index, lambda t: units(t) / t.seconds)):,.0f}",
        spread(speed.of(index, lambda t: t.p50), 0),
        spread(speed.of(index, lambda t: t.p99), 0),
    ]
    if index == 0:
        return cells + ["", ""]
    ratios = speed.ratios(index)
    return cells + [spread(ratios), verdict(ratios)]


def speed_notes(speed):
    notes = [""]
    if len(speed.contestants) > 1 and not speed.case.inverse:
        best = speed.best_ratios()
        notes.append(f"First / best of the others, each round: **{spread(best)}**, {verdict(best)}.")
    parents = [
        f"{c.gateway.label} {statistics.median(speed.of(i, lambda t: t.first_ns / max(1, t.cpu_ns))):.0%}"
        for i, c in enumerate(speed.contestants) if type(c.gateway).__name__ == "Gatehouse"]
    others = statistics.median(t.others for r in speed.turns for turns in r for t in turns)
    notes.append(
        f"Share of the parent: {', '.join(parents)}. {len(speed.turns)} rounds, each twice {speed.window:g} s; "
        f"others took {others:.1%} of the machine; {speed.disturbed} of the rounds were disturbed.")
    return notes


def memory_table(name, memory):
    head = ["gateway", "user memory, octets each", "socket buffers on the gateway, octets each",
            "kernel objects of all four ends, octets each", "machine, octets each"]
    rows = [
        [c.gateway.label] + [f"{row[key]:,.0f}" for key in ("user", "sockets", "slab", "machine")]
        for c, row in zip(memory.contestants, memory.rows)]
    return [f"### {name}: {memory.case.title}", "", f"Mark: {memory.case.mark}.", ""] + table(head, rows) + [""]
