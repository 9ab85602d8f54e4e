# SPDX-License-Identifier: Apache-2.0
# Several nginx at once, that come and go, for upstreams of reverse mode.

# server_start NAME PORT [LISTEN OPTION]...: answers / with its name, /seen with what a server sees of
# the client, everything else from $LAB/www.
server_start() {
  local name=$1 port=$2
  shift 2
  mkdir -p "$LAB/$name" "$LAB/www"
  cat >"$LAB/$name/nginx.conf" <<CONF
daemon off;
user root;
worker_processes 1;
pid $LAB/$name/pid;
error_log $LAB/$name/error.log;
events { worker_connections 2048; }
http {
  include /etc/nginx/mime.types;
  log_format seen '\$remote_addr "\$request" \$status';
  access_log $LAB/$name/access.log seen;
  client_body_temp_path $LAB/$name/body;
  proxy_temp_path $LAB/$name/proxy;
  fastcgi_temp_path $LAB/$name/fastcgi;
  uwsgi_temp_path $LAB/$name/uwsgi;
  scgi_temp_path $LAB/$name/scgi;
  keepalive_timeout 1s;
  server {
    listen $port $*;
    listen [::]:$port $*;
    root $LAB/www;
    location = / { return 200 "$name\n"; }
    location = /seen {
      return 200 "\$remote_addr \$proxy_protocol_addr \$proxy_protocol_port \$proxy_protocol_server_addr \$proxy_protocol_server_port\n";
    }
  }
}
CONF
  lab_start "$name" "$LAB_SERVER" nginx -c "$LAB/$name/nginx.conf" -e "$LAB/$name/error.log"
  wait_until 5 server_listens "$port" || fail "nginx does not listen on port $port"
}

# server_stop NAME: lets its requests finish, and ends it.
server_stop() {
  kill -QUIT "${LAB_PIDS[$1]}"
  lab_wait_exit "${LAB_PIDS[$1]}" 5 || fail "nginx $1 does not end"
  wait "${LAB_PIDS[$1]}" || true
  unset "LAB_PIDS[$1]"
}
