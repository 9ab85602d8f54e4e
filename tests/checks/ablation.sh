#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The hostile suite against a build that leaves layers of confinement out: with all of them left out
# an attempt succeeds, with any one of its layers left it fails. ablation.sh BUILD-DIRECTORY
set -euo pipefail

directory=${1:?usage: ablation.sh BUILD-DIRECTORY}
if [ ! -f "$directory/build.ninja" ]; then
  printf '*** SKIPPED: there is no ablation build in %s (tests/run.sh makes it) ***\n' "$directory"
  exit 77
fi
output=$(ctest --test-dir "$directory" --label-regex '^hostile$' --output-on-failure --no-tests=error --verbose) || {
  printf '%s\n' "$output"
  exit 1
}
printf '%s\n' "$output"
# A suite that could not run here says so; that is a skip here as well.
if grep -q '\*\*\*Skipped' <<<"$output"; then exit 77; fi
