# Every expect line of tests/policy/cases decides the same in the running gateway as in the engine
# alone; each rule file is put into force by a reload.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
origin_start 80 8081 8082
names_start '{"*": {"A": ["198.51.100.7"], "AAAA": ["2001:db8:99::7"]}}'
mkdir -p "$LAB/config"
echo 'allow default' >"$LAB/config/policy.gh"
gateway_start --gateway "policy = \"policy.gh\"
$kForwardClients" --intercept "--to 8888 --ports 80,8081,8082" --config "[[listen]]
mode = \"transparent\"
intercept = { ports = [80, 8081, 8082] }
$kForwardListener"
cases=0
for rules in "$LAB_LIB"/../../tests/policy/cases/*.gh; do
  # What depends on the time runs on the engine alone.
  if ! grep '^expect' "$rules" | grep -qv ' at 2'; then continue; fi
  cp "$rules" "$LAB/config/policy.gh"
  gateway_command reload >/dev/null
  ran=$(PYTHONPATH=$LAB_LIB on_client python3 "$LAB_LIB/policy_cases.py" "$rules" "$LAB/log/access.log" "$LAB/seen.jsonl")
  note "${rules##*/}: $ran"
  cases=$((cases + ran))
done
expect_at_least "cases" 150 "$cases"

# What is wrong changes nothing.
refused_reload() { ! gateway_command reload 2>&1 || fail "a wrong rule file has been taken"; }
printf 'allow x form 10.0.0.1\nallow default\n' >"$LAB/config/policy.gh"
wrong=$(refused_reload)
expect_match "a wrong rule file" 'policy.gh:1:9: expected a condition' "$wrong"
printf 'deny default\nexpect 10.0.0.1 GET http://a.example/ -> allow default\n' >"$LAB/config/policy.gh"
wrong=$(refused_reload)
expect_match "one whose own test fails" 'policy.gh:2:1: expected allow default, decided is deny default' "$wrong"
ln -sf /etc/passwd "$LAB/config/policy.gh"
wrong=$(refused_reload)
expect_match "one that lies elsewhere" "policy.gh:1:1: can't be opened: EACCES" "$wrong"
expect "the old one stays" 403 "$(fetch_status http://198.51.100.7/ --header 'Host: anything.example' --header 'User-Agent: none')"
