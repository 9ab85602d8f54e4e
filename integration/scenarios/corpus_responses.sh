# Every malformed response of the corpus becomes a 502 or, where its head has gone out, a reset, in
# all three modes; surplus octets reach nobody.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
python3 -c 'import h11' 2>/dev/null || skip "python3-h11, the second parser, is not installed"
names_start '{"a": {"A": ["10.99.2.2"]}}'
gateway_start --workers 1 --gateway "$kForwardClients" --config "
[[listen]]
$kForwardListener
[[listen]]
mode = \"reverse\"
port = 8080
upstream = \"origin\"
[[upstream]]
name = \"origin\"
# Malformed answers must not take the only server out of service.
fails = 100
servers = [\"$kServer4:81\"]"

for mode in "transparent $kServer4 80 80" "forward $kGateway4 3128 80" "reverse $kGateway4 8080 81"; do
  read -ra arguments <<<"$mode"
  python3 "$LAB_LIB/corpus.py" responses "${arguments[@]}" || fail "rows of the corpus, see above"
done
