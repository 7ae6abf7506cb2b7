#!/usr/bin/python3
"""Fails each allocation of a command in turn, until the command meets none that fails.

  memory.py [--every N] [--first N] WHAT COMMAND...

SP_ALLOCATIONS is the library to preload (allocations.c). Each run ends by itself:
as the unharmed one did, when it could do without; or with another exit code and a
message that says so. A sanitizers' build loses nothing either way. Prints "FAIL ..."
for each one that does not, and at last "points COUNT ...".
"""
import argparse
import collections
import os
import re
import subprocess
import sys
import tempfile

SLOWEST = 60  # seconds
# In front of a sanitizer's runtime; what it finds is read from what it says.
SANITIZERS = {"ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=1",
              "LSAN_OPTIONS": "exitcode=0"}
LEAKED = "LeakSanitizer: detected memory leaks"
SAID = re.compile(r"no\s+memory|out\s+of\s+memory|[Cc]annot\s+allocate\s+memory")


def attempt(command, number, told):
    """(exit code, output, what it said, whether it met the point, how often it asked)"""
    if os.path.exists(told):
        os.unlink(told)
    # A locale that cannot be loaded for want of memory is the plain one, by glibc.
    environment = dict(os.environ, **SANITIZERS, LC_ALL="C", LD_PRELOAD=os.environ["SP_ALLOCATIONS"],
                       SP_FAIL_AT=str(number), SP_FAIL_TOLD=told)
    done = subprocess.run(command, capture_output=True, text=True, errors="replace",
                          timeout=SLOWEST, env=environment)
    try:
        with open(told) as file:
            lines = file.read().split("\n")
    except FileNotFoundError:
        lines = []
    asked = [int(line.split()[1]) for line in lines if line.startswith("asked ")]
    return done.returncode, done.stdout, done.stderr, "failed" in lines, max(asked, default=0)


def problem(unharmed, code, output, said):
    if code < 0 or "AddressSanitizer:DEADLYSIGNAL" in said or "ERROR: AddressSanitizer" in said:
        return f"ended by signal {-code}: {said[-400:]!r}"
    if LEAKED in said:
        return f"leaked: {said[said.index(LEAKED):][:1500]}"
    if code == unharmed[0]:
        # Durations and times of day are no difference.
        if re.sub(r"\d+", "0", output) != re.sub(r"\d+", "0", unharmed[1]):
            return f"exit {code}, and another answer"
        return None
    # 1 is verify's: a port that could not be asked, for want of memory.
    if code not in (1, 2, 3):
        return f"exit {code}"
    return None if SAID.search(said) or (code == 1 and SAID.search(output)) else f"exit {code}, and says only: {(said.strip() or output)[-400:]!r}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("what")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = f"{folder}/told"
        unharmed = attempt(options.command, 0, told)
        asked, number = unharmed[4], options.first
        points = failures = crashed = leaked = 0
        exits = collections.Counter()
        if not asked:
            print(f"FAIL {options.what}: it is not counted")
        while True:
            code, output, said, met, _ = attempt(options.command, number, told)
            if not met:
                break
            points += 1
            exits[code] += 1
            crashed += code < 0
            leaked += LEAKED in said
            if wrong := problem(unharmed, code, output, said):
                failures += 1
                print(f"FAIL {options.what}: allocation {number}: {wrong}", flush=True)
            number += options.every
    print(f"points {points} of {asked} allocations, {crashed} crashed, {leaked} leaked,"
          f" {failures} failed,"
          f" exits {dict(sorted(exits.items()))}")
    return failures > 0 or not points


if __name__ == "__main__":
    sys.exit(main())
