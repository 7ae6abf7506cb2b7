#!/usr/bin/python3
"""Applies that nobody confirms, and what happens to those who might undo them.

  rollbacks.py COUNT FATE...

In a network namespace of its own; SALLYPORT is the binary and WORK a scratch
directory with old.ini and new.ini, of which only the new one has a chain tcp-80.
Each round applies the new one for a second, lets one of FATE happen, and waits
until the old one is in force again. Prints "ok FATE SECONDS" or "FAIL FATE ...".
"""

import os
import pty
import signal
import subprocess
import sys
import time

SALLYPORT, WORK = os.environ["SALLYPORT"], os.environ["WORK"]
STATE, RUN = f"{WORK}/state", f"{WORK}/run"
WINDOW = 1.0  # --confirm 1s
PATIENCE = 10.0  # beyond the window, on a busy machine


def command(name, *rest):
    return [SALLYPORT, name, "--state", STATE, "--run", RUN, *rest]


def call(*words, must=True):
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    if must and done.returncode:
        sys.exit(f"FAIL {' '.join(words)}: exit {done.returncode}: {done.stderr}")
    return done.stdout


def ruleset():
    return call("nft", "-s", "list", "table", "inet", "sallyport", must=False)


def shape():
    """Without the order that its history gave it, and a first load's grace."""
    return sorted(line for line in ruleset().splitlines() if "{ tcp timeout 30s" not in line)


def is_new():
    return "chain tcp-80" in ruleset()


def wait_for(wanted, seconds):
    end = time.monotonic() + seconds
    while not wanted():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def here(name="sallyport"):
    """Processes of ours in this namespace, with their command lines."""
    mine = os.readlink("/proc/self/ns/net")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm") as file:
                ours = file.read().strip() == name
            if ours and os.readlink(f"/proc/{pid}/ns/net") == mine:
                with open(f"/proc/{pid}/cmdline") as file:
                    yield int(pid), file.read().split("\0")
        except OSError:
            pass


def end(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


class Missed(Exception):
    """It was undone before we came to do anything to anybody: we were held up."""


class Applying:
    """The command, in a session and on a terminal of its own, waiting for a word."""

    def __init__(self):
        words = command("apply", "--no-verify", "--confirm", "1s", "--wait", f"{WORK}/new.ini")
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execv(words[0], words)

    def has_ended(self):
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def guardian(self):
        return [pid for pid, words in here() if "apply" in words and pid != self.pid]

    def drop_terminal(self):
        os.close(self.terminal)
        self.terminal = None

    def finish(self):
        """Its exit status, or minus the signal."""
        if self.terminal is not None:
            end_at = time.monotonic() + PATIENCE
            os.set_blocking(self.terminal, False)
            while time.monotonic() < end_at:
                try:
                    if not os.read(self.terminal, 4096):
                        break
                except BlockingIOError:
                    time.sleep(0.02)
                except OSError:
                    break
            os.close(self.terminal)
        status = os.waitpid(self.pid, 0)[1]
        return os.waitstatus_to_exitcode(status)


def enforcer():
    log = open(f"{WORK}/watch.log", "w")
    process = subprocess.Popen(command("watch"), stdout=log, stderr=log)
    if not wait_for(lambda: "started" in open(f"{WORK}/watch.log").read(), PATIENCE):
        sys.exit("FAIL the enforcer does not start")
    return process


def reboot(applying):
    for pid in [applying.pid, *applying.guardian()]:
        end(pid)
    if not os.path.exists(f"{STATE}/pending/deadline"):
        applying.finish()
        raise Missed
    with open(f"{STATE}/pending/deadline") as file:
        words = file.read().split()
    words[1] = "00000000-1111-2222-3333-444444444444"
    with open(f"{STATE}/pending/deadline", "w") as file:
        file.write(" ".join(words) + "\n")
    call("nft", "delete", "table", "inet", "sallyport")
    for name in os.listdir(RUN):
        os.unlink(f"{RUN}/{name}")
    call(*command("apply", "--boot"))


def round_of(fate):
    """What went wrong, or None; and how long it took until the old one stood."""
    watching = enforcer() if "enforcer" in fate else None
    began = time.monotonic()
    applying = Applying()
    if not wait_for(lambda: is_new() or applying.has_ended(), PATIENCE) or not is_new():
        status = applying.finish()
        if watching:
            watching.terminate()
            watching.wait()
        if status == 4:
            raise Missed
        return f"the new policy was never in force (the command: {status})", 0
    if "terminal" in fate:
        applying.drop_terminal()
    if "hangup" in fate:
        end(applying.pid, signal.SIGHUP)
    if "command-killed" in fate:
        end(applying.pid)
    if "enforcer-killed" in fate:
        watching.kill()
        watching.wait()
        watching = None
    if "guardian-killed" in fate:
        for pid in applying.guardian():
            end(pid)
    if fate == "reboot":
        reboot(applying)
    undone = wait_for(lambda: not is_new(), WINDOW + PATIENCE)
    took = time.monotonic() - began
    status = applying.finish()
    # The name of what waits goes last.
    settled = wait_for(lambda: not os.path.exists(f"{STATE}/pending/deadline") or fate == "reboot", PATIENCE)
    if watching:
        watching.terminate()
        watching.wait()
    if not undone:
        return f"the new policy still stands (the command: {status})", took
    if fate != "reboot" and took < WINDOW * 0.9:
        return f"undone before its time, after {took:.2f} s", took
    if not settled:
        return "it is still pending", took
    if fate == "nothing" and status != 4:
        return f"the command that waited says {status}, not 4", took
    # Leases among it: a rollback adds none.
    if shape() != OLD:
        return "not the old ruleset:\n" + ruleset(), took
    return None, took


call(*command("apply", "--no-verify", f"{WORK}/old.ini"))
call(*command("apply", "--no-verify", f"{WORK}/new.ini"))
call(*command("apply", "--no-verify", f"{WORK}/old.ini"))
OLD = shape()
assert "\tchain tcp-22 {" in OLD
for number in range(int(sys.argv[1])):
    fate = sys.argv[2 + number % (len(sys.argv) - 2)]
    for _ in range(5):
        try:
            wrong, took = round_of(fate)
            break
        except Missed:
            wrong, took = "its window was over each time before we looked", 0
    print(f"FAIL {fate} {wrong}" if wrong else f"ok {fate} {took:.2f}", flush=True)
