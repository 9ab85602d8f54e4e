# 2,000 clients that read their responses a few octets at a time cost no other client anything.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
. "$LAB_LIB/servers.sh"
. "$LAB_LIB/slow.sh"
slow_lab
head -c 1000000 /dev/urandom >"$LAB/www/big"
slow_peers big -X -w 512 -y 1024 -n 2 -z 64 -k 1
