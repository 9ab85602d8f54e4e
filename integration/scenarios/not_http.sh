# on_not_http = "tunnel" passes what isn't HTTP, whoever speaks first, and leaves HTTP what it is;
# "refuse" answers at once. Nothing hangs.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
. "$LAB_LIB/tls.sh"
origin_start 80 8080
tls_start 443 page.example
head -c 5000000 /dev/urandom >"$LAB/www/big"
# A server that speaks first, then sends back what it gets; when the client has ended, a farewell.
lab_start banner "$LAB_SERVER" env PYTHONPATH="$LAB_LIB" python3 -c '
import socket, threading
def serve(sock):
    sock.sendall(b"SSH-2.0-lab\r\n")
    while block := sock.recv(65536):
        sock.sendall(block)
    sock.sendall(b"bye")
    sock.close()
listener = socket.create_server(("::", 22), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()'
wait_until 5 server_listens 22 || fail "the server on port 22 does not listen"
gateway_start --intercept "--to 8888 --ports 80 --to 8889 --ports 22,443,8080,9999" --config '
[timeouts]
head = "2s"
idle = "2s"
[[listen]]
port = 8888
[[listen]]
port = 8889
intercept = { ports = [22, 443, 8080, 9999] }
on_not_http = "tunnel"'

secure() {
  fetch "https://page.example/big" --cacert "$LAB/tls/ca.pem" --resolve "page.example:443:$1" | sha256_of
}
wanted=$(sha256_of <"$LAB/www/big")
expect "TLS" "$wanted" "$(secure $kServer4)"
expect "TLS over IPv6" "$wanted" "$(secure "$kServer6")"
expect "HTTP on a port with tunnel" 200 "$(fetch_status "http://$kServer4:8080/")"
expect "log" "GET " "$(logged '.destination_port == 8080' 'method + " " + .reason')"
expect "log of the tunnel" "- tunnel complete" \
  "$(logged '.destination_port == 443' 'method + " " + .reason + " " + .ending')"

client_python <<PY
import threading, time
from httpio import *
def timed(function):
    start = time.monotonic()
    return function(), time.monotonic() - start

for server in ("$kServer4", "$kServer6"):
    sock = connect(server, 22)
    reader = Reader(sock)
    banner, seconds = timed(lambda: reader.until(b"\n"))
    check_equal("banner of a server that speaks first", b"SSH-2.0-lab\r\n", banner)
    check(0.2 < seconds < 1.5, f"after {seconds:.2f} s")
    data = b"".join(pattern(3000000))
    threading.Thread(target=lambda: (sock.sendall(data), sock.shutdown(socket.SHUT_WR))).start()
    check(reader.exactly(len(data)) == data, "what came back differs")
    check_equal("farewell after the client's half-close", b"bye", reader.rest())

# A client that speaks first: at once, in a first segment that could still become a method, or binary.
for octets in (b"SSH-2.0-client\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"GET", b"EHLO there\r\n", b"\x00"):
    sock = connect("$kServer4", 22)
    sock.sendall(octets)
    reader = Reader(sock)
    if octets == b"GET":
        check_equal("what begins like a request, and stops", 408, reader.response().status)
        continue
    banner, seconds = timed(lambda: reader.until(b"\n"))
    check(banner == b"SSH-2.0-lab\r\n" and seconds < 1.5, f"{octets}: {banner} after {seconds:.2f} s")
    check_equal(f"{octets} comes back", octets, reader.exactly(len(octets)))

# A client of HTTP that thinks for a second before it asks.
sock = connect("$kServer4", 8080)
time.sleep(1)
sock.sendall(b"GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
reader = Reader(sock)
check_equal("late HTTP", 200, reader.response().status)
# It is HTTP with all its rules: no tunnel for what is malformed.
for octets in (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", b"GET  / HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"):
    sock = connect("$kServer4", 8080)
    sock.sendall(octets)
    check_equal(f"{octets[:20]}", 400, Reader(sock).response().status)

# Nobody listens there.
sock = connect("$kServer4", 9999)
sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
try:
    _, seconds = timed(lambda: Reader(sock).rest())
except ConnectionResetError:
    seconds = 0
check(seconds < 2, "a tunnel to nobody hangs")
# Neither side says anything.
sock = connect("$kServer4", 8080)
end, seconds = timed(lambda: Reader(sock).at_end(10))
check(end and seconds < 6, f"a silent connection ends after {seconds:.1f} s")
print("  silence ends by the idle time")

# Refused, and at once.
for octets in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"SSH-2.0-client\r\n", b"\x00" * 50):
    sock = connect("$kServer4", 80)
    sock.sendall(octets)
    response, seconds = timed(lambda: Reader(sock).response())
    check_equal(f"refuse: {octets[:12]}", 400, response.status)
    check(seconds < 0.5, f"after {seconds:.2f} s")
sock = connect("$kServer4", 80)
end, seconds = timed(lambda: Reader(sock).at_end(10))
check(end and seconds < 6, f"refuse: a silent connection ends after {seconds:.1f} s")
PY
expect "late HTTP in the log" GET "$(logged '.target == "/late"' method)"
no_upstream() { [ -z "$(on_gateway ss -Htn state established)" ]; }
wait_until 5 no_upstream || fail "connections are left: $(on_gateway ss -Htn)"
