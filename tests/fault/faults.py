#!/usr/bin/python3
"""Kills a command at each of its system calls in turn, or makes them fail; or each of
its allocations.

  faults.py kill|errors|memory SCENARIO [--every N] [--first N] [--errors NAME,...]

In a network namespace of its own; SALLYPORT is the binary and WORK a scratch
directory with old.ini and new.ini. strace counts the calls of the command's first
process; its N-th is where SIGKILL comes, or an error instead of the call. After
each point the kernel must hold the old ruleset or the new one, with the leases
that belong to it; then a next run must do what it is for. (For "memory" the count is
that of allocations.c, whose library SP_ALLOCATIONS names; a sanitizers' build says
what was lost.) Prints "FAIL ..." for each point that is not so, and at last "points
COUNT ...": how many left something torn, opened a port that nothing proved, or leaked.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from memory import LEAKED, SAID, starving, told_of  # noqa: E402

SALLYPORT, WORK = os.environ["SALLYPORT"], os.environ["WORK"]
STATE, RUN = f"{WORK}/state", f"{WORK}/run"
ERRORS = ("ENOMEM", "EINTR", "EIO", "ENOSPC", "ENOBUFS", "EPERM")
# LeakSanitizer cannot work under ptrace.
ENVIRONMENT = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
SLOWEST = 60  # seconds; a command that takes longer hangs


def run(*command, must=True):
    done = subprocess.run(command, capture_output=True, text=True, timeout=SLOWEST, env=ENVIRONMENT)
    if must and done.returncode:
        sys.exit(f"FAIL {' '.join(command)}: exit {done.returncode}: {done.stderr}")
    return done


def command_line(command, state=STATE):
    return [SALLYPORT, command[0], "--state", state, "--run", RUN, *command[1:]]


def sallyport(*command, state=STATE, must=True):
    return run(*command_line(command, state), must=must)


def reached(objects, rules):
    """The objects that packets meet: base chains, and what those refer to. New sets
    and chains go ahead of the batch that refers to them (delta.h), and until it
    comes the old ruleset stands."""
    named = {thing["name"]: json.dumps([thing, elements, rules.get(thing["name"], [])])
             for _, thing, elements in objects if "name" in thing}
    met = [thing["name"] for kind, thing, _ in objects
           if kind == "chain" and "hook" in thing or thing.get("name") == "about"]
    for name in met:
        met += [other for other in named
                if other not in met and re.search(f'"@?{re.escape(other)}"', named[name])]
    return set(met)


def kernel():
    """What the table holds that packets meet, without counts, handles and the order
    that its history gave it; and the ports with leases."""
    listing = run("nft", "-j", "list", "table", "inet", "sallyport", must=False).stdout
    objects, rules, leases = [], {}, set()
    for item in json.loads(listing or '{"nftables": []}')["nftables"]:
        kind, thing = next(iter(item.items()))
        for key in ("handle", "packets", "bytes"):
            thing.pop(key, None)
        elements = thing.pop("elem", [])
        if kind == "rule":
            rules.setdefault(thing["chain"], []).append(thing["expr"])
        elif thing.get("name") == "verified":
            leases.update(" ".join(map(str, e["elem"]["val"]["concat"])) for e in elements)
        elif thing.get("name") != "grace" and kind != "metainfo":
            objects.append([kind, thing, sorted(json.dumps(e) for e in elements)])
    objects.sort(key=json.dumps)
    whole = json.dumps([objects, rules], sort_keys=True)
    met = reached(objects, rules)
    objects = [o for o in objects if o[1].get("name", "") in met or o[0] == "table"]
    rules = {chain: expressions for chain, expressions in rules.items() if chain in met}
    held = Held((json.dumps([objects, rules], sort_keys=True), frozenset(leases)))
    held.whole = whole
    return held


class Held(tuple):
    """Equal where packets and leases find the same; `whole` has the rest too."""


def stands(fate):
    held = kernel()
    return held == fate and held.whole == fate.whole


def hold(policy, leases=()):
    """Puts a policy into the kernel, leaving the state directory alone."""
    sallyport("apply", "--no-verify", f"{WORK}/{policy}.ini", state=f"{WORK}/elsewhere")
    run("nft", "flush", "set", "inet", "sallyport", "verified")
    for port in leases:
        run("nft", "add", "element", "inet", "sallyport", "verified",
            f"{{ tcp . {port} timeout 1h }}")


def nothing():
    run("nft", "delete", "table", "inet", "sallyport", must=False)


def shape_of(policy, leases=()):
    hold(policy, leases)
    return kernel()


class Scenario:
    """`command` is what is killed. `template` is the state that it finds, made
    once by `make`; `set_up` puts the kernel into the state before; `fates` are
    what may stand afterwards, the last one being that of a command that ended
    well; `after` is the next run and `final` what stands then."""

    after = None
    forks = 0  # between the command and the process whose allocations fail

    def __init__(self):
        self.template = f"{WORK}/template"
        shutil.rmtree(STATE, ignore_errors=True)
        nothing()
        self.make()
        shutil.rmtree(self.template, ignore_errors=True)
        shutil.copytree(STATE, self.template)
        self.fates = self.reckon()

    def begin(self):
        shutil.rmtree(STATE, ignore_errors=True)
        shutil.copytree(self.template, STATE)
        self.set_up()

    def starve(self, environment):
        """Runs it with an allocation that fails. (problems, exit code)"""
        done = subprocess.run(command_line(self.command), capture_output=True, text=True,
                              timeout=SLOWEST, env=environment)
        problems = found_by_sanitizers(done.stderr)
        if done.returncode < 0:
            problems.append(f"ended by a signal: {done.returncode}")
        elif done.returncode == 0 and kernel() != self.fates[-1]:
            problems.append("exit 0, and it is not done")
        elif done.returncode and not SAID.search(done.stderr):
            problems.append(
                f"exit {done.returncode}, and says only: {done.stderr.strip()[-200:]!r}")
        return problems, done.returncode

    def converges(self):
        sallyport(*(self.after or self.command))
        return stands(self.fates[-1])


def found_by_sanitizers(said):
    if "ERROR: AddressSanitizer" in said or "runtime error:" in said:
        return [f"ended by a sanitizer: {said[-1500:]}"]
    return [f"leaked: {said[said.index(LEAKED):][:1500]}"] if LEAKED in said else []


def guardians():
    """Processes called sallyport in this namespace: nothing else of ours runs."""
    mine, found = os.readlink("/proc/self/ns/net"), []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm") as file:
                ours = file.read().strip() == "sallyport"
            if ours and os.readlink(f"/proc/{pid}/ns/net") == mine:
                found.append(int(pid))
        except OSError:
            pass
    return found


class Apply(Scenario):
    command = ("apply", "--no-verify", f"{WORK}/new.ini")

    def make(self):
        sallyport("apply", "--no-verify", f"{WORK}/old.ini")

    def set_up(self):
        hold("old", (443, 8443))

    def reckon(self):
        # The new policy has no gate on 8443.
        return [shape_of("old", (443, 8443)), shape_of("new", (443,))]


class ApplyVerified(Apply):
    """Port 443 is proven by a server that the caller started."""

    command = ("apply", f"{WORK}/new.ini")


class Rollback(Scenario):
    command = ("rollback",)
    # A second rollback would go forward again: the snapshot in force is loaded.
    after = ("apply", "--boot")

    def make(self):
        sallyport("apply", "--no-verify", f"{WORK}/old.ini")
        sallyport("apply", "--no-verify", f"{WORK}/new.ini")

    def set_up(self):
        hold("new", (443,))

    def reckon(self):
        return [shape_of("new", (443,)), shape_of("old", (443,))]

    def converges(self):
        sallyport(*self.after)
        with open(f"{STATE}/active/policy.ini") as file:
            active = file.read()
        with open(f"{self.template}/active/policy.ini") as file:
            undone = file.read() != active
        return stands(self.fates[undone])


class Undo(Scenario):
    """Rollback of an apply that nobody confirmed."""

    command = ("rollback",)
    after = ("apply", "--boot")

    def make(self):
        sallyport("apply", "--no-verify", f"{WORK}/old.ini")
        sallyport("apply", "--no-verify", "--confirm", "1h", f"{WORK}/new.ini")
        # The guardian's work is done here.
        for pid in guardians():
            os.kill(pid, 9)

    def set_up(self):
        hold("new", (443,))

    def reckon(self):
        return [shape_of("new", (443,)), shape_of("old", (443,))]

    def converges(self):
        # Until it is undone it is pending, and can be undone.
        if os.path.exists(f"{STATE}/pending/deadline"):
            sallyport("rollback")
        sallyport(*self.after)
        return stands(self.fates[-1]) and not os.path.exists(f"{STATE}/pending/deadline")


class Guardian(Scenario):
    """Nobody confirms: the process that the apply left behind undoes it, by itself."""

    command = ("apply", "--no-verify", "--confirm", "1s", f"{WORK}/new.ini")
    after = ("apply", "--boot")
    forks = 2

    def make(self):
        sallyport("apply", "--no-verify", f"{WORK}/old.ini")

    def set_up(self):
        hold("old", (443,))

    def reckon(self):
        return [shape_of("new", (443,)), shape_of("old", (443,))]

    def starve(self, environment):
        done = subprocess.run(command_line(self.command), capture_output=True, text=True,
                              timeout=SLOWEST, env=environment)
        end = time.monotonic() + 20
        while (left := guardians()) and time.monotonic() < end:
            time.sleep(0.02)
        for pid in left:
            os.kill(pid, 9)
        undone = stands(self.fates[-1]) and not os.path.exists(f"{STATE}/pending/deadline")
        return [] if undone else ["torn: it is not undone"], done.returncode


class Confirm(Undo):
    command = ("confirm",)

    def reckon(self):
        return [shape_of("new", (443,))]

    def converges(self):
        sallyport("confirm", must=False)
        sallyport(*self.after)
        return stands(self.fates[-1])


class Boot(Scenario):
    command = ("apply", "--boot")

    def make(self):
        sallyport("apply", "--no-verify", f"{WORK}/old.ini")
        sallyport("apply", "--no-verify", f"{WORK}/new.ini")

    def set_up(self):
        nothing()

    def reckon(self):
        nothing()
        fates = [kernel()]
        hold("new")
        # The floor, as lockdown puts it; it is tried out elsewhere.
        shutil.copytree(STATE, f"{WORK}/floor", dirs_exist_ok=True)
        sallyport("lockdown", state=f"{WORK}/floor")
        # The previous one, loudly, when the active one cannot be loaded.
        return fates + [kernel(), shape_of("old"), shape_of("new")]


class Reboot(Boot):
    """The unit is restarted: the table and its leases stand."""

    def set_up(self):
        hold("new", (443,))

    def reckon(self):
        return [shape_of("new", (443,))]


class Lockdown(Boot):
    command = ("lockdown",)

    def set_up(self):
        hold("new", (443,))

    def reckon(self):
        floor = super().reckon()[1]
        return [shape_of("new", (443,)), floor]


class Watch(Scenario):
    """The enforcer, from its start to its second renewal. Port 443 is proven by
    a server that the caller started, with leases of two seconds; what listens on
    8443 never proves itself."""

    command = ("watch", "--timeout", "2", "--port-timeout", "4")
    lease = re.compile("^(opened|renewed): https")

    def make(self):
        sallyport("apply", "--no-verify", f"{WORK}/watch.ini")

    def set_up(self):
        run("nft", "flush", "set", "inet", "sallyport", "verified")

    def reckon(self):
        return [shape_of("watch"), shape_of("watch", (443,))]

    def follow(self, process, lines, seconds):
        """Reads its log until so many leases were given, it ended, or time is up."""
        end = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < end:
            if sum(bool(self.lease.match(line)) for line in self.said()) >= lines:
                return
            time.sleep(0.02)

    def said(self):
        with open(f"{WORK}/watch.log") as file:
            return file.read().splitlines()

    def start(self, *prefix, environment=ENVIRONMENT):
        with open(f"{WORK}/watch.log", "w") as log:
            return subprocess.Popen(
                [*prefix, *command_line(self.command)], stdout=log, stderr=log, env=environment
            )

    def starve(self, environment):
        """Its start, until it opened the port, and its end. It may end before, and say
        why: whoever started it starts it again."""
        process = self.start(environment=environment)
        self.follow(process, 1, 20)
        ended = process.poll()
        if ended is None:
            process.terminate()
        code, said = process.wait(SLOWEST), "\n".join(self.said())
        problems = found_by_sanitizers(said)
        if code < 0:
            problems.append(f"ended by a signal: {code} {said[-300:]!r}")
        elif (code or ended is not None) and not SAID.search(said):
            problems.append(f"exit {code}, and says only: {said[-300:]!r}")
        elif ended is None and not re.search(self.lease.pattern, said, re.MULTILINE):
            problems.append(f"it goes on, and does not open its port: {said[-300:]!r}")
        return problems, code

    def trace(self, injection, lines=3, seconds=20):
        """Ends it, if nothing else did, and gives what it said."""
        process = self.start("strace", "-qq", "-o", f"{WORK}/trace", *injection)
        self.follow(process, lines, seconds)
        killed = process.poll()
        if killed is None:
            children = run("pgrep", "-P", str(process.pid), must=False).stdout.split()
            for child in children:
                os.kill(int(child), signal.SIGTERM)
            try:
                process.wait(SLOWEST)
            except subprocess.TimeoutExpired:
                for child in children:
                    os.kill(int(child), signal.SIGKILL)
                process.wait()
        return killed, process.returncode, self.said()

    def converges(self):
        process, end = self.start(), time.monotonic() + 20
        self.follow(process, 1, 20)
        while (open_again := stands(self.fates[-1])) is False and time.monotonic() < end:
            time.sleep(0.05)
        process.kill()
        process.wait()
        return open_again


def watch_calls(scenario):
    scenario.begin()
    killed, returncode, said = scenario.trace([])
    if killed is not None or returncode:
        sys.exit(f"FAIL unharmed: it ends with {returncode}: {said[-5:]}")
    return named_calls()


def watch_kill(scenario, name, number):
    killed, returncode, _ = scenario.trace(["-e", f"inject={name}:signal=KILL:when={number}"], 5)
    problems = check_point(scenario)
    return problems, -9 if killed == -9 else returncode


def watch_fail(scenario, name, number, error):
    killed, returncode, said = scenario.trace(
        ["-e", f"inject={name}:error={error}:when={number}"], 3, 4
    )
    problems = []
    if returncode < 0 or any("Sanitizer" in line for line in said):
        problems.append(f"ended by a signal: {returncode} {said[-3:]}")
    if killed and not said:
        problems.append(f"exit {killed} without a message")
    return problems + check_point(scenario), returncode


SCENARIOS = {
    "apply": Apply,
    "apply-verified": ApplyVerified,
    "rollback": Rollback,
    "undo": Undo,
    "guardian": Guardian,
    "confirm": Confirm,
    "boot": Boot,
    "reboot": Reboot,
    "lockdown": Lockdown,
    "watch": Watch,
}


def traced(scenario, injection):
    return subprocess.run(
        ["strace", "-qq", "-o", f"{WORK}/trace", *injection, *command_line(scenario.command)],
        capture_output=True, text=True, timeout=SLOWEST, env=ENVIRONMENT,
    )


def trace():
    with open(f"{WORK}/trace") as file:
        return [line.strip() for line in file if re.match(r"\w+\(", line)]


def calls_of(scenario):
    """Every call of an unharmed run, as strace counts them: (name, how many-th)."""
    scenario.begin()
    done = traced(scenario, [])
    if done.returncode:
        sys.exit(f"FAIL unharmed: exit {done.returncode}: {done.stderr}")
    if kernel() != scenario.fates[-1]:
        sys.exit("FAIL unharmed: it does not do what it is for")
    return named_calls()


def named_calls():
    calls, seen = [], {}
    for line in trace():
        name = line[: line.index("(")]
        seen[name] = seen.get(name, 0) + 1
        calls.append((name, seen[name]))
    return calls


def check_point(scenario):
    """Problems, in words; the first one says of what kind they are."""
    problems = []
    stands = kernel()
    leases = [fate[1] for fate in scenario.fates if fate[0] == stands[0]]
    if not leases:
        problems.append(f"torn: what stands is none of what may, with {sorted(stands[1])}")
    elif not any(stands[1] <= fate for fate in leases):
        problems.append(f"opened: {sorted(stands[1])}")
    elif stands not in scenario.fates:
        problems.append(f"lost: only {sorted(stands[1])} is left")
    try:
        if not scenario.converges():
            problems.append("the next run does not converge")
    except SystemExit as end:
        problems.append(f"the next run fails: {end}")
    return problems


def kinds_of(problems):
    return {problem.split(":")[0] for problem in problems} & {"torn", "opened", "leaked"}


def kill_at(scenario, name, number):
    done = traced(scenario, ["-e", f"inject={name}:signal=KILL:when={number}"])
    problems = check_point(scenario)
    return problems, done.returncode


def fail_at(scenario, name, number, error):
    done = traced(scenario, ["-e", f"inject={name}:error={error}:when={number}"])
    problems = []
    if done.returncode < 0 or "Sanitizer" in done.stderr:
        problems.append(f"ended by a signal: {done.returncode} {done.stderr[-300:]}")
    elif done.returncode == 0 and kernel() != scenario.fates[-1]:
        problems.append("exit 0, and it is not done")
    elif done.returncode and not done.stderr.strip():
        problems.append(f"exit {done.returncode} without a message")
    return problems + check_point(scenario), done.returncode


def starve_at(scenario, number):
    """Fails one allocation. (problems, exit code, whether there was such a one)"""
    told = f"{WORK}/told"
    problems, code = scenario.starve(
        dict(os.environ, **starving(number, told, scenario.forks)))
    met, _ = told_of(told)
    return problems + (check_point(scenario) if met else []), code, met


def starve(scenario, options):
    number, tally = options.first + 1, Tally(options.scenario)
    while True:
        scenario.begin()
        problems, code, met = starve_at(scenario, number)
        if not met:
            break
        tally.add(f"allocation {number}", problems, code)
        number += options.every
    tally.print("allocations")


class Tally:
    def __init__(self, what):
        self.what, self.points, self.failures, self.exits = what, 0, 0, {}
        self.kinds = dict(torn=0, opened=0, leaked=0)

    def add(self, point, problems, code):
        self.points += 1
        self.failures += bool(problems)
        self.exits[code] = self.exits.get(code, 0) + 1
        for kind in kinds_of(problems):
            self.kinds[kind] += 1
        for problem in problems:
            print(f"FAIL {self.what}: {point}: {problem}", flush=True)

    def print(self, of):
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.kinds.items())
        print(f"points {self.points} {of}, {kinds}, {self.failures} failed,"
              f" exits {json.dumps(self.exits, sort_keys=True)}")


def wanted(calls, kind):
    """The calls to try. The first one, execve, is not the command's own."""
    if kind == "kill":
        return calls[1:]
    # The loader's: it ends with the process, before there is a command. (Its last
    # act is to unmap its cache.) And brk: it says failure by returning the old
    # break, which glibc relies on and strace cannot do. Nor can waking somebody by
    # a futex fail in any of these ways: glibc aborts.
    loaded = 1 + next(i for i, (name, _) in enumerate(calls) if name == "munmap")
    return [call for call in calls[loaded:] if call[0] not in ("brk", "futex")]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("kill", "errors", "memory"))
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--errors", default=",".join(ERRORS))
    options = parser.parse_args()
    scenario = SCENARIOS[options.scenario]()
    if options.kind == "memory":
        starve(scenario, options)
        return
    watches = options.scenario == "watch"
    calls = watch_calls(scenario) if watches else calls_of(scenario)
    killing, failing = (watch_kill, watch_fail) if watches else (kill_at, fail_at)
    tally = Tally(options.scenario)
    for name, number in wanted(calls, options.kind)[options.first :: options.every]:
        for error in options.errors.split(",") if options.kind == "errors" else (None,):
            scenario.begin()
            if error:
                problems, code = failing(scenario, name, number, error)
            else:
                problems, code = killing(scenario, name, number)
            tally.add(f"{error or 'SIGKILL'} at {name} {number}", problems, code)
    # How many messages a dump comes in varies, so a last call may not be made.
    if options.kind == "kill" and tally.exits.get(-9, 0) < 0.95 * tally.points - 1:
        print(f"FAIL {options.scenario}: hardly anything was killed: {tally.exits}")
    tally.print(f"of {len(calls)} calls")


if __name__ == "__main__":
    main()
