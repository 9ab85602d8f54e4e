# Every malformed request of the corpus gets the answer listed for it, in all three modes, and not one
# octet of it reaches the server; every well-formed one arrives as listed, as a second parser reads it.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
python3 -c 'import h11' 2>/dev/null || skip "python3-h11, the second parser, is not installed"
names_start '{"a": {"A": ["10.99.2.2"]}}'
gateway_start --workers 1 --gateway "via_pseudonym = \"SELF\"
$kForwardClients" --config "
[[listen]]
$kForwardListener
[[listen]]
mode = \"reverse\"
port = 8080
upstream = \"origin\"
[[upstream]]
name = \"origin\"
servers = [\"$kServer4:81\"]"

for mode in "transparent $kServer4 80 80" "forward $kGateway4 3128 80" "reverse $kGateway4 8080 81"; do
  read -ra arguments <<<"$mode"
  python3 "$LAB_LIB/corpus.py" requests "${arguments[@]}" || fail "rows of the corpus, see above"
done
