# SPDX-License-Identifier: Apache-2.0
# An HTTPS server on the server host: nginx with a certificate made for the run.

# tls_start PORT NAME...: $LAB/tls/ca.pem verifies it; $LAB/www is its root. What it saw, a line for
# each request: $LAB/tls/access.log.
tls_start() {
  local port=$1 names
  shift
  command -v openssl >/dev/null || skip "openssl is not installed"
  names=$(printf 'DNS:%s,' "$@")
  mkdir -p "$LAB/tls" "$LAB/www"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
    -addext "subjectAltName=${names%,}" -keyout "$LAB/tls/key.pem" -out "$LAB/tls/ca.pem" 2>/dev/null
  cat >"$LAB/tls/nginx.conf" <<CONF
daemon off;
user root;
worker_processes 1;
pid $LAB/tls/pid;
error_log $LAB/tls/error.log;
events { worker_connections 1024; }
http {
  include /etc/nginx/mime.types;
  log_format seen '\$remote_addr "\$request" \$status';
  access_log $LAB/tls/access.log seen;
  client_body_temp_path $LAB/tls/body;
  proxy_temp_path $LAB/tls/proxy;
  fastcgi_temp_path $LAB/tls/fastcgi;
  uwsgi_temp_path $LAB/tls/uwsgi;
  scgi_temp_path $LAB/tls/scgi;
  server {
    listen $port ssl;
    listen [::]:$port ssl;
    ssl_certificate $LAB/tls/ca.pem;
    ssl_certificate_key $LAB/tls/key.pem;
    root $LAB/www;
  }
}
CONF
  lab_start tls "$LAB_SERVER" nginx -c "$LAB/tls/nginx.conf" -e "$LAB/tls/error.log"
  wait_until 5 server_listens "$port" || fail "nginx does not listen on port $port"
}
