#!/usr/bin/python3
"""A million prefixes: first load, no change, one change, everything read.

Beside `nft -f` of the same set and the bare kernel: a replay of the batch's bytes.
With SP_BENCH_FULL=1 nft adds one element and lists the set as well (minutes each).
"""

import os
import random
import subprocess
import tempfile

from bench import REPLAY, RUNS, Host, Report, column, isolated, measured, turns

COUNT = int(os.environ.get("SP_BENCH_PREFIXES", "1000000"))
FULL = os.environ.get("SP_BENCH_FULL") == "1"


def prefixes(family):
    """Disjoint, with a hole between any two, over the whole space."""
    rng = random.Random(family)
    if family == 4:
        step = 2**32 // COUNT
        for i in range(COUNT):
            length = rng.choice((30, 31, 32))
            first = (i * step & ~3) + rng.randrange(step // 8) * 4
            yield f"{first >> 24}.{first >> 16 & 255}.{first >> 8 & 255}.{first & 255}/{length}"
    else:
        for i in range(COUNT):
            yield f"2{i >> 16:03x}:{i & 65535:x}:{rng.randrange(65536):x}::/48"


def write_policy(directory, family):
    with open(f"{directory}/list{family}.txt", "w") as file:
        file.writelines(f"{prefix}\n" for prefix in prefixes(family))
    with open(f"{directory}/policy{family}.ini", "w") as file:
        file.write(
            "[policy]\nversion = 1\n\n"
            f"[addresses bad]\nfile = list{family}.txt\naction = block\n\n"
            "[service ssh]\ntls = none\nfrom = any\n"
        )
    with open(f"{directory}/set{family}.nft", "w") as file:
        kind = "ipv4_addr" if family == 4 else "ipv6_addr"
        file.write(f"table inet peer {{\n\tset bad {{\n\t\ttype {kind}; flags interval;\n\t\telements = {{\n")
        file.write(",\n".join(prefixes(family)))
        file.write(" }\n\t}\n}\n")


def edit(directory, family, number):
    """One prefix less, another one more."""
    path = f"{directory}/list{family}.txt"
    with open(path) as file:
        lines = file.readlines()
    gone = lines.pop(COUNT // 3 + number * 1000)
    lines.append("255.255.255.%d/32\n" % (254 - 2 * number) if family == 4 else f"3fff:{number:x}::/48\n")
    with open(path, "w") as file:
        file.writelines(lines)
    return gone


def batch_seconds(command):
    """How long the system calls take that commit, the tracer's part in them included."""
    with tempfile.NamedTemporaryFile("r") as trace:
        subprocess.run(["strace", "-T", "-e", "trace=sendto", "-o", trace.name, *command], check=True)
        return sum(float(line.rsplit("<", 1)[1].split(">")[0]) for line in trace if "NFNL_MSG_BATCH_BEGIN" in line)


def ours(directory, family, number):
    host = Host(directory)
    policy = f"{directory}/policy{family}.ini"
    apply = host.command("apply", "--quiet", "--no-verify", policy)
    result = {"first": measured(*apply), "again": measured(*apply)}
    edit(directory, family, 2 * number)
    result["one"] = measured(*apply)
    edit(directory, family, 2 * number + 1)
    result["batch"] = batch_seconds(apply)
    result["whole"] = measured(*host.command("status", "--verify", "--format", "json"))
    return result


def replay(directory, family):
    words = subprocess.run(
        [REPLAY, f"{directory}/policy{family}.ini"], check=True, capture_output=True, text=True
    ).stdout.split()
    return {"seconds": float(words[0]), "bytes": int(words[1]), "all": float(words[2])}


def nft(directory, family, number):
    result = {"first": measured("nft", "-f", f"{directory}/set{family}.nft")}
    if FULL and number == 0:
        more = "{ 255.255.255.254 }" if family == 4 else "{ 3fff::/48 }"
        result["one"] = measured("nft", "add", "element", "inet", "peer", "bad", more)
        result["whole"] = measured("nft", "list", "set", "inet", "peer", "bad")
    return result


def bench(directory, family, report):
    write_policy(directory, family)
    numbers = {"ours": iter(range(RUNS)), "nft": iter(range(RUNS))}
    results = turns(
        RUNS,
        ours=lambda: isolated(ours, directory, family, next(numbers["ours"])),
        replay=lambda: isolated(replay, directory, family),
        nft=lambda: isolated(nft, directory, family, next(numbers["nft"])),
    )
    what = f"{COUNT:,} IPv{family} prefixes"

    def side(step, key, name="ours"):
        return [run[step][key] for run in results[name] if step in run]

    report.row(
        f"{what}: from the policy file to committed and read back", "s",
        {"sallyport apply": side("first", "wall"), "replay of the batch": column(results["replay"], "seconds"),
         "nft -f": side("first", "wall", "nft")},
        "nft takes at least 5 times as long",
    )
    report.row(f"{what}: from the policy file to committed, nothing read back or kept", "s",
        {"read, compiled, committed": column(results["replay"], "all"),
         "replay of the batch": column(results["replay"], "seconds")}, "at most 1.15 times the replay")
    report.row(f"{what}: user space", "s",
        {"sallyport apply": side("first", "user"), "nft -f": side("first", "user", "nft")}, "at most 0.4 s")
    report.row(f"{what}: peak of memory", "MB",
        {"sallyport apply": [kib / 1024 for kib in side("first", "peak")],
         "nft -f": [kib / 1024 for kib in side("first", "peak", "nft")]}, "at most 100 MB")
    report.row(f"{what}: applied again, unchanged", "s", {"sallyport apply": side("again", "wall")})
    changed = {"sallyport apply": side("one", "wall")}
    if side("one", "wall", "nft"):
        changed["nft add element"] = side("one", "wall", "nft")
    report.row(f"{what}: one added, one removed", "s", changed, "at most 0.4 s; nft 200 times as long")
    report.row(f"{what}: of that in the kernel, committing", "ms",
        {"sallyport apply": [1000 * seconds for seconds in column(results["ours"], "batch")]}, "at most 20 ms")
    whole = {"sallyport status --verify": side("whole", "wall")}
    if side("whole", "wall", "nft"):
        whole["nft list set"] = side("whole", "wall", "nft")
    report.row(f"{what}: every element read and compared", "s", whole, "at most 2 s")


def main():
    report = Report("million")
    with tempfile.TemporaryDirectory(prefix="sallyport-bench.") as directory:
        for family in (4, 6):
            bench(directory, family, report)
    report.keep()


main()
