"""What the benches in this folder share: isolated runs, figures, ratios, a file.

A run happens in a network namespace of its own, whole processes are timed by
`measure`, sides take turns, and every figure is kept: minimum, median and maximum
are printed, ratios are of medians. Nothing is asserted: machines are shared.
"""

import ctypes
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import traceback

CLONE_NEWNET = 0x40000000
BUILD = os.environ.get("SP_RELEASE") or os.environ["SP_BUILD"]
SALLYPORT = f"{BUILD}/src/cli/sallyport"
MEASURE = f"{BUILD}/tests/bench/measure"
REPLAY = f"{BUILD}/tests/bench/replay"
RUNS = int(os.environ.get("SP_BENCH_RUNS", "5"))
FIGURES = os.environ.get("SP_FIGURES")


def isolated(function, *arguments):
    """What the function returns, from a process with a network of its own."""
    out, into = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(out)
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.unshare(CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "unshare")
            with os.fdopen(into, "w") as stream:
                json.dump(function(*arguments), stream)
            code = 0
        except BaseException:  # noqa: the parent has to learn of everything
            traceback.print_exc()
        for host in Host.made:
            host.run.cleanup()
        os._exit(code)
    os.close(into)
    with os.fdopen(out) as stream:
        text = stream.read()
    if os.waitpid(child, 0)[1] != 0:
        sys.exit("bench: a run failed")
    return json.loads(text)


def measured(*command):
    """Seconds of wall, user and system time, and KiB at the peak."""
    done = subprocess.run([MEASURE, *command], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    wall, peak, user, system = done.stdout.split()
    return {"wall": float(wall), "user": float(user), "system": float(system), "peak": int(peak)}


class Host:
    """A state directory on the disk and a run directory in memory, as /run is."""

    made = []

    def __init__(self, directory):
        Host.made.append(self)
        self.state = tempfile.mkdtemp(dir=directory)
        self.run = tempfile.TemporaryDirectory(prefix="sallyport-bench.", dir="/dev/shm")

    def command(self, name, *rest):
        return (SALLYPORT, name, "--state", self.state, "--run", self.run.name, *rest)


def version(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True)
        return (done.stdout + done.stderr).strip().splitlines()[0]
    except (OSError, IndexError):
        return None


def machine():
    processor = next(
        (line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
        "unknown",
    )
    return {
        "processor": processor,
        "processors": os.cpu_count(),
        "kernel": platform.release(),
        "sallyport": version(SALLYPORT, "--version"),
        "nft": version("nft", "--version"),
    }


class Report:
    """The figures of one bench; printed as they come, kept at the end."""

    def __init__(self, name):
        self.name = name
        self.rows = []

    def row(self, title, unit, sides, aim=None, note=None):
        """`sides`: name to list of figures; ratios are against the first."""
        print(f"\n{title}" + (f" (aim: {aim})" if aim else ""))
        first = None
        for side, values in sides.items():
            middle = statistics.median(values)
            ratio = ""
            if first is None:
                first = middle
            elif first:
                ratio = f"  {middle / first:8.2f} x"
            print(
                f"  {side:34} {min(values):10.3f} {middle:10.3f} {max(values):10.3f} {unit:3}"
                f" of {len(values)}{ratio}"
            )
        if note:
            print(f"  {note}")
        self.rows.append({"title": title, "unit": unit, "sides": sides, "aim": aim, "note": note})

    def keep(self):
        if FIGURES:
            with open(f"{FIGURES}/{self.name}.json", "w") as file:
                json.dump({"bench": self.name, "machine": machine(), "rows": self.rows}, file, indent=1)


def turns(times, **sides):
    """Each side once, then each again: what drifts drifts for all."""
    results = {name: [] for name in sides}
    for _ in range(times):
        for name, function in sides.items():
            results[name].append(function())
    return results


def column(results, key):
    return [result[key] for result in results]
