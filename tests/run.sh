#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Everything that must hold: installs what is missing, builds, and runs all checks and tests. The
# last line is ctest's summary, the exit code says the same.
#
#   tests/run.sh          what each change must pass
#   tests/run.sh --long   with the long figures: fuzzing for minutes, heavier loads
#
# Builds go to build/release, build/asan (sanitizers; unconfined tests only) and build/fuzz. A
# second run builds and analyses only what has changed. As root; without root the tests that need
# network namespaces are skipped, and the summary counts them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tests/packages.sh

export GATEHOUSE_LONG=0
case ${1:-} in
  '') ;;
  --long) GATEHOUSE_LONG=1 ;;
  *)
    sed -n '3,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//'
    exit 2
    ;;
esac

start=$SECONDS
stage() {
  local stage_start=$SECONDS
  printf '\n== %s\n' "$1"
  shift
  "$@"
  printf '== done in %d s (%d s in all)\n' $((SECONDS - stage_start)) $((SECONDS - start))
}

# configure_and_build DIRECTORY CMAKE-ARGUMENT...
configure_and_build() {
  local directory=$1
  shift
  cmake -S . -B "$directory" -G Ninja -DCMAKE_CXX_COMPILER_LAUNCHER=ccache "$@" >"$directory.log" 2>&1 ||
    { cat "$directory.log"; return 1; }
  NINJA_STATUS='[%f/%t %es] ' ninja -C "$directory"
}

run_ctest() {
  ctest --test-dir build/release --output-on-failure --no-tests=error --progress
}

mkdir -p build
stage "packages" install_packages "${kBuildPackages[@]}" "${kLabPackages[@]}" "${kTestPackages[@]}"
stage "release build (build/release)" configure_and_build build/release -DCMAKE_BUILD_TYPE=RelWithDebInfo
stage "sanitizer build (build/asan)" configure_and_build build/asan -DCMAKE_BUILD_TYPE=Debug \
  -DGATEHOUSE_SANITIZE=address,undefined
if [ -f tests/fuzz/CMakeLists.txt ]; then
  stage "fuzzers (build/fuzz)" configure_and_build build/fuzz -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DCMAKE_CXX_COMPILER=clang++ -DGATEHOUSE_FUZZ=ON
fi

printf '\n== checks and tests (%d s so far)\n' $((SECONDS - start))
code=0
run_ctest || code=$?
exit $code
