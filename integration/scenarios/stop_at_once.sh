# A second SIGTERM stops at once, in the middle of a download; and the drain time is a limit.
# SPDX-License-Identifier: Apache-2.0
origin_start
gateway_start
fetch "http://$kServer4/drip/900000/100000" >"$LAB/body" 2>"$LAB/curl.err" &
download=$!
sleep 0.7
processes=$(descendants "$GATEWAY" | xargs)
kill -TERM "$GATEWAY"
sleep 0.3
process_gone "$GATEWAY" && fail "the first SIGTERM has not waited for the download"
kill -TERM "$GATEWAY"
gateway_ends 1
for pid in $processes; do
  wait_until 1 process_gone "$pid" || fail "process $pid is left"
done
if wait "$download"; then fail "the download is complete: $(wc -c <"$LAB/body") octets"; fi
expect_at_most "octets the client got" 300000 "$(wc -c <"$LAB/body")"

gateway_start --config '
[timeouts]
drain = "1s"'
fetch "http://$kServer4/drip/900000/100000" >"$LAB/body" 2>"$LAB/curl.err" &
download=$!
sleep 0.5
kill -TERM "$GATEWAY"
start=$(now_ms)
gateway_ends 3
expect_at_least "milliseconds of the drain" 900 $(($(now_ms) - start))
if wait "$download"; then fail "the download is complete"; fi
