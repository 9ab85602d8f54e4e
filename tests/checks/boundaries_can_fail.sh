#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# check_boundaries.sh finds what it is there for: each fault is planted in a copy of the source, or
# in a binary, and must be reported.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fresh_copy() {
  rm -rf "$work/tree"
  mkdir "$work/tree"
  (cd "$top" && git ls-files -z -- '*.h' '*.cc' '*.proto' | tar --null -cf - -T -) | tar -C "$work/tree" -xf -
}

# must_find WHAT WORDS [BIN-DIRECTORY]
must_find() {
  local output
  if output=$(GATEHOUSE_TOP=$work/tree bash "$top/tests/check_boundaries.sh" "${@:3}" 2>&1); then
    printf 'FAILED: not noticed: %s\n' "$1" >&2
    exit 1
  fi
  grep -qF -- "$2" <<<"$output" || { printf 'FAILED: %s, reported as:\n%s\n' "$1" "$output" >&2; exit 1; }
  echo "noticed: $1"
  fresh_copy
}

fresh_copy
GATEHOUSE_TOP=$work/tree bash "$top/tests/check_boundaries.sh" >/dev/null

yes '// a line' | head -n 4500 >"$work/tree/privileged/more.cc" || true  # yes ends by SIGPIPE
must_find "a parent that is too long" "privileged/ has"
echo '#include <thread>' >>"$work/tree/privileged/floor.cc"
must_find "a thread in the parent" "privileged/floor.cc"
echo '#include "boost/asio.hpp"' >>"$work/tree/ipc/channel.cc"
must_find "Asio in ipc/" "ipc/channel.cc"
echo '#include <netdb.h>' >>"$work/tree/base/address.cc"
must_find "names in base/" "base/address.cc"
echo '#include "policy/engine.h"' >>"$work/tree/privileged/floor.cc"
must_find "a parent that decides by policy" "privileged/floor.cc"
echo '#include <fstream>' >>"$work/tree/policy/engine.cc"
must_find "an engine that reads files" "policy/engine.cc"
echo '#include "privileged/floor.h"' >>"$work/tree/worker/transport.cc"
must_find "a worker that includes the parent" "worker/transport.cc"
echo '#include <unistd.h>' >>"$work/tree/policy/lists/compile.cc"
must_find "a policy engine that reads files" "policy/lists/compile.cc"
echo 'int option = IP_TRANSPARENT;' >>"$work/tree/worker/transport.cc"
must_find "a transparent socket in the worker" "IP_TRANSPARENT is used outside"

mkdir "$work/bin"
echo 'int main() { return 0; }' >"$work/main.cc"
build() { g++ -o "$work/bin/gatehoused" "$work/main.cc" "$@" 2>/dev/null; }
build -no-pie
must_find "a binary at a fixed address" "gatehoused is not position-independent" "$work/bin"
build -pie -Wl,-z,lazy
must_find "lazy binding" "resolves symbols lazily" "$work/bin"
build -pie -Wl,-z,execstack
must_find "an executable stack" "has an executable stack" "$work/bin"
build -pie -Wl,-z,norelro
must_find "no RELRO" "has no RELRO" "$work/bin"
build -pie -Wl,-rpath,/tmp
must_find "a library search path" "has a library search path" "$work/bin"
build -pie -Wl,--no-as-needed -lresolv
must_find "a library too many" "libresolv.so.2" "$work/bin"
cp "$work/bin/gatehoused" "$work/bin/gatehouse-worker"
must_find "a worker that is not static" "gatehouse-worker is not static" "$work/bin"
echo 'int main() { return "ablation"[0]; } const char* kept = "GATEHOUSE_OMIT";' >"$work/main.cc"
build -pie
must_find "a test switch" "contains what only a test build may" "$work/bin"
