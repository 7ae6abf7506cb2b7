#!/usr/bin/python3
"""What a checker finds in src, held against what is known.

  findings.py database BUILD DIRECTORY       writes compile_commands.json for checkers
  findings.py commands DIRECTORY             how gcc's analyzer is run, a line for each file
  findings.py judge TOOL KNOWN < OUTPUT      prints what is new, and what is known and gone

KNOWN has a line for each false alarm: TOOL PATH CHECK COUNT REASON…
"""
import collections
import json
import os
import re
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
# How a build optimises and instruments is no part of the question, so that every
# build gives the same answer; nor does clang know all that gcc does.
BUILDS_OWN = re.compile(
    r"-(O.|g|Werror|DNDEBUG|D_FORTIFY_SOURCE=.|f(no-)?sanitize.*|fno-omit-frame-pointer"
    r"|fstack.*|fcf-protection.*|ftrivial-auto-var-init.*|fPI[CE]|-coverage|fprofile.*)")
FINDING = re.compile(r"^(\S+?):(\d+):(\d+): (?:warning|error): (.*?)\s*\[([^][]+)\]$")


def database(build, directory):
    with open(f"{build}/compile_commands.json") as file:
        entries = json.load(file)
    kept = []
    for entry in entries:
        if not entry["file"].startswith(ROOT + "/src/"):
            continue
        # Not shlex: cppcheck (2.10) understands the quotes as CMake writes them, only.
        words = [word for word in entry["command"].split() if not BUILDS_OWN.fullmatch(word)]
        at = words.index("-o")
        del words[at : at + 2]
        kept.append({"directory": entry["directory"], "file": entry["file"],
                     "command": " ".join(words[:1] + ["-O2"] + words[1:])})
    with open(f"{directory}/compile_commands.json", "w") as file:
        json.dump(kept, file)
    for entry in kept:
        print(entry["file"])


def commands(directory):
    with open(f"{directory}/compile_commands.json") as file:
        for entry in json.load(file):
            arguments = entry["command"].split(maxsplit=1)[1]
            # gcc 12 takes what is stored into one of our arrays (array.h) for lost.
            # Leaks are looked for by clang-analyzer, LeakSanitizer and valgrind.
            print("gcc", arguments, "-fanalyzer -Wno-analyzer-malloc-leak -o /dev/null")


def shown(path):
    """Headers are reached through links in the build directory."""
    return re.sub(r"^.*/include/\w+/sallyport/", "include/sallyport/", path).removeprefix(ROOT + "/")


def judge(tool, known_file):
    seen, known = {}, {}
    for line in sys.stdin:
        if match := FINDING.match(re.sub("\x1b\\[[0-9;]*[mK]", "", line.rstrip())):
            path, row, column, text, check = match.groups()
            check = re.sub(r"^.*-Wanalyzer", "analyzer", check).split(",")[0]
            # gcc tells of one place once for each way that leads there.
            seen[shown(path), int(row), check] = text
    with open(known_file) as file:
        for line in file:
            if line.startswith(tool + " "):
                _, path, check, count, reason = line.split(maxsplit=4)
                known[path, check] = int(count)
                assert reason.strip(), line
    counts = collections.Counter((path, check) for path, _, check in seen)
    for (path, row, check), text in sorted(seen.items()):
        if counts[path, check] > known.get((path, check), 0):
            print(f"{path}:{row}: {text} [{check}]")
    for (path, check), count in sorted(known.items()):
        if counts[path, check] < count:
            print(f"known, and gone: {path} {check}: {counts[path, check]} of {count}")


if __name__ == "__main__":
    {"database": database, "commands": commands, "judge": judge}[sys.argv[1]](*sys.argv[2:])
