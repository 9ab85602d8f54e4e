# Lists of names, URLs and networks decide in every worker, a changed list holds after a reload that
# loses no connection, and a file that is not a list any more leaves the old one in force.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
origin_start
mkdir -p "$LAB/config/lists"
cat >"$LAB/config/policy.gh" <<'RULES'
list ads, bad-urls, bad-nets = "lists/*.txt"
deny  ads   to @ads
deny  urls  to @bad-urls
deny  nets  to @bad-nets
allow default
RULES
printf '||ads.example^\nnot a line\n' >"$LAB/config/lists/ads.txt"
printf 'http://mixed.example/bad%%20things\n198.51.100.9/evil\n' >"$LAB/config/lists/bad-urls.txt"
printf '203.0.113.0/24\nfd42:99:66::/48\n' >"$LAB/config/lists/bad-nets.txt"
gateway_start --gateway 'policy = "policy.gh"'
expect_match "junk is in the log, by file and line" 'gatehoused: warning: lists/ads\.txt:2: ' "$(cat "$LAB/gateway.err")"
ask() { fetch_status "http://198.51.100.7$2" --path-as-is --header "Host: $1" "${@:3}"; }
rule_of() { logged ".target == \"$1\"" rule; }

expect "a name on the list" 403 "$(ask ads.example /1)"
expect "its rule" ads "$(rule_of /1)"
expect "a name below it" 403 "$(ask x.Ads.Example. /2)"
expect "a name beside it" 200 "$(ask notads.example /3)"
expect "a URL" 403 "$(ask mixed.example /bad%20things/x)"
expect "a URL in other words" 403 "$(ask mixed.example //b%61d%20things)"
expect "its rule" urls "$(rule_of //b%61d%20things)"
expect "another path of the host" 200 "$(ask mixed.example /bad)"
expect "a URL of an address" 403 "$(fetch_status http://198.51.100.9/evil/x)"
expect "another one" 200 "$(fetch_status http://198.51.100.9/good)"
expect "a network" 403 "$(fetch_status http://203.0.113.5/n)"
expect "its rule" nets "$(rule_of /n)"
expect "the posture" 0 "$(gateway_command posture >"$LAB/posture" 2>&1; echo $?)"

# A changed list, under load.
load_start --clients 20 --pause 0.002
sleep 0.5
printf '||other.example^\n||other.example^\n' >"$LAB/config/lists/ads.txt"
gateway_command reload
wait_until 3 grep -q 'warning: lists/ads\.txt:2: says the same as lists/ads\.txt:1' "$LAB/gateway.err" ||
  fail "a duplicate is not in the log of the reload"
expect "no longer on the list" 200 "$(ask ads.example /4)"
expect "now on the list" 403 "$(ask www.other.example /5)"

# An error page that was downloaded in its place.
printf '<html>\n<p>Gone\n' >"$LAB/config/lists/ads.txt"
code=0
gateway_command reload 2>"$LAB/reload.err" || code=$?
[ $code -ne 0 ] || fail "a list that is none was loaded"
expect_match "what is said" 'lists/ads.txt: not one of its 2 lines is an entry' "$(cat "$LAB/reload.err")"
expect "the old list holds" 403 "$(ask other.example /6)"
load_stop
expect "clients with an error" "[]" "$(load_errors)"
