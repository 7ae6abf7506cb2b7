#!/usr/bin/python3
"""Many services: checking, compiling and loading ten thousand, and a host's boot with
twenty beside nft, ufw and firewalld."""

import random
import shutil
import subprocess
import tempfile

from bench import REPLAY, RUNS, SALLYPORT, Host, Report, column, isolated, measured, turns
from others import start_firewalld, start_ufw


def write_many(path, count):
    rng = random.Random(1)
    with open(path, "w") as file:
        file.write("[policy]\nversion = 1\n")
        for i in range(count):
            a, b = rng.randrange(256), rng.randrange(256)
            file.write(
                f"\n[service s{i}]\nport = {1024 + i}\ntls = none\n"
                f"from = 10.{a}.{b}.0/24, fd00:{a:x}:{b:x}::/48\n"
            )


def load(directory, policy):
    return measured(*Host(directory).command("apply", "--quiet", "--no-verify", policy))


def replay(policy):
    done = subprocess.run([REPLAY, policy], check=True, capture_output=True, text=True)
    words = done.stdout.split()
    return {"seconds": float(words[0]), "all": float(words[2])}


def many(directory, report):
    policy = f"{directory}/many.ini"
    write_many(policy, 10000)
    results = turns(
        RUNS,
        check=lambda: measured(SALLYPORT, "check", "--quiet", policy),
        compile=lambda: measured(SALLYPORT, "compile", policy),
        apply=lambda: isolated(load, directory, policy),
        replay=lambda: isolated(replay, policy),
    )
    report.row("10,000 services with their own sources: check and compile", "ms",
        {"sallyport check": [1000 * wall for wall in column(results["check"], "wall")],
         "sallyport compile": [1000 * wall for wall in column(results["compile"], "wall")]}, "at most 50 ms")
    report.row("10,000 services: load", "s",
        {"sallyport apply": column(results["apply"], "wall"),
         "read, compiled, committed": column(results["replay"], "all"),
         "replay of the batch": column(results["replay"], "seconds")},
        "at most 1.3 times the replay")


PORTS = list(range(2001, 2021))


def write_twenty(directory):
    with open(f"{directory}/twenty.ini", "w") as file:
        file.write("[policy]\nversion = 1\n")
        for port in PORTS:
            file.write(f"\n[service s{port}]\nport = {port}\ntls = none\nfrom = 10.{port % 256}.0.0/16\n")
    text = subprocess.run([SALLYPORT, "compile", f"{directory}/twenty.ini"], check=True, capture_output=True, text=True)
    with open(f"{directory}/twenty.nft", "w") as file:
        file.write(text.stdout)


def boot(directory):
    host = Host(directory)
    measured(*host.command("apply", "--quiet", "--no-verify", f"{directory}/twenty.ini"))
    subprocess.run(["nft", "delete", "table", "inet", "sallyport"], check=True)
    return measured(*host.command("apply", "--boot", "--quiet"))["wall"]


def nft(directory):
    return measured("nft", "-f", f"{directory}/twenty.nft")["wall"]


def ufw(directory):
    return start_ufw(directory, [f"allow from 10.{port % 256}.0.0/16 to any port {port}" for port in PORTS])


def firewalld(directory):
    return start_firewalld(directory, "".join(
        f'<rule family="ipv4"><source address="10.{port % 256}.0.0/16"/><port port="{port}" protocol="tcp"/><accept/></rule>'
        for port in PORTS))


def twenty(directory, report):
    write_twenty(directory)
    sides = {"sallyport apply --boot": boot, "nft -f": nft}
    absent = []
    for name, function in (("ufw", ufw), ("firewalld", firewalld)):
        if shutil.which(name):
            sides[name] = function
        else:
            absent.append(f"not run: {name} is not installed")
    results = turns(RUNS, **{name: lambda f=function: isolated(f, directory) for name, function in sides.items()})
    report.row("twenty services: a host's boot", "ms",
        {name: [1000 * value for value in values] for name, values in results.items()},
        "at most 1.5 times nft -f", "; ".join(absent) or None)


def main():
    report = Report("services")
    with tempfile.TemporaryDirectory(prefix="sallyport-bench.") as directory:
        many(directory, report)
        twenty(directory, report)
    report.keep()


main()
