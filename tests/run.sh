#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Everything that must hold: installs what is missing, builds, and runs all checks and tests. The
# last line is ctest's summary, the exit code says the same.
#
#   tests/run.sh          what each change must pass
#   tests/run.sh --long   with the long figures: fuzzing for minutes, heavier loads
#
# Builds go to build/release, build/asan (sanitizers; unconfined tests only), build/fuzz and
# build/ablation (layers of confinement can be left out; tests/hostile only). A second run builds and analyses only what has changed. As root; without root the tests that need
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

# configure DIRECTORY CMAKE-ARGUMENT...
configure() {
  local directory=$1
  shift
  cmake -S . -B "$directory" -G Ninja -DCMAKE_CXX_COMPILER_LAUNCHER=ccache "$@" >"$directory.log" 2>&1 ||
    { cat "$directory.log"; return 1; }
}

# build DIRECTORY [TARGET]...
build() {
  NINJA_STATUS='[%f/%t %es] ' ninja -C "$@"
}

build_release() {
  configure build/release -DCMAKE_BUILD_TYPE=RelWithDebInfo -DGATEHOUSE_TESTS=ON
  build build/release
}

build_sanitized() {
  configure build/asan -DCMAKE_BUILD_TYPE=Debug -DGATEHOUSE_SANITIZE=address,undefined
  build build/asan
}

# Fuzz targets only; the rest has been built twice already.
build_fuzzers() {
  local seconds=10 targets
  [ "$GATEHOUSE_LONG" = 0 ] || seconds=120
  configure build/fuzz -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_COMPILER=clang++ -DGATEHOUSE_FUZZ=ON \
    -DGATEHOUSE_SANITIZE=fuzzer-no-link,address,undefined -DGATEHOUSE_FUZZ_SECONDS=$seconds
  mapfile -t targets < <(ctest --test-dir build/fuzz --show-only -R '^fuzz_' | sed -n 's/.*: fuzz_//p')
  [ ${#targets[@]} -gt 0 ] || { echo "there are no fuzz targets" >&2; return 1; }
  build build/fuzz "${targets[@]}"
}

# A gatehoused that can leave layers of confinement out, to show that each of them stops something.
build_ablation() {
  configure build/ablation -DCMAKE_BUILD_TYPE=RelWithDebInfo -DGATEHOUSE_ABLATION=ON
  build build/ablation programs gatehouse-hostile
}

run_ctest() {
  ctest --test-dir build/release --output-on-failure --no-tests=error --progress
}

mkdir -p build
packages=("${kBuildPackages[@]}" "${kLabPackages[@]}" "${kTestPackages[@]}")
[ "$GATEHOUSE_LONG" = 0 ] || packages+=("${kBrowserPackages[@]}")
stage "packages" install_packages "${packages[@]}"
stage "release build (build/release)" build_release
stage "sanitizer build (build/asan)" build_sanitized
stage "fuzz targets (build/fuzz)" build_fuzzers
stage "ablation build (build/ablation)" build_ablation

printf '\n== checks and tests (%d s so far)\n' $((SECONDS - start))
code=0
run_ctest || code=$?
exit $code
