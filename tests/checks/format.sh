#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every .h and .cc stands as clang-format 14 would write it. Mend: tests/checks/format.sh --fix
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

mapfile -d '' files < <(git ls-files -z -- '*.h' '*.cc')
[ ${#files[@]} -gt 0 ] || { echo "no .h or .cc file is in git" >&2; exit 1; }
if [ "${1:-}" = --fix ]; then
  clang-format -i "${files[@]}"
else
  clang-format --dry-run --Werror "${files[@]}"
  echo "${#files[@]} files are formatted"
fi
