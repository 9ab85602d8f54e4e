#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each fuzz target of a build with GATEHOUSE_FUZZ runs its kept corpus and then new inputs for
# GATEHOUSE_FUZZ_SECONDS: fuzz.sh BUILD-DIRECTORY
set -euo pipefail

directory=${1:?usage: fuzz.sh BUILD-DIRECTORY}
if [ ! -f "$directory/build.ninja" ]; then
  printf '*** SKIPPED: there are no fuzz targets in %s (tests/run.sh makes them) ***\n' "$directory"
  exit 77
fi
ctest --test-dir "$directory" --tests-regex '^fuzz_' --output-on-failure --no-tests=error \
  --parallel "$(nproc)"
