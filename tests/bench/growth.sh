#!/bin/bash
# How instructions grow with the size of a policy, stage by stage, counted by callgrind:
# ten times as much of it may cost ten times as much, and what sorting adds. Counts do
# not depend on how busy the machine is, so that this is a test.
. "$(dirname "$0")/../lib/sallyport.sh"
build=${SP_RELEASE:-${SP_BUILD:-$SP_ROOT/build/release}}
SALLYPORT=$build/src/cli/sallyport
! nm --undefined-only "$SALLYPORT" 2>/dev/null | grep -q __asan_init ||
	skip "valgrind cannot run a sanitizer's build: tests/run --release, or --long"
need_sallyport
need_command valgrind
need_command /usr/bin/python3
cd "$TEST_TMP" || abort "no $TEST_TMP"

/usr/bin/python3 - "$SALLYPORT" <<'END' >figures || abort "no figures"
import math, random, re, subprocess, sys

sallyport = sys.argv[1]
# What each stage is called by, and the function that is all of it.
STAGES = {
    "parse": (["compile", "--format", "netlink"], "sp_policy_read"),
    "compile": (["compile", "--format", "netlink"], "sp_ruleset_compile"),
    "encode": (["compile", "--format", "netlink"], "sp_batch_make"),
    "diff": (["diff"], "sp_difference_make"),
}
MARGIN = 1.25

def prefixes(path, count, seed):
    """A list in no order, of both families."""
    rng = random.Random(seed)
    lines = []
    for i in range(count):
        if i % 4:
            first = (i * (2**32 // count) & ~255) | rng.randrange(4) << 6
            lines.append(f"{first >> 24}.{first >> 16 & 255}.{first >> 8 & 255}.{first & 255}/27\n")
        else:
            lines.append(f"2001:db8:{i >> 16:x}:{i & 65535:x}::/64\n")
    rng.shuffle(lines)
    with open(path + ".txt", "w") as file:
        file.writelines(lines)
    with open(path, "w") as file:
        file.write(f"[policy]\nversion = 1\n[addresses bad]\nfile = {path}.txt\naction = block\n[service ssh]\n")

def services(path, count, seed):
    rng = random.Random(seed)
    with open(path, "w") as file:
        file.write("[policy]\nversion = 1\n")
        for i in range(count):
            a, b = rng.randrange(256), rng.randrange(256)
            file.write(f"[service s{i}]\nport = {1024 + i}\ntls = none\nfrom = 10.{a}.{b}.0/24, fd00:{a:x}:{b:x}::/48\n")

def counted(command, functions):
    """Instructions within each function, its callees included."""
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=out", sallyport, *command],
        capture_output=True, text=True,
    )
    if done.returncode not in (0, 1) or "Collected" not in done.stderr:
        sys.exit(done.stderr)
    listing = subprocess.run(
        ["callgrind_annotate", "--inclusive=yes", "--threshold=100", "out"], capture_output=True, text=True
    ).stdout
    costs = {}
    for function in functions:
        found = re.search(rf"^\s*([\d,]+) .*?[:?]{function}(?:'\d+)? ", listing, re.M)
        if not found:
            sys.exit(f"{function} is not in callgrind's listing")
        costs[function] = int(found[1].replace(",", ""))
    return costs

for what, make, sizes in (
    ("prefixes", prefixes, (1000, 10000, 100000)),
    ("services", services, (100, 1000, 10000)),
):
    costs = {stage: [] for stage in STAGES}
    for size in sizes:
        make("old.ini", size, 1)
        make("new.ini", size, 2)
        once = counted(["compile", "--format", "netlink", "old.ini"], [STAGES[s][1] for s in ("parse", "compile", "encode")])
        for stage in ("parse", "compile", "encode"):
            costs[stage].append(once[STAGES[stage][1]])
        costs["diff"].append(counted(["diff", "old.ini", "new.ini"], [STAGES["diff"][1]])[STAGES["diff"][1]])
    for stage, series in costs.items():
        for i in (1, 2):
            ratio = series[i] / series[i - 1]
            allowed = MARGIN * 10 * math.log(sizes[i]) / math.log(sizes[i - 1])
            print("fine" if ratio <= allowed else "over", f"{stage}_of_{sizes[i]}_{what}:", f"{series[i]}_instructions,", f"{ratio:.1f}_times_those_of_a_tenth,", f"at_most_{allowed:.1f}")
END
while read -r verdict words; do
	check "${words//_/ }" test "$verdict" = fine
done <figures
finish
