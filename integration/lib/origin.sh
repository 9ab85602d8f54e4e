# SPDX-License-Identifier: Apache-2.0
# Servers on the server host: nginx for real traffic, origin.py for every form a response can have.

# nginx on port 80 (and $1...), IPv4 and IPv6. $LAB/www is its root; PUT writes there.
nginx_start() {
  local port listen=
  for port in 80 "$@"; do listen+="listen $port; listen [::]:$port; "; done
  mkdir -p "$LAB/www" "$LAB/nginx"
  cat >"$LAB/nginx/nginx.conf" <<CONF
daemon off;
user root;
worker_processes 1;
pid $LAB/nginx/pid;
error_log $LAB/nginx/error.log;
events { worker_connections 8192; }
http {
  log_format seen '\$remote_addr \$server_addr \$server_port \$connection \$connection_requests "\$request" \$status';
  access_log $LAB/nginx/access.log seen;
  client_body_temp_path $LAB/nginx/body;
  proxy_temp_path $LAB/nginx/proxy;
  fastcgi_temp_path $LAB/nginx/fastcgi;
  uwsgi_temp_path $LAB/nginx/uwsgi;
  scgi_temp_path $LAB/nginx/scgi;
  client_max_body_size 0;
  keepalive_requests 100000;
  server {
    $listen
    root $LAB/www;
    dav_methods PUT;
    location = /seen { return 200 "\$remote_addr \$connection \$connection_requests\n"; }
  }
}
CONF
  lab_start nginx "$LAB_SERVER" nginx -c "$LAB/nginx/nginx.conf" -e "$LAB/nginx/error.log"
  wait_until 5 server_listens 80 || fail "nginx does not listen"
}

# origin.py on the ports given (default 80). What it saw: seen, seen_requests.
origin_start() {
  [ $# -gt 0 ] || set -- 80
  lab_start origin "$LAB_SERVER" python3 "$LAB_LIB/origin.py" --log "$LAB/seen.jsonl" "$@"
  wait_until 5 server_listens "$1" || fail "the origin does not listen"
}

server_listens() {
  [ -n "$(on_server ss -Htln "sport = :$1")" ]
}

# Everything the origin saw: one JSON object for each accept, request and end.
seen() { cat "$LAB/seen.jsonl"; }

# seen_requests JQ: an expression on each request, raw output.
seen_requests() {
  seen | jq -r "select(.event == \"request\") | $1"
}

seen_connections() {
  seen | jq -r "select(.event == \"accept\") | $1"
}
