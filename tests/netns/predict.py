#!/usr/bin/python3
"""Random policies in a real kernel, random packets through it, and what explain
predicts for each.

  predict.py run POLICIES PACKETS PREFIX SALLYPORT PREDICT DIRECTORY [SEED]
      PREFIX: of the network namespaces "server" and "client".

  predict.py probe
      In the client's namespace: reads lists of packets as JSON, answers with a
      list of their fates.
"""

import json
import os
import random
import selectors
import socket
import struct
import subprocess
import sys
import time

POOLS = [1000, 1100, 1200, 1300, 1400]
TLS = [
    "tls = none",
    "tls = none",
    "tls = required\nname = none",
    "tls = required\nname = none\nrevoke = cut",
    "tls = required\nname = none\non_fail = warn",
]
INTERFACES = ["eth0", "eth1", "wg0"]
# Silence is counted from when everything that must be answered was answered.
SILENCE = 0.25
PATIENCE = 4.0
IP_RECVERR, IPV6_RECVERR = 11, 25


# --- policies ---------------------------------------------------------------


def some_range(rng, v4="10.0.0.", v6="fd00:7::", size=32):
    stem, text = (v6, "%x") if rng.random() < 0.4 else (v4, "%d")
    bits = rng.randrange(6)
    base = rng.randrange(size) >> bits << bits
    if rng.random() < 0.2:
        last = rng.randrange(base, size)
        return f"{stem}{text % base} - {stem}{text % last}"
    return f"{stem}{text % base}/{(128 if stem == v6 else 32) - bits}"


def some_ranges(rng, most, **world):
    return ", ".join(some_range(rng, **world) for _ in range(rng.randint(1, most)))


def some_ports(rng, base):
    ports = []
    for _ in range(rng.randint(1, 3)):
        first = base + rng.randrange(8)
        ports.append(f"{first}-{first + rng.randint(1, 6)}" if rng.random() < 0.4 else f"{first}")
    return ", ".join(ports)


def some_service(rng, index, sets):
    pool = rng.randrange(len(POOLS))
    lines = [f"[service s{index}]", f"port = {some_ports(rng, POOLS[pool])}", TLS[pool]]
    lines.append("action = " + rng.choice(["allow", "allow", "allow", "allow", "block", "reject"]))
    plain = pool < 2
    lines.append("protocol = " + rng.choice(["tcp", "tcp", "tcp, udp", "udp" if plain else "tcp"]))
    if rng.random() < 0.55:
        sources = [f"@a{rng.randrange(sets)}"] if sets and rng.random() < 0.4 else []
        if not sources or rng.random() < 0.5:
            sources.append(some_ranges(rng, 3))
        lines.append("from = " + ", ".join(sources))
    if rng.random() < 0.25:
        lines.append("to = " + some_ranges(rng, 2, v4="10.9.0.", v6="fd09::", size=8))
    if rng.random() < 0.3:
        lines.append("interface = " + ", ".join(rng.sample(["eth0", "eth1", "eth*", "wg0", "w*", "ppp7"], rng.randint(1, 2))))
    if rng.random() < 0.2:
        # Wide enough that no packet of ours is over it: how much passes under a
        # rate is another test's.
        lines.append("rate = 100000/second burst 10000")
    return "\n".join(lines)


def some_policy(rng):
    sets = rng.randrange(4)
    text = f"[policy]\nversion = 1\ndefault = {rng.choice(['drop', 'drop', 'reject'])}\n"
    for i in range(sets):
        text += f"\n[addresses a{i}]\nelements = {some_ranges(rng, 4)}\n"
        if rng.random() < 0.3:
            text += "action = block\n"
    for i in range(rng.randint(2, 9)):
        text += "\n" + some_service(rng, i, sets) + "\n"
    return text


# --- packets ----------------------------------------------------------------


class Packet:
    def __init__(self, protocol, source, destination, port, wanted):
        self.wanted = wanted
        self.fate = None
        family = socket.AF_INET6 if ":" in source else socket.AF_INET
        kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
        self.socket = socket.socket(family, kind)
        self.udp = protocol == "udp"
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.udp:
            level, option = (socket.IPPROTO_IPV6, IPV6_RECVERR) if ":" in source else (socket.IPPROTO_IP, IP_RECVERR)
            self.socket.setsockopt(level, option, 1)
        else:
            # Ends with a reset: nothing stays behind in connection tracking.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.bind((source, 0))
        try:
            self.socket.connect((destination, port))
            if self.udp:
                self.socket.send(b"?")
        except BlockingIOError:
            pass
        except OSError:
            self.fate = "reject"

    def ready(self):
        error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self.fate = "reject"
            return
        if not self.udp:
            self.fate = "accept"
            return
        try:
            self.socket.recv(64)
            self.fate = "accept"
        except BlockingIOError:
            pass
        except OSError:
            self.fate = "reject"

    def close(self):
        self.socket.close()


def send(rows):
    packets = [Packet(*row) for row in rows]
    selector = selectors.DefaultSelector()
    for packet in packets:
        if packet.fate is None:
            selector.register(packet.socket, selectors.EVENT_READ if packet.udp else selectors.EVENT_WRITE, packet)
    end = time.monotonic() + PATIENCE
    silent_since = time.monotonic()
    while time.monotonic() < end:
        waiting = [packet for packet in packets if packet.fate is None]
        if any(packet.wanted != "drop" for packet in waiting):
            silent_since = time.monotonic()
        elif time.monotonic() - silent_since >= SILENCE:
            break
        for key, _ in selector.select(0.02):
            key.data.ready()
            if key.data.fate:
                selector.unregister(key.fileobj)
    fates = [packet.fate or "drop" for packet in packets]
    for packet in packets:
        packet.close()
    return fates


def probe():
    for line in sys.stdin:
        print(json.dumps(send(json.loads(line))), flush=True)


# --- the run ----------------------------------------------------------------


class Lab:
    def __init__(self, prefix, sallyport, predict, directory):
        self.prefix, self.sallyport, self.predict, self.directory = prefix, sallyport, predict, directory
        self.policy = os.path.join(directory, "random.ini")
        self.prober = subprocess.Popen(
            ["ip", "netns", "exec", prefix + "client", sys.executable, __file__, "probe"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )

    def inside(self, host, *command, **more):
        return subprocess.run(["ip", "netns", "exec", self.prefix + host, *command], text=True, capture_output=True, **more)

    def apply(self, text):
        """False: the language refuses the policy."""
        with open(self.policy, "w") as file:
            file.write(text)
        done = self.inside("server", self.sallyport, "apply", "--quiet", "--yes", "--no-verify",
                           "--state", self.directory + "/state", "--run", self.directory + "/run", self.policy)
        if done.returncode not in (0, 2):
            sys.exit(f"apply: exit {done.returncode}\n{done.stderr}\n{text}")
        return done.returncode == 0

    def lease(self, ports):
        commands = "flush set inet sallyport verified\n"
        for protocol, port in ports:
            commands += f"add element inet sallyport verified {{ {protocol} . {port} timeout 1h }}\n"
        done = self.inside("server", "nft", "-f", "-", input=commands)
        if done.returncode:
            sys.exit("leases: " + done.stderr)

    def route(self, ways):
        commands = "".join(
            f"route replace {address}/{128 if ':' in address else 32} dev {interface}\n" for address, interface in ways.items()
        )
        done = self.inside("client", "ip", "-batch", "-", input=commands)
        if done.returncode:
            sys.exit("routes: " + done.stderr)

    def predicted(self, rows):
        lines = "".join(" ".join(map(str, row)) + "\n" for row in rows)
        done = subprocess.run([self.predict, self.policy], input=lines, text=True, capture_output=True)
        answers = [line.split() for line in done.stdout.splitlines()]
        if done.returncode or len(answers) != len(rows):
            sys.exit(f"predict: exit {done.returncode} {done.stderr}")
        return answers

    def sent(self, rows):
        self.prober.stdin.write(json.dumps(rows) + "\n")
        self.prober.stdin.flush()
        return json.loads(self.prober.stdout.readline())


def named_ports(text):
    """Those that the policy names, and their neighbours once in a while."""
    for line in text.splitlines():
        if line.startswith("port = "):
            for part in line[7:].split(","):
                first, _, last = part.partition("-")
                yield from range(int(first), int(last or first) + 1)


def some_packets(rng, count, ways, text):
    rows = []
    named = sorted(set(named_ports(text)))
    for _ in range(count):
        v6 = rng.random() < 0.4
        source = f"fd00:7::{rng.randrange(1, 34):x}" if v6 else f"10.0.0.{rng.randrange(1, 34)}"
        destination = f"fd09::{rng.randrange(1, 7):x}" if v6 else f"10.9.0.{rng.randrange(1, 7)}"
        port = rng.choice(named) if rng.random() < 0.9 else rng.choice(POOLS) + rng.randrange(15)
        rows.append((rng.choice(["tcp", "tcp", "udp"]), source, destination, port, ways[destination]))
    return rows


def try_policy(lab, rng, count):
    text = some_policy(rng)
    while not lab.apply(text):
        text = some_policy(rng)
    ways = {f"10.9.0.{i}": rng.choice(INTERFACES) for i in range(1, 7)}
    ways.update({f"fd09::{i:x}": rng.choice(INTERFACES) for i in range(1, 7)})
    lab.route(ways)
    verified = {(p, base + i) for p in ("tcp", "udp") for base in POOLS for i in range(15) if rng.random() < 0.7}
    lab.lease(verified)
    rows = some_packets(rng, count, ways, text)
    wanted = [
        answer[1] if (row[0], row[3]) in verified else answer[0]
        for row, answer in zip(rows, lab.predicted(rows))
    ]
    got = lab.sent([row[:4] + (fate,) for row, fate in zip(rows, wanted)])
    wrong = [(row, w, g) for row, w, g in zip(rows, wanted, got) if w != g]
    for row, w, g in wrong[:5]:
        print(f"FAIL {row} {'verified' if (row[0], row[3]) in verified else 'unverified'}: {g}, predicted {w}")
    if wrong:
        print(text)
    return len(rows), len(wrong), {fate: wanted.count(fate) for fate in set(wanted)}


def run(policies, packets, prefix, sallyport, predict, directory, seed=None):
    seed = int(seed) if seed else random.randrange(1 << 32)
    lab = Lab(prefix, sallyport, predict, directory)
    sent = wrong = 0
    fates = {}
    for i in range(int(policies)):
        rng = random.Random(seed * 1000003 + i)
        count, bad, seen = try_policy(lab, rng, int(packets))
        sent, wrong = sent + count, wrong + bad
        for fate, number in seen.items():
            fates[fate] = fates.get(fate, 0) + number
        if bad:
            print(f"policy {i} of seed {seed}: {bad} of {count} packets")
    lab.prober.stdin.close()
    lab.prober.wait()
    print(f"policies {policies} packets {sent} wrong {wrong} seed {seed} fates {json.dumps(fates, sort_keys=True)}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        run(*sys.argv[2:])
    elif sys.argv[1:] == ["probe"]:
        probe()
    else:
        sys.exit(__doc__)
