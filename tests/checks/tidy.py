#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy over our .cc files: tidy.py BUILD-DIRECTORY [FILE...]

Tests and bench/ are analysed with GATEHOUSE_LONG=1 only. A file that passed is not analysed again
until it, a header of ours that it includes, its compile command or .clang-tidy changes
(BUILD-DIRECTORY/tidy has a mark for each).
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
# GCC options of our build that clang 14 does not know or wants confirmed.
CLANG_WANTS = ["-enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang",
               "-Wno-unknown-warning-option", "-Wno-ignored-optimization-argument"]


def ours(path):
    return path.is_relative_to(TOP) and not path.is_relative_to(TOP / "build")


def wanted(path):
    long = os.environ.get("GATEHOUSE_LONG", "0") != "0"
    return long or path.relative_to(TOP).parts[0] not in ("tests", "bench")


def dependencies(build):
    """Object file -> the sources of ours that went into it, as ninja knows them."""
    text = subprocess.run(["ninja", "-C", build, "-t", "deps"], check=True, capture_output=True, text=True).stdout
    result, current = {}, None
    for line in text.splitlines():
        if not line.startswith(" "):
            current = result.setdefault(line.split(":")[0], set()) if line else None
        elif current is not None:
            path = pathlib.Path(os.path.normpath(build / line.strip()))
            if ours(path):
                current.add(path)
    return result


def fingerprint(entry, headers):
    digest = hashlib.sha256((TOP / ".clang-tidy").read_bytes() + entry["command"].encode())
    for path in sorted({pathlib.Path(entry["file"]), *headers}):
        digest.update(str(path).encode() + path.read_bytes())
    return digest.hexdigest()


def tidy(build, file):
    extra = [f"--extra-arg-before={argument}" for argument in CLANG_WANTS]
    start = time.monotonic()
    run = subprocess.run(["clang-tidy", "--quiet", "-p", str(build), *extra, str(file)],
                         capture_output=True, text=True)
    output = run.stdout + (run.stderr + f"exit code {run.returncode}\n" if run.returncode else "")
    return run.returncode == 0, output, time.monotonic() - start


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    chosen = {pathlib.Path(name).resolve() for name in sys.argv[2:]}
    marks = build / "tidy"
    marks.mkdir(exist_ok=True)
    known = dependencies(build)
    work, seen, skipped = {}, set(), 0
    for entry in json.loads((build / "compile_commands.json").read_text()):
        file = pathlib.Path(entry["file"])
        if not ours(file) or file.is_relative_to(build) or file in seen:
            continue
        if file not in chosen if chosen else not wanted(file):
            continue
        seen.add(file)
        mark = marks / fingerprint(entry, known.get(entry.get("output"), set()))
        if mark.exists():
            skipped += 1
        else:
            work[file] = mark
    if not seen:
        sys.exit(f"no file of ours is in {build}/compile_commands.json")

    failed = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        futures = {pool.submit(tidy, build, file): file for file in work}
        for future in concurrent.futures.as_completed(futures):
            file = futures[future]
            passed, output, seconds = future.result()
            print(f"{'ok' if passed else 'FAILED'} {seconds:5.1f} s {file.relative_to(TOP)}", flush=True)
            if passed:
                work[file].touch()
            else:
                print(output, flush=True)
                failed.append(file)
    print(f"{len(seen)} files: {skipped} unchanged, {len(work) - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
