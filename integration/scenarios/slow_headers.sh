# 2,000 clients that send their request heads a field at a time cost no other client anything, and no
# connection to a server.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
. "$LAB_LIB/servers.sh"
. "$LAB_LIB/slow.sh"
slow_lab
slow_peers small -H -i 2 -x 24
# Those of the probes of slowhttptest.
expect_at_most "connections at the server" 500 "$(sed -n "s/^[^ ]* [^ ]* 80 \([0-9]*\) .*/\1/p" "$LAB/nginx/access.log" | sort -u | wc -l)"
