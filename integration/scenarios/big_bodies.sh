# 100 MB pass each way unchanged, by curl and nginx, while the workers' memory stays bounded.
# SPDX-License-Identifier: Apache-2.0
nginx_start
gateway_start
head -c 100000000 /dev/urandom >"$LAB/www/big"
wanted=$(sha256_of <"$LAB/www/big")
fetch "http://$kServer4/seen" >/dev/null
before=$(worker_peak_kib)

expect "download over IPv4" "$wanted" "$(fetch "http://$kServer4/big" | sha256_of)"
expect "download over IPv6" "$wanted" "$(fetch "http://[$kServer6]/big" | sha256_of)"
expect "status of the upload" 201 "$(fetch_status "http://$kServer4/up4" --upload-file "$LAB/www/big")"
expect "upload over IPv4" "$wanted" "$(sha256_of <"$LAB/www/up4")"
expect "status of the upload" 201 "$(fetch_status "http://[$kServer6]/up6" --upload-file "$LAB/www/big")"
expect "upload over IPv6" "$wanted" "$(sha256_of <"$LAB/www/up6")"
expect "status of the chunked upload" 201 \
  "$(fetch_status "http://$kServer4/up-chunked" --header 'Transfer-Encoding: chunked' --upload-file "$LAB/www/big")"
expect "chunked upload" "$wanted" "$(sha256_of <"$LAB/www/up-chunked")"
expect_at_most "growth of the largest worker, KiB" 2048 $(($(worker_peak_kib) - before))
