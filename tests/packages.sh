# SPDX-License-Identifier: Apache-2.0
# The Debian 12 packages that building, trying and testing need. Sourced by tests/run.sh and
# integration/demo.sh; docs/dependencies.md has their licences.

readonly kBuildPackages=(
  g++ cmake ninja-build ccache binutils
  libboost1.81-dev libtomlplusplus-dev libprotobuf-dev protobuf-compiler
  tao-pegtl-dev libre2-dev libseccomp-dev libc-ares-dev libpsl-dev libidn2-dev libunistring-dev
  libcap-ng-dev linux-libc-dev)
readonly kLabPackages=(iproute2 nftables curl nginx-light jq python3 procps util-linux)
readonly kTestPackages=(
  libgtest-dev libhttp-parser-dev clang clang-format clang-tidy libclang-rt-14-dev shellcheck git
  python3-h11 slowhttptest wrk openssl valgrind)
# Large; installed with --long only, and the scenario that needs it is skipped without.
readonly kBrowserPackages=(chromium)

# install_packages PACKAGE...: installs those that are missing. No service that a package brings is
# started, now or at the next boot.
install_packages() {
  local missing
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  missing=${missing//$'\n'/ }
  if [ "$(id -u)" -ne 0 ]; then
    echo "Packages are missing; as root: apt-get install $missing" >&2
    return 1
  fi
  echo "Installing with apt: $missing"
  (
    no_services_start
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update
    # shellcheck disable=SC2086  # a list of words
    apt-get -qq install --yes --no-install-recommends $missing >/dev/null
  )
  # The lab runs nginx on its own; as a service it would start with the machine.
  if [[ $missing == *nginx* ]]; then
    update-rc.d nginx disable
  fi
}

missing_packages() {
  local package
  for package; do
    dpkg-query --show --showformat='${Status}\n' "$package" 2>/dev/null | grep -q 'ok installed' ||
      echo "$package"
  done
}

# invoke-rc.d asks policy-rc.d whether a package may start its service; 101 says no. An
# administrator's own policy is put aside until the caller's subshell ends.
readonly kPolicy=/usr/sbin/policy-rc.d
no_services_start() {
  if [ -e $kPolicy ]; then
    mv $kPolicy $kPolicy.aside
    trap 'mv $kPolicy.aside $kPolicy' EXIT
  else
    trap 'rm -f $kPolicy' EXIT
  fi
  trap 'exit 130' INT TERM
  printf '#!/bin/sh\nexit 101\n' >$kPolicy
  chmod 755 $kPolicy
}
