# 2,000 clients that read their responses a few octets at a time cost no other client anything.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
. "$LAB_LIB/slow.sh"
nginx_start 81
head -c 1000000 /dev/urandom >"$LAB/www/big"
gateway_start
slow_peers big -X -w 512 -y 1024 -n 2 -z 64 -k 1
