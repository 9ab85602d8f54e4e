# Connections go to exactly the address and port that the client asked for, over several listeners;
# ports that are not configured pass untouched.
# SPDX-License-Identifier: Apache-2.0
origin_start 80 8080 3128 81
gateway_start --intercept "--to 8888 --ports 80,8080 --to 8889 --ports 3128" --config '
[[listen]]
port = 8888
intercept = { ports = [80, 8080] }
[[listen]]
port = 8889
intercept = { ports = [3128] }'

for url in 10.99.2.2:80 10.99.2.3:80 10.99.2.3:8080 198.51.100.77:80 198.51.100.78:3128 \
  "[fd42:99:2::2]:80" "[fd42:99:2::3]:8080" "[2001:db8:99::77]:80" "[2001:db8:99::78]:3128"; do
  expect "status of $url" 200 "$(fetch_status "http://$url/")"
  expect "reached" "$(tr -d '[]' <<<"$url")" "$(seen_connections '"\(.local[0]):\(.local[1])"' | tail -1)"
done

# Port 81 is nobody's: forwarded by the kernel from the client's own port, unknown to the gateway.
requests=$(access_log | wc -l)
client_python <<PY
from httpio import *
sock = connect("$kServer4", 81)
sock.sendall(b"GET /untouched HTTP/1.1\r\nHost: a\r\n\r\n")
check_equal("status on port 81", 200, Reader(sock).response().status)
open("$LAB/port", "w").write(str(sock.getsockname()[1]))
PY
expect "port the server saw" "$(cat "$LAB/port")" "$(seen_connections .peer[1] | tail -1)"
fetch "http://$kServer4/" >/dev/null
wait_until 2 access_log_has $((requests + 1))
expect "exchanges logged meanwhile" 1 $(($(access_log | wc -l) - requests))
