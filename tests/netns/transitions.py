"""From any policy to any other: random policies applied one over the other in one
namespace hold the same rules as each loaded fresh by nft in an empty one.

usage: transitions.py SALLYPORT DIRECTORY COUNT SEED   (in a namespace of its own)
"""
import ipaddress
import random
import re
import subprocess
import sys

sallyport, directory, count, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
draw = random.Random(seed)
V4 = ["10.0.0.0/8", "192.0.2.0/24", "203.0.113.7", "198.51.100.1-198.51.100.9", "172.16.0.0/13"]
V6 = ["fd00::/8", "2001:db8::1", "2001:db8:1::/48", "::1-::9"]


def sources():
    chosen = draw.sample(V4 + V6, draw.randint(1, 4))
    if draw.random() < 0.4:
        chosen.append("@" + draw.choice(["office", "lab"]))
    return ", ".join(chosen)


def elements(least, most):
    """Short ones, or about as long as those that become hash sets of blocks."""
    if draw.random() < 0.5:
        return draw.sample(V4 + V6, draw.randint(least, most))
    lengths = draw.sample([(16, 32), (20, 48), (24, 64), (28, 96), (32, 128)], draw.randint(1, 3))
    drawn = []
    for number in range(draw.randint(29, 36)):
        four, six = draw.choice(lengths)
        drawn += [ipaddress.ip_network(f"20.{2 * number}.0.0/{four}"),
                  ipaddress.ip_network(f"2a00:{2 * number:x}::/{six}")]
    # Neighbours, which join what stands there: two blocks, or one that is longer.
    for network in draw.sample(drawn, draw.randint(0, 9)):
        drawn.append(type(network)((int(network.broadcast_address) + 1, network.prefixlen)))
    return map(str, drawn)


def ports():
    listed = []
    for _ in range(draw.randint(1, 3)):
        low = draw.randint(1, 40)
        listed.append(draw.choice([f"{low}", f"{low}-{low + draw.randint(1, 30)}"]))
    return ", ".join(listed)


def service(number):
    lines = [f"[service s{number}]", f"port = {ports()}",
             "protocol = " + draw.choice(["tcp", "udp", "tcp, udp"]), "tls = none"]
    lines.append("action = " + draw.choice(["allow", "allow", "allow", "block", "reject"]))
    if draw.random() < 0.7:
        lines.append(f"from = {sources()}")
    if draw.random() < 0.3:
        lines.append("to = " + ", ".join(draw.sample(["192.0.2.1", "192.0.2.9", "2001:db8::1"], 2)))
    if draw.random() < 0.2:
        lines.append("interface = " + draw.choice(["eth0", "eth*", "lo, wg*"]))
    if draw.random() < 0.2 and "allow" in lines[4]:
        lines.append("rate = " + draw.choice(["10/minute burst 5", "3/second burst 9"]))
    if draw.random() < 0.2:
        lines.append("log = yes")
    return lines


def gate(number):
    return [f"[service g{number}]", f"port = {1000 + number}", "tls = required", "name = none",
            "protocol = " + draw.choice(["tcp", "tcp, udp"]),
            "revoke = " + draw.choice(["cut", "drain"])]


def policy():
    lines = ["[policy]", "version = 1", "icmp = " + draw.choice(["ping", "minimal", "all"]),
             "default = " + draw.choice(["drop", "reject"]),
             "log = " + draw.choice(["none", "blocked 5/minute"])]
    for name in ("office", "lab"):
        lines += [f"[addresses {name}]", "elements = " + ", ".join(elements(2, 6))]
    if draw.random() < 0.5:
        lines += ["[addresses bad]", "elements = " + ", ".join(elements(3, 3)), "action = block"]
    for number in draw.sample(range(8), draw.randint(1, 6)):
        lines += service(number)
    for number in draw.sample(range(4), draw.randint(0, 3)):
        lines += gate(number)
    return "\n".join(lines) + "\n"


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, **more)


def blocks():
    """The table's objects, each as text, without what time and history change."""
    listing = run("nft", "--stateless", "list", "table", "inet", "sallyport").stdout
    listing = re.sub(r"\n\t\telements = \{ tcp timeout 30s \}", "", listing)
    return objects(listing)


def objects(listing):
    return sorted(map(in_order, re.findall(r"\n\t(\S.*?\n\t\})", listing, re.S)))


def in_order(block):
    """A map of ranges is listed in the order in which its elements came."""
    if not block.startswith("map ranges-"):
        return block
    head, elements = re.match(r"(.*elements = \{)(.*)\}", block, re.S).groups()
    return head + ", ".join(sorted(" ".join(e.split()) for e in elements.split(",")))


tried = 0
while tried < count:
    path = f"{directory}/random.ini"
    with open(path, "w") as stream:
        stream.write(policy())
    command = [sallyport, "apply", "--quiet", "--no-verify", "--state", f"{directory}/state", "--run", f"{directory}/run", path]
    applied = run(*command)
    if applied.returncode == 2:
        continue  # a random policy may contradict itself; rejects/ is about that
    tried += 1
    if applied.returncode:
        sys.exit(f"seed {seed}, policy {tried}: apply: {applied.stderr}\n{open(path).read()}")
    ours = blocks()
    again = run(*[word for word in command if word != "--quiet"]).stdout
    if not again.startswith("Nothing to do"):
        sys.exit(f"seed {seed}, policy {tried}: a second apply changes something: {again}\n{open(path).read()}")
    text = run(sallyport, "compile", path).stdout
    script = "nft -f - && exec nft --stateless list table inet sallyport"
    fresh = run("unshare", "-n", "sh", "-c", script, input=text)
    if fresh.returncode:
        sys.exit(f"seed {seed}, policy {tried}: nft: {fresh.stderr}\n{text}")
    theirs = objects(fresh.stdout)
    if ours != theirs:
        only = "\n".join(f"- {b}" for b in ours if b not in theirs) + "\n" + "\n".join(f"+ {b}" for b in theirs if b not in ours)
        sys.exit(f"seed {seed}, policy {tried}: the kernel differs from a fresh load:\n{only}\n{open(path).read()}")
print(f"{tried} policies, each applied over the one before, none differs from a fresh load")
