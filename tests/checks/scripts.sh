#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Shell scripts pass shellcheck, Python helpers compile, and every source file has its licence line.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Variables of the sourced libraries are set and used across files; those rules see one file.
readonly kAcrossFiles=SC1090,SC1091,SC2034,SC2154
mapfile -d '' scripts < <(git ls-files -z -- '*.sh' .ci/run)
shellcheck --shell=bash --severity=warning --exclude=$kAcrossFiles "${scripts[@]}"

mapfile -d '' modules < <(git ls-files -z -- '*.py')
for module in "${modules[@]}"; do
  /usr/bin/python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$module"
done

missing=$(git ls-files -z -- '*.h' '*.cc' '*.sh' '*.py' '*.proto' '*CMakeLists.txt' |
  xargs -0 grep -L 'SPDX-License-Identifier: Apache-2.0' || [ $? -eq 1 ])
if [ -n "$missing" ]; then
  printf 'No line "SPDX-License-Identifier: Apache-2.0" in:\n%s\n' "$missing" >&2
  exit 1
fi
echo "${#scripts[@]} scripts and ${#modules[@]} Python modules are in order"
