# 2,000 clients that send their request bodies a few octets at a time cost no other client anything.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
. "$LAB_LIB/servers.sh"
. "$LAB_LIB/slow.sh"
slow_lab
slow_peers upload -B -t PUT -i 2 -s 65536 -x 24
