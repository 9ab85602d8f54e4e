#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The unit tests once more, built with AddressSanitizer and UndefinedBehaviorSanitizer:
# sanitizers.sh BUILD-DIRECTORY
set -euo pipefail

directory=${1:?usage: sanitizers.sh BUILD-DIRECTORY}
if [ ! -f "$directory/build.ninja" ]; then
  printf '*** SKIPPED: there is no sanitizer build in %s (tests/run.sh makes it) ***\n' "$directory"
  exit 77
fi
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1
ctest --test-dir "$directory" --output-on-failure --no-tests=error --parallel "$(nproc)"
