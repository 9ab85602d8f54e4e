# SPDX-License-Identifier: Apache-2.0
"""Three network namespaces, client - gateway - server, for the hostile suite, in a mount and process
namespace of their own, so that nothing of a run is seen outside or survives it.

The runner itself stands on the gateway; sockets on the other hosts are made by stepping over there
for the moment that makes them."""

import contextlib
import ctypes
import os
import socket
import struct
import subprocess
import sys
import threading
import time

CLIENT, GATEWAY, SERVER = "10.98.1.2", "10.98.1.1", "10.98.2.2"
OTHER_SERVER = "10.98.2.3"
PORT_HOLDS, PORT_RESETS, PORT_SILENT, PORT_ELSEWHERE = 80, 8081, 81, 9999
LISTENER = 8888
PORT_PROXY, PORT_SITE = 3128, 8080  # of the gateway's own address
LIBC = ctypes.CDLL(None, use_errno=True)


def run(*words, text=None):
    subprocess.run(words, check=True, input=text, text=True, stdout=subprocess.PIPE)


def enter():
    """Re-executes the script in namespaces of its own, once."""
    if os.environ.get("GATEHOUSE_HOSTILE_LAB") == "1":
        return
    os.environ["GATEHOUSE_HOSTILE_LAB"] = "1"
    os.execvp("unshare", ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child",
                          "--mount-proc", sys.executable] + sys.argv)


def missing():
    """Why this machine can't run the suite; None when it can."""
    if os.geteuid() != 0:
        return "namespaces need root"
    for command in ("unshare", "ip", "nft"):
        if not any(os.access(os.path.join(d, command), os.X_OK)
                   for d in (os.environ["PATH"] + ":/usr/sbin:/sbin").split(":")):
            return f"{command} is not installed"
    probe = subprocess.run(["unshare", "--mount", "--pid", "--net", "--fork", "true"],
                           capture_output=True, check=False)
    return None if probe.returncode == 0 else "this kernel or container makes no namespaces"


def up():
    os.makedirs("/run/netns", exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", "mode=755", "lab", "/run/netns")
    for host in ("client", "server"):
        run("ip", "netns", "add", host)
        run("ip", "-n", host, "link", "set", "lo", "up")
    run("ip", "link", "set", "lo", "up")
    for host, here, far_addresses in (("client", GATEWAY, [CLIENT]),
                                      ("server", "10.98.2.1", [SERVER, OTHER_SERVER])):
        run("ip", "link", "add", f"to-{host}", "type", "veth", "peer", "name", "eth0", "netns", host)
        run("ip", "address", "add", f"{here}/24", "dev", f"to-{host}")
        run("ip", "link", "set", f"to-{host}", "up")
        for address in far_addresses:
            run("ip", "-n", host, "address", "add", f"{address}/24", "dev", "eth0")
        run("ip", "-n", host, "link", "set", "eth0", "up")
        run("ip", "-n", host, "route", "add", "default", "via", here)
    for name, value in (("net/ipv4/ip_forward", "1"), ("net/ipv4/tcp_fastopen", "1")):
        with open(f"/proc/sys/{name}", "w", encoding="ascii") as file:
            file.write(value)
    run("ip", "route", "add", "local", "default", "dev", "lo", "table", "4749")
    run("ip", "rule", "add", "fwmark", "1", "lookup", "4749")
    # Connections to the server are handed to gatehoused; every SYN that leaves this host on its own
    # account is counted, by where it wants to go.
    run("nft", "-f", "-", text=f"""
table ip hostile {{
  chain divert {{
    type filter hook prerouting priority mangle;
    socket transparent 1 socket wildcard 0 meta mark set 1 accept
    iifname "to-client" tcp dport {{ {PORT_HOLDS}, {PORT_RESETS}, {PORT_SILENT} }} \
meta mark set 1 tproxy to :{LISTENER} accept
  }}
  counter asked {{ }}
  counter elsewhere {{ }}
  chain leaving {{
    type filter hook output priority filter;
    tcp flags & (syn | ack) == syn oifname "to-server" ip daddr {SERVER} \
tcp dport {{ {PORT_HOLDS}, {PORT_RESETS}, {PORT_SILENT} }} counter name asked accept
    tcp flags & (syn | ack) == syn counter name elsewhere
  }}
}}""")
    run("ip", "netns", "exec", "server", "nft", "-f", "-", text=f"""
table ip silent {{
  chain c {{
    type filter hook input priority filter;
    tcp dport {PORT_SILENT} drop
  }}
}}""")


def syns(counter):
    listing = subprocess.run(["nft", "list", "counter", "ip", "hostile", counter], check=True,
                             capture_output=True, text=True).stdout
    return int(listing.split("packets")[1].split()[0])


@contextlib.contextmanager
def on(host):
    """Within it, new sockets of this thread belong to the host."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{host}", os.O_RDONLY)
    try:
        if LIBC.setns(there, 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        yield
    finally:
        LIBC.setns(home, 0x40000000)
        os.close(home)
        os.close(there)


class Servers:
    """Listens on the server's ports, and counts what arrives where it should not."""

    def __init__(self):
        self.elsewhere = 0
        self.held = []
        for address, port in ((SERVER, PORT_HOLDS), (SERVER, PORT_RESETS),
                              (SERVER, PORT_ELSEWHERE), (OTHER_SERVER, PORT_HOLDS)):
            with on("server"):
                listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            listener.listen(1024)
            wrong = address != SERVER or port == PORT_ELSEWHERE
            threading.Thread(target=self.accept, args=(listener, port, wrong), daemon=True).start()

    def accept(self, listener, port, wrong):
        while True:
            connection, _ = listener.accept()
            if wrong:
                self.elsewhere += 1
            if port == PORT_RESETS:
                time.sleep(0.1)  # the parent has handed it over by then
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
            else:
                self.held.append(connection)


def connect(port):
    """A client's connection to the server, or to the gateway itself, which gatehoused gets."""
    with on("client"):
        client = socket.socket()
    client.settimeout(3)
    client.connect((GATEWAY if port in (PORT_PROXY, PORT_SITE) else SERVER, port))
    return client
