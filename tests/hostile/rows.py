# SPDX-License-Identifier: Apache-2.0
"""What a hostile worker may try and what must come of it.

A row: its number in the threat model, the attempt (main.cc knows the names), its argument, what
must be seen, and the layers that each stop it alone. `expect` is the start of one of
  filter      the process was ended by its seccomp filter
  violation X the parent ended it, and its line contains X
  ended X     it ended so, "signal 11" or "status 42"
  outcome X   what the attempt itself reported
  X           any other line of the parent that contains X
"""

from dataclasses import dataclass
from typing import Optional

import lab

ELSEWHERE = f"{lab.SERVER}:{lab.PORT_ELSEWHERE}"
PASSWD = "/etc/passwd"
NEW_FILE = "/run/netns/made-by-a-worker"
PROGRAM = "/bin/false"

# What an attempt shows when only this layer is left to stop it.
SECCOMP = ("seccomp", "filter")


def left(layer, *expect):
    return (layer, *expect)


@dataclass
class Row:
    number: int
    attempt: str
    expect: str = "filter"
    argument: str = ""
    port: int = lab.PORT_HOLDS     # that the client asks for
    syns: Optional[int] = None     # to what the client asked for, exactly; None: at most one
    layers: tuple = (SECCOMP,)     # each alone stops it: (layer, what is seen then...)
    success: str = "outcome success"  # without all of them
    client: str = "A"              # "reset": gone at once; "": none is made
    elsewhere: int = 0             # SYNs to other places
    before: str = ""               # what must be seen first
    workers: int = 2
    policy: str = ""               # its rules
    narrowed: str = ""             # rules that are loaded once the client is there
    config: str = ""               # more of the configuration


LANDLOCK_DENIES = left("landlock", "outcome errno 13")
# The worker's user may not even search the empty root; as root it finds nothing there.
ROOT_HIDES = left("root", "outcome errno 13", "outcome errno 2 ")
UID_FORBIDS = left("uid", "outcome errno 1 ", "outcome errno 13")

POLICY_FLOOR = (left("policy-floor"),)
RESOLVER = """[resolver]
servers = ["10.98.2.2"]
"""
PROXY = f"""[[listen]]
mode = "forward"
address = "0.0.0.0"
port = {lab.PORT_PROXY}
[forward]
ports = ["1-65535"]
allow_private = ["10.98.2.0/24"]
""" + RESOLVER
SITE = f"""[[listen]]
mode = "reverse"
address = "0.0.0.0"
port = {lab.PORT_SITE}
upstream = "site"
[[upstream]]
name = "site"
servers = ["{lab.SERVER}:{lab.PORT_HOLDS}"]
"""
INTERNAL = f"deny internal to {lab.SERVER}/32\nallow default\n"
WEB_ONLY = "allow web port 443\ndeny default\n"
NAMED = "allow named to server.example\ndeny default\n"


def beneath_policy(attempt, policy, reason=11, **more):
    """The client helps: it has dialled what no rule allows."""
    return Row(22, attempt, f"outcome refused {reason}", policy=policy, syns=0,
               layers=POLICY_FLOOR, **more)


ROWS = [
    # 1: files.
    Row(1, "open", argument=PASSWD, layers=(SECCOMP, LANDLOCK_DENIES, ROOT_HIDES)),
    Row(1, "open", argument="/", layers=(SECCOMP, LANDLOCK_DENIES, ROOT_HIDES)),
    Row(1, "open", argument="/proc/1/status", layers=(SECCOMP, LANDLOCK_DENIES, ROOT_HIDES)),
    Row(1, "creat", argument=NEW_FILE,
        layers=(SECCOMP, LANDLOCK_DENIES, ROOT_HIDES, UID_FORBIDS)),
    Row(1, "mkdir", argument=NEW_FILE + ".d",
        layers=(SECCOMP, LANDLOCK_DENIES, ROOT_HIDES, UID_FORBIDS)),
    Row(1, "memfd_write", layers=(SECCOMP, left("limits", "ended signal 25", "outcome errno 27"))),
    # 2: sockets. One layer; the empty network namespace doesn't stop them from being made.
    *(Row(2, "socket_" + family) for family in (
        "inet", "inet6", "udp", "unix", "netlink", "packet", "vsock", "alg", "bluetooth")),
    Row(2, "socketpair"),
    # 3: naming an address.
    *(Row(3, f"{call}_{on}", argument=ELSEWHERE) for call in ("bind", "connect", "listen")
      for on in ("listener", "client", "upstream")),
    Row(3, "connect_own", argument=ELSEWHERE,
        layers=(SECCOMP, LANDLOCK_DENIES, left("namespaces", "outcome errno 101"))),
    # 4, 5, 6: sending a socket of the parent somewhere else.
    Row(4, "reconnect", argument=ELSEWHERE, layers=(SECCOMP, LANDLOCK_DENIES)),
    Row(5, "fast_open", argument=ELSEWHERE),
    Row(5, "fast_open_message", argument=ELSEWHERE),
    Row(5, "fast_open_after_reset", argument=ELSEWHERE, port=lab.PORT_RESETS),
    Row(5, "fast_open_more", argument=ELSEWHERE),
    Row(6, "send_with_address", argument=ELSEWHERE),
    Row(6, "send_more_with_address", argument=ELSEWHERE),
    # 7: new programs, processes, namespaces.
    Row(7, "execve", argument=PROGRAM, layers=(SECCOMP, LANDLOCK_DENIES, ROOT_HIDES),
        success="ended status 1"),
    Row(7, "execveat_fd"),
    Row(7, "fork", layers=(SECCOMP, left("limits", "outcome errno 11"))),
    Row(7, "vfork"), Row(7, "thread", layers=(SECCOMP, left("limits", "outcome errno 11"))),
    Row(7, "clone3"),
    Row(7, "unshare_user", layers=(SECCOMP, left("root", "outcome errno 1 "))),
    Row(7, "unshare_net", layers=(SECCOMP, UID_FORBIDS)),
    Row(7, "unshare_mount", layers=(SECCOMP, UID_FORBIDS)),
    Row(7, "unshare_pid"), Row(7, "setns"),
    Row(7, "chroot", layers=(SECCOMP, UID_FORBIDS)),
    Row(7, "mount"),
    # 8: other processes: not its own spawner, and no other worker is there.
    *(Row(8, name, workers=1,
          layers=(SECCOMP, left("namespaces", "outcome errno"), UID_FORBIDS,
                  left("landlock", "outcome errno 1 ")))
      for name in ("signal_others", "trace_others", "read_others")),
    Row(8, "pidfd_open"), Row(8, "pidfd_getfd"),
    # 9: rights.
    Row(9, "setuid", layers=(SECCOMP, UID_FORBIDS)),
    Row(9, "setgroups", layers=(SECCOMP, UID_FORBIDS)),
    Row(9, "capset", layers=(SECCOMP, UID_FORBIDS)),
    Row(9, "securebits", layers=(SECCOMP, UID_FORBIDS)),
    Row(9, "raise_limit"),  # the user is a second layer, where root has CAP_SYS_RESOURCE at all
    Row(9, "dumpable"), Row(9, "death_signal"),
    # 10: executable memory, other entrances to the kernel.
    *(Row(10, name) for name in ("mmap_exec", "mmap_shared", "mprotect_exec", "pkey_mprotect",
                                 "int80", "x32", "number_minus_1", "number_2_31")),
    # 11: large kernel interfaces.
    *(Row(11, name) for name in ("io_uring", "bpf", "userfaultfd", "perf_event", "add_key",
                                 "keyctl", "seccomp_again")),
    # 12: evidence. The broker alone decides.
    Row(12, "present_client", "outcome success", syns=1),
    Row(12, "present_upstream", "violation forged evidence: a socket that the parent made", syns=1),
    Row(12, "present_listener", "violation forged evidence: a listener", syns=0),
    Row(12, "present_channel", "violation forged evidence: not an internet socket", syns=0),
    Row(12, "present_pipe", "violation forged evidence: not an internet socket", syns=0),
    Row(12, "present_memory", "violation forged evidence: not an internet socket", syns=0),
    Row(12, "replay", "outcome connected 10", argument="2000", syns=10),
    Row(12, "replay_batch", "outcome connected 10", syns=10),
    # 13: descriptors.
    *(Row(13, name, "violation requests without one descriptor each", syns=0)
      for name in ("no_fd", "two_fds", "five_fds", "resolve_without_fd", "batch_of_none",
                   "batch_with_too_few_fds")),
    *(Row(13, name, "violation a malformed datagram", syns=0)
      for name in ("many_fds", "batch_of_too_many")),
    Row(13, "fd_with_ready", "violation Ready out of turn", syns=0),
    Row(13, "fd_with_drained", "violation Drained out of turn", syns=0),
    # What stands before it in the batch has been judged by itself, what follows is not looked at.
    Row(13, "batch_with_upstream", "violation forged evidence: a socket that the parent made",
        syns=2),
    # 14: messages.
    Row(14, "ready_twice", "violation Ready out of turn", syns=0),
    Row(14, "drained_while_serving", "violation Drained out of turn", syns=0),
    Row(14, "request_before_ready", "violation a request before it is armed", client="", syns=0),
    Row(14, "no_destination", "violation a Connect without a destination", syns=0),
    Row(14, "no_request", "violation an empty request", syns=0),
    Row(14, "empty", "ended ", syns=0),
    *(Row(14, name, "violation a malformed datagram", syns=0) for name in ("too_long", "huge")),
    *(Row(14, name, "violation a malformed message", syns=0) for name in (
        "truncated", "unknown_field", "unknown_field_inside", "unknown_field_deep", "long_varint",
        "padded_varint", "random")),
    Row(14, "id_in_use", "violation a request id in use", port=lab.PORT_SILENT),
    Row(14, "batch_with_one_id", "violation a request id in use", syns=1),
    # 15: a worker that does not read.
    Row(15, "flood", "violation it does not read its answers", syns=10),
    # 16: what is shared with the parent and with other workers.
    Row(16, "write_run_time_table",
        layers=(SECCOMP, left("descriptor", "outcome errno 13"))),
    # Before its own filter, which allows neither call: the descriptor alone stops it.
    Row(16, "make_run_time_table_writable", "outcome errno 13", layers=()),
    *(Row(16, name) for name in ("linger", "transparent", "no_delay", "blocking_fcntl",
                                 "blocking_ioctl", "deaf_listener", "duplicate")),
    # The seals forbid it where nothing else does.
    Row(16, "map_limits"), Row(16, "grow_limits", success="outcome errno 1 "),
    # 18: a client that has just closed.
    Row(18, "present_gone_client", "outcome refused 6", client="reset", syns=0),
    # 19: proof before work.
    Row(19, "no_own_filter", "violation not confined as promised: its Seccomp_filters", client="",
        layers=(left("attestation", "violation not confined as promised: its Seccomp_filters"),)),
    Row(19, "thread_before_ready", client=""),
    Row(19, "socket_before_filter", client=""),
    Row(19, "open_before_filter", client=""),
    # A filter that allows everything is counted like any other; the one from before exec holds.
    Row(19, "allow_all_filter"),
    Row(19, "canary_allow_all", "was not killed by its filter", client=""),
    Row(19, "canary_no_filter", "was not killed by its filter", client=""),
    # 20: log lines.
    Row(20, "log_flood", "messages were held back", before=r"line one\\x0d\\x0agatehoused: error: "
        r"line two\\x1b\[2J\\x07\\xff$"),
    # 21: the ends of a worker.
    Row(21, "exit", "ended status 42"),
    Row(21, "abort", "ended signal 6"),
    Row(21, "fault", "ended signal 11"),
    Row(21, "memory", "outcome errno 12"),
    # 22: what no rule of the policy allows. In forward mode the name is the worker's to choose, the
    # address and the port are not; in reverse mode all of it is the configuration's.
    Row(22, "present_client", "outcome success", syns=1,
        policy=f"allow it to {lab.SERVER} port {lab.PORT_HOLDS}\ndeny default\n"),
    beneath_policy("present_client", INTERNAL),
    beneath_policy("present_client", WEB_ONLY),
    beneath_policy("present_client", "deny net from 10.98.1.0/24\nallow default\n"),
    beneath_policy("present_client", NAMED, 12, config=RESOLVER),
    beneath_policy("prove_by_itself", NAMED, 12, argument=lab.SERVER, config=RESOLVER),
    beneath_policy("prove_by_itself", NAMED, 12, argument=lab.SERVER + ".", config=RESOLVER),
    Row(22, "take_grant", "outcome success", argument=ELSEWHERE, port=lab.PORT_PROXY, syns=0,
        elsewhere=1, policy="allow default\n", config=PROXY),
    beneath_policy("take_grant", WEB_ONLY, argument=ELSEWHERE, port=lab.PORT_PROXY, config=PROXY),
    beneath_policy("take_grant", "allow it to 192.0.2.0/24\ndeny default\n", argument=ELSEWHERE,
                   port=lab.PORT_PROXY, config=PROXY),
    beneath_policy("take_endpoint", "deny us listener reverse from 10.98.0.0/16\nallow default\n",
                   port=lab.PORT_SITE, config=SITE),
    beneath_policy("present_later", "allow default\n", argument="4", narrowed=INTERNAL,
                   workers=1),
]
