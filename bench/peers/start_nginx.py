#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""start_nginx.py CONFIGURATION PORT...: nginx with transparent listeners.

The kernel's tproxy gives connections only to sockets with IP_TRANSPARENT, which nginx has no option for. A
master of nginx that is upgraded hands its listening sockets on in the variable NGINX; so does this.
"""
import os
import socket
import sys

configuration, ports = sys.argv[1], [int(port) for port in sys.argv[2:]]
sockets = []
for port in ports:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_IP, socket.IP_TRANSPARENT, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("0.0.0.0", port))
    listener.listen(4096)
    listener.set_inheritable(True)
    sockets.append(listener)
os.environ["NGINX"] = "".join(f"{listener.fileno()};" for listener in sockets)
os.execvp("nginx", ["nginx", "-c", configuration, "-e", "/dev/null"])
