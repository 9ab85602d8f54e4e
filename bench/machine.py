# SPDX-License-Identifier: Apache-2.0
"""What the kernel says about processor time and memory of a tree of processes, and of the machine."""
import os
import pathlib
import re
import subprocess

TICK_NS = 10**9 // os.sysconf("SC_CLK_TCK")
CPUS = os.sysconf("SC_NPROCESSORS_ONLN")


def tree(pid):
    """The process and all its descendants."""
    found = [pid]
    for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            found += tree(int(child))
    return found


def cpu_ns(pids):
    """Processor time of all threads, user and system: {pid: nanoseconds}."""
    times = {}
    for pid in pids:
        times[pid] = sum(
            int(path.read_text().split()[0])
            for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
        )
    return times


def user_share(pids):
    """Ticks in user and in system mode, of all processes together."""
    user = system = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        user += int(fields[11])
        system += int(fields[12])
    return user, system


def machine_ns():
    """Busy and stolen time of the whole machine."""
    fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    user, nice, system, _idle, _wait, irq, softirq, steal = fields[:8]
    return (user + nice + system + irq + softirq) * TICK_NS, steal * TICK_NS


def resident_kib(pids):
    """VmRSS of all processes together."""
    total = 0
    for pid in pids:
        total += int(re.search(r"VmRSS:\s*(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])
    return total


def slab_kib():
    """Kernel objects of the whole machine: sockets, files, event registrations."""
    return int(re.search(r"Slab:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())[1])


def available_kib():
    return int(re.search(r"MemAvailable:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())[1])


def socket_memory_kib(host):
    """Buffers of all TCP sockets of a host: what was received, what waits to be sent, what is set aside."""
    text = subprocess.run(
        ["ip", "netns", "exec", host, "ss", "-tmnH"], check=True, capture_output=True, text=True
    ).stdout
    total = 0
    for skmem in re.findall(r"skmem:\(([^)]*)\)", text):
        fields = dict(re.findall(r"([a-z]+)(\d+)", skmem))
        total += int(fields["r"]) + int(fields["f"]) + int(fields["w"])
    return total // 1024
