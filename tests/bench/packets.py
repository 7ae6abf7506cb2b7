#!/usr/bin/python3
"""What a packet costs, by the number of services and of prefixes, beside others.

Every ruleset has a host (a network namespace) of its own; one sender has a veth pair
to each of them and sends blocks of packets by turns. Packets are untracked, so that
each one is decided by the rules; a bound socket takes those that are let in. The
figure is the time of a packet less that of the same packet to a host without rules,
with a 95 % confidence interval of the median (bootstrapped over blocks).
"""

import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile

from bench import BUILD, SALLYPORT, Report
from others import start_firewalld, start_ufw

ROUNDS = int(os.environ.get("SP_BENCH_ROUNDS", "200"))
BLOCK = 1000
PREFIX = f"spp{os.getpid()}"
DESTINATION = "10.255.0.1"
ALLOWED, BLOCKED, UNKNOWN = 2000, 2001, 9


def run(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, **more).stdout


def policy(services, prefixes, directory):
    """The first service allows, the second blocks, the rest are others' ports."""
    text = "[policy]\nversion = 1\n"
    if prefixes:
        with open(f"{directory}/bad{prefixes}.txt", "w") as file:
            for i in range(prefixes):
                first = 11 * 2**24 + i * ((2**32 - 11 * 2**24) // prefixes) & ~1
                file.write(f"{first >> 24}.{first >> 16 & 255}.{first >> 8 & 255}.{first & 255}/31\n")
        text += f"[addresses bad]\nfile = {directory}/bad{prefixes}.txt\naction = block\n"
    for i in range(services):
        action = "action = block\n" if i == 1 else ""
        text += f"[service s{i}]\nport = {2000 + i}\nprotocol = udp\ntls = none\nfrom = any\n{action}"
    path = f"{directory}/s{services}p{prefixes}.ini"
    with open(path, "w") as file:
        file.write(text)
    return path


def linear(services, directory):
    """The ruleset that people write: a rule for each service."""
    path = f"{directory}/linear{services}.nft"
    with open(path, "w") as file:
        file.write("table inet filter {\n chain input {\n  type filter hook input priority 0; policy drop;\n")
        file.write('  iif "lo" accept\n  ct state vmap { invalid : drop, established : accept, related : accept }\n')
        for i in range(services):
            file.write(f"  udp dport {2000 + i} counter {'drop' if i == 1 else 'accept'}\n")
        file.write("  counter\n }\n}\n")
    return path


def ufw(services, directory):
    rules = [f"{'deny' if i == 1 else 'allow'} {2000 + i}/udp" for i in range(services)]
    return lambda inside: start_ufw(directory, rules, inside.before)


def firewalld(services, directory):
    # What it does not name it refuses.
    ports = "".join(f'<port port="{2000 + i}" protocol="udp"/>' for i in range(services) if i != 1)
    return lambda inside: start_firewalld(directory, ports, inside.before, stays=True)


def one_set(prefixes, directory):
    """The best that one set can do: a single lookup and nothing else."""
    path = f"{directory}/one{prefixes}.nft"
    with open(path, "w") as file:
        file.write("table inet filter {\n set bad {\n  type ipv4_addr; flags interval;\n  elements = {\n")
        with open(f"{directory}/bad{prefixes}.txt") as lines:
            file.write(",\n".join(line.strip() for line in lines))
        file.write(" }\n }\n chain input {\n  type filter hook input priority 0; policy drop;\n")
        file.write("  ip saddr @bad drop\n  udp dport 2000 accept\n }\n}\n")
    return path


class Lab:
    def __init__(self, directory):
        self.directory = directory
        self.hosts = []
        self.servers = []
        run("ip", "netns", "add", f"{PREFIX}c")

    def add(self, name, load):
        """A host with a ruleset; `load` gets a function that runs a command there."""
        number = len(self.hosts)
        space, here, there = f"{PREFIX}s{number}", f"c{number}", f"s{number}"

        def inside(*command):
            return run(*inside.before, *command)

        inside.before = ("ip", "netns", "exec", space)
        run("ip", "netns", "add", space)
        self.hosts.append((name, here, space))
        run("ip", "link", "add", here, "netns", f"{PREFIX}c", "type", "veth", "peer", "name", there, "netns", space)
        run("ip", "-n", f"{PREFIX}c", "link", "set", here, "up")
        for words in (("link", "set", "lo", "up"), ("link", "set", there, "up"),
                      ("addr", "add", f"{DESTINATION}/8", "dev", there)):
            run("ip", "-n", space, *words)
        inside("nft", "table ip untracked { chain first { type filter hook prerouting priority raw; notrack; }; }")
        load(inside)
        self.servers.append(subprocess.Popen(
            ["ip", "netns", "exec", space, sys.executable, "-c",
             "import socket, sys, time\n"
             "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
             f"s.bind(('', {ALLOWED}))\nprint('ready', flush=True)\ntime.sleep(3600)"],
            stdout=subprocess.PIPE, text=True))
        self.servers[-1].stdout.readline()
        mac = run("ip", "netns", "exec", space, "cat", f"/sys/class/net/{there}/address").strip()
        self.hosts[number] = (name, f"{here}={mac}", space)

    def send(self, port):
        """Blocks' nanoseconds of a packet, a column for each host."""
        text = run("ip", "netns", "exec", f"{PREFIX}c", f"{BUILD}/tests/bench/packets",
                   str(ROUNDS), str(BLOCK), DESTINATION, str(port), *[word for _, word, _ in self.hosts])
        rows = [[float(word) for word in line.split()] for line in text.splitlines()]
        return list(zip(*rows[ROUNDS // 10 :]))

    def close(self):
        for server in self.servers:
            server.kill()
            server.wait()
        for _, _, space in self.hosts:
            subprocess.run(["ip", "netns", "del", space], check=False)
        subprocess.run(["ip", "netns", "del", f"{PREFIX}c"], check=False)


def interval(values, tries=1000):
    """95 % of the bootstrapped medians."""
    rng = random.Random(1)
    medians = sorted(
        statistics.median(rng.choices(values, k=len(values))) for _ in range(tries)
    )
    return medians[tries * 25 // 1000], medians[tries * 975 // 1000]


def ours(services, prefixes, directory):
    path = policy(services, prefixes, directory)

    def load(inside):
        state = tempfile.mkdtemp(dir=directory)
        inside(SALLYPORT, "apply", "--quiet", "--no-verify", "--state", state, "--run", state, path)

    return load


def main():
    report = Report("packets")
    with tempfile.TemporaryDirectory(prefix="sallyport-bench.") as directory:
        os.chmod(directory, 0o755)
        lab = Lab(directory)
        try:
            lab.add("no rules", lambda inside: None)
            for services in (2, 100, 10000):
                lab.add(f"{services:,} services", ours(services, 0, directory))
            for prefixes in (1000, 1000000):
                lab.add(f"2 services, {prefixes:,} prefixes", ours(2, prefixes, directory))
            for prefixes in (1000000,):
                path = one_set(prefixes, directory)
                lab.add(f"nft: one set of {prefixes:,}", lambda inside, path=path: inside("nft", "-f", path))
            for services in (100, 10000):
                path = linear(services, directory)
                lab.add(f"nft: {services:,} rules in line", lambda inside, path=path: inside("nft", "-f", path))
            for program, load in (("ufw", ufw), ("firewalld", firewalld)):
                if shutil.which(program):
                    lab.add(f"{program}: 100 services", load(100, directory))
            for what, port in (("allowed", ALLOWED), ("blocked", BLOCKED), ("unknown", UNKNOWN)):
                columns = lab.send(port)
                base = columns[0]
                sides, notes = {}, []
                for (name, _, _), column in list(zip(lab.hosts, columns))[1:]:
                    price = [mine - none for mine, none in zip(column, base)]
                    sides[name] = price
                    low, high = interval(price)
                    notes.append(f"{name}: {statistics.median(price):.0f} ns, {low:.0f} to {high:.0f}")
                report.row(f"a packet to a port that is {what}, above one without rules", "ns", sides,
                           "flat in services; a million prefixes within 15 % of one set",
                           "medians and their 95 % intervals:\n    " + "\n    ".join(notes))
        finally:
            lab.close()
    report.keep()


main()
