#!/usr/bin/python3
"""Fails each allocation of a command in turn, until the command meets none that fails.

  memory.py [--every N] [--first N] [--prober PATH [--forks N]] WHAT COMMAND...

SP_ALLOCATIONS is the library to preload (allocations.c): to the command, or to the
prober that it starts, where those of its children are meant with --forks 1. Each run ends by itself:
as the unharmed one did, when it could do without; or with another exit code and a
message that says so. A sanitizers' build loses nothing either way. Prints "FAIL ..."
for each one that does not, and at last "points COUNT ...".
"""
import argparse
import collections
import os
import re
import shlex
import struct
import subprocess
import sys
import tempfile

SLOWEST = 60  # seconds
# In front of a sanitizer's runtime; what it finds is read from what it says.
SANITIZERS = {"ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=1",
              "LSAN_OPTIONS": "exitcode=0"}
LEAKED = "LeakSanitizer: detected memory leaks"
SAID = re.compile(r"no\s+memory|out\s+of\s+memory|[Cc]annot\s+allocate\s+memory")


def told_of(path):
    """(whether it was failed, how often it asked)"""
    try:
        with open(path, "rb") as file:
            failed, asked = struct.unpack("LL", file.read())
    except (FileNotFoundError, struct.error):
        return False, 0
    return failed > 0, asked


def starving(number, told, forks=0):
    """What the library in front of an allocator is told, and where its counts are."""
    if os.path.exists(told):
        os.unlink(told)
    # A locale that cannot be loaded for want of memory is the plain one, by glibc.
    return dict(SANITIZERS, LC_ALL="C", LD_PRELOAD=os.environ["SP_ALLOCATIONS"],
                SP_FAIL_AT=str(number), SP_FAIL_TOLD=told, SP_FAIL_FORKS=str(forks))


def prober_that(prober, starves, path):
    """A program that starts the prober so: it hands on nothing of its own environment."""
    words = [f"{name}={value}" for name, value in dict(starves, TZ="UTC0").items()]
    with open(path, "w") as file:
        file.write(f"#!/bin/sh\nexec env -i {shlex.join([*words, prober])}\n")
    os.chmod(path, 0o700)
    return {"SALLYPORT_PROBER": path}


def attempt(options, number, folder):
    """(exit code, output, what it said, whether it met the point, how often it asked)"""
    told = f"{folder}/told"
    changed = starving(number, told, options.forks)
    if options.prober:
        # Its children end by _exit, sealed, and it by SIGKILL: what they hold is not lost.
        changed["ASAN_OPTIONS"] = "verify_asan_link_order=0:detect_leaks=0"
        changed = prober_that(options.prober, changed, f"{folder}/prober")
    done = subprocess.run(options.command, capture_output=True, text=True, errors="replace",
                          timeout=SLOWEST, env=dict(os.environ, **changed))
    return done.returncode, done.stdout, done.stderr, *told_of(told)


def problem(unharmed, code, output, said):
    if code < 0 or "AddressSanitizer:DEADLYSIGNAL" in said or "ERROR: AddressSanitizer" in said:
        return f"ended by signal {-code}: {said[-400:]!r}"
    if "runtime error:" in said:
        return f"undefined: {said[-400:]!r}"
    if LEAKED in said:
        return f"leaked: {said[said.index(LEAKED):][:1500]}"
    # Durations and times of day are no difference.
    if code == unharmed[0] and re.sub(r"\d+", "0", output) == re.sub(r"\d+", "0", unharmed[1]):
        return None
    if code == 0:
        return f"exit {code}, and another answer"
    # 1 is verify's: a port that could not be asked, for want of memory.
    if code not in (1, 2, 3):
        return f"exit {code}"
    if SAID.search(said) or (code == 1 and SAID.search(output)):
        return None
    # What a server was found to be before memory ran out stands: the same verdict, for
    # the same reason, with less behind it.
    if code == unharmed[0] and output.split("\n\n")[0] == unharmed[1].split("\n\n")[0]:
        return None
    return f"exit {code}, and says only: {(said.strip() or output)[-600:]!r}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--forks", type=int, default=0)
    parser.add_argument("--prober")
    parser.add_argument("--exit", type=int, default=None)
    parser.add_argument("what")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        unharmed = attempt(options, 0, folder)
        asked, number = unharmed[4], options.first
        points = failures = crashed = leaked = 0
        exits = collections.Counter()
        if not asked:
            failures += 1
            print(f"FAIL {options.what}: it is not counted")
        if options.exit not in (None, unharmed[0]):
            failures += 1
            print(f"FAIL {options.what}: unharmed, exit {unharmed[0]}: {unharmed[1:3]}")
        while True:
            code, output, said, met, _ = attempt(options, number, folder)
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
