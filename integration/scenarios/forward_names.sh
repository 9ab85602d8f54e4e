# Forward mode falls back from addresses that don't answer in less than a second (RFC 8305), says 502
# for a name that can't be resolved, and keeps answers as long as they are valid.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
origin_start
# Packets to these addresses vanish.
on_server nft -f - <<<'table inet hole {
  chain c {
    type filter hook input priority 0;
    ip daddr 198.51.100.66 drop
    ip6 daddr { 2001:db8:99::66, 2001:db8:99::67 } drop
  }
}'
names_start '{"dead6.example": {"AAAA": ["2001:db8:99::66"], "A": ["198.51.100.10"]},
  "dead66.example": {"AAAA": ["2001:db8:99::66", "2001:db8:99::67"], "A": ["198.51.100.10"]},
  "dead4.example": {"A": ["198.51.100.66", "198.51.100.10"]},
  "refuses.example": {"AAAA": ["2001:db8:99::10"], "A": ["198.51.100.10"]},
  "both.example": {"AAAA": ["2001:db8:99::10"], "A": ["198.51.100.10"]},
  "no6.example": {"A": ["198.51.100.10"], "do": {"AAAA": "silent"}},
  "kept.example": {"A": ["198.51.100.10"], "ttl": 300},
  "short.example": {"A": ["198.51.100.10"], "ttl": 1},
  "alias.example": {"CNAME": "both.example"},
  "servfail.example": {"A": ["198.51.100.10"], "do": "servfail"},
  "silent.example": {"A": ["198.51.100.10"], "do": "silent"},
  "forged.example": {"A": ["198.51.100.10"], "do": "wrong-id"}}'
gateway_start --gateway "$kForwardClients" --config "$kForwardListener"
reached() { seen_connections .local[0] | tail -1; }
seconds() { through_forward -o /dev/null -w '%{time_total}' "$1" | tr , .; }
# expect_seconds URL LIMIT REACHED
expect_reached_within() {
  local took
  took=$(seconds "http://$1/")
  expect_at_most "milliseconds for $1" "$2" "$(jq -n "$took * 1000 | floor")"
  expect "reached" "$3" "$(reached)"
}

forward_status http://both.example/ >/dev/null
expect_reached_within both.example 250 2001:db8:99::10
expect_reached_within dead6.example 1000 198.51.100.10
expect_reached_within dead66.example 1000 198.51.100.10
expect_reached_within dead4.example 1000 198.51.100.10
expect_reached_within alias.example 250 2001:db8:99::10
# An address family whose question is never answered does not hold up the other one for ever.
expect_reached_within no6.example 2500 198.51.100.10
# No forged answer is believed.
expect_reached_within forged.example 1000 198.51.100.10

# A server that refuses at once: the next address at once.
on_server nft insert rule inet hole c ip6 daddr 2001:db8:99::10 tcp dport 80 reject with tcp reset
expect_reached_within refuses.example 250 198.51.100.10
on_server nft flush chain inet hole c

expect "a name that does not exist" 502 "$(forward_status http://none.example/)"
expect_match "its page" "name" "$(through_forward http://none.example/)"
expect "a DNS server that fails" 502 "$(forward_status http://servfail.example/)"
start=$(now_ms)
expect "a DNS server that is silent" 502 "$(forward_status http://silent.example/)"
expect_at_most "milliseconds" 4000 $(($(now_ms) - start))
expect "reason in the log" name-unresolved "$(logged '.host == "silent.example"' reason)"

# Both workers share what is known: 20 connections, one question for each record type.
for _ in $(seq 20); do forward_status http://kept.example/ >/dev/null; done
expect_at_most "questions for 20 requests" 2 "$(names_asked kept.example)"
forward_status http://short.example/ >/dev/null
sleep 1.5
forward_status http://short.example/ >/dev/null
expect_at_least "questions for an answer valid for 1 s, after 1.5 s" 3 "$(names_asked short.example)"
