# Rules about the response stop what has not gone out: a denied type, status or size gets its answer
# instead, and content whose size nobody announced is cut off with a reset where it becomes too large.
# SPDX-License-Identifier: Apache-2.0
. "$LAB_LIB/names.sh"
origin_start
mkdir -p "$LAB/config"
cat >"$LAB/config/policy.gh" <<'RULES'
tag    video    type video/*                        as video
header unhide   type text/html                      remove X-Powered-By
header mark     type text/html                      set X-Checked "yes"
audit  pdf      type application/pdf
deny   programs type application/x-msdownload       json "No programs"
deny   cut      type application/x-cut              reset
deny   broken   status 500-599                      empty
deny   large    size > 100KiB
allow  default
RULES
gateway_start --gateway 'policy = "policy.gh"'
ask() { fetch_status "http://198.51.100.7$1" "${@:2}"; }
field() { logged ".target == \"$1\"" "$2"; }

expect "another type" 200 "$(ask /type/text/plain/10)"
expect "a denied type" "403 No programs" \
  "$(fetch http://198.51.100.7/type/application/x-msdownload/10 --write-out '%{http_code}' --output "$LAB/body") $(jq -r .message "$LAB/body")"
expect "its rule" "programs deny 403 refused" "$(field /type/application/x-msdownload/10 rule) \
$(field /type/application/x-msdownload/10 action) $(field /type/application/x-msdownload/10 status) \
$(field /type/application/x-msdownload/10 ending)"
expect "denied by a reset" 000 "$(ask /type/application/x-cut/10)"
expect "a denied status" 403 "$(ask /status/503)"
expect "another status" 404 "$(ask /status/404)"
expect "a tag" "video allow" "$(ask /type/video/mp4/10 >/dev/null; field /type/video/mp4/10 tag) $(field /type/video/mp4/10 action)"
expect "an audit" pdf "$(ask /type/application/pdf/10 >/dev/null; field /type/application/pdf/10 audit)"
head=$(fetch http://198.51.100.7/type/text/html/10 --include)
expect_match "a field that is set" 'X-Checked: yes' "$head"
[[ $head != *X-Powered-By* ]] || fail "a field that is removed has gone out"
expect_match "of other types it stays" 'X-Powered-By: y' "$(fetch http://198.51.100.7/type/text/plain/1 --include)"

# Sizes.
limit=$((100 * 1024))
expect "as large as it may be" "200 $limit" \
  "$(fetch http://198.51.100.7/length/$limit --output /dev/null --write-out '%{http_code} %{size_download}')"
expect "announced to be larger" 403 "$(ask /length/$((limit + 1)))"
expect "a head without the content" 200 "$(ask /length/$((limit + 2)) --head)"
for form in chunked close; do
  for size in $limit $((limit + 1)) 5000000; do
    code=0
    got=$(fetch "http://198.51.100.7/$form/$size" --output /dev/null --write-out '%{size_download}' 2>/dev/null) || code=$?
    if [ "$size" -le $limit ]; then
      expect "$form, as large as it may be" "0 $limit" "$code $got"
      continue
    fi
    expect "$form, $size octets: curl sees a reset" 56 "$code"
    expect_at_most "octets that went out" $limit "$got"
    expect "its rule" "large deny refused policy" "$(field /$form/$size rule) $(field /$form/$size action) \
$(field /$form/$size ending) $(field /$form/$size reason)"
  done
done
# The connection goes on with the next request where nothing was denied.
expect "new connections for two requests" "1 0" "$(on_client curl --silent --noproxy '*' --max-time 20 \
  --output /dev/null --output /dev/null --write-out '%{num_connects}\n' \
  http://198.51.100.7/type/text/plain/1 http://198.51.100.7/type/video/mp4/2 | xargs)"
expect "clients of a denied response are told to close" close \
  "$(fetch http://198.51.100.7/status/500 --include | tr -d '\r' | sed -n 's/^Connection: //p')"
