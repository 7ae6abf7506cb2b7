#!/usr/bin/python3
"""Bad policies made from a good one, each by one mistake: every one is refused, exit
2, with an error on the very line of the mistake, its column beside it.

  generated.py POLICY-CHECK SALLYPORT

POLICY-CHECK reads all of them in one go; SALLYPORT check, the program itself, reads
one in sixteen. The same policies each time: nothing here is drawn by chance.
"""
import concurrent.futures
import re
import subprocess
import sys
import tempfile

AT_LEAST = 500

GOOD = """\
[policy]
version = 1
default = drop
mode = enforce
profile = baseline
icmp = ping
log = blocked 5/minute
drift = restore
lockdown = ssh
[addresses office]
elements = 198.51.100.0/24, 203.0.113.7,
  2001:db8::/48,
  192.0.2.1-192.0.2.9
[addresses bad]
elements = 100.64.0.0/10
action = block
[profile ours]
base = baseline
min_version = 1.2
min_rsa_bits = 3072
max_lifetime = 90d
expire_warn = 7d
ocsp = warn
[service ssh]
port = 22
protocol = tcp
action = allow
from = 10.0.0.0/8, @office
to = 10.1.1.1
interface = eth0, wg*
tls = none
rate = 10/minute burst 5
log = yes
[service https]
port = 443, 8443
name = www.example.com, example.org
alpn = h2
listen = 192.0.2.80
tls = required
profile = ours
ca = system
on_fail = block
lease = 24h
recheck = 6h
revoke = drain
[service mail]
use = smtp
port = 25
tls = starttls
starttls = smtp
name = mail.example.com
[expect ssh-from-inside]
from = 10.2.3.4
to = 10.1.1.1
interface = eth0
port = 22/tcp
decision = allow
"""

CHOICE = ("maybe", "yess", "1", "no thing", "a, b", '"drop"', "@office", "dr\u00f6p", "DROP!")
DURATION = ("0s", "-1s", "5", "5x", "1.5h", "s", "99999999999999999999s", "1h 2m", "1s, 2s",
            "0x1h", "forever", "1e3s")
PORTS = ("0", "65536", "99999999999", "-1", "443-", "-443", "500-400", "http", "443 444",
         "0x1bb", "443/tcp", "443-444-445", "1,0", "22, x", "443.5", "any", "+443")
ADDRESSES = ("10.0.0.1/8", "10.0.0.0/33", "10.0.0", "10.0.0.256", "fd00::/129", "fd00::1/64",
             "fd00:::1", "10.0.0.9-10.0.0.1", "10.0.0.1-fd00::1", "1.2.3.4/", "1.2.3.4/x",
             "localhost", "10.0.0.1 10.0.0.2", "[::1]", "fe80::1%eth0", "10.0.0.0/-1",
             "10.0.0.0/8/8", "300.1.1.1", "1.2.3", "::1::", "12345::", "10.0.0.0-",
             "-10.0.0.0", "0x7f000001", "10.0.0.1/255.0.0.0")
SOURCES = ADDRESSES + ("@nosuch", "@", "any, 10.0.0.1", "any any", "@office/8", "@Office!")
NAMES = ("-a.example", "a..example", "exa mple", "a_b!", "\u00fcber.example", ".example",
         "a" * 64 + ".example", "example.com:443", "none, www.example.com", "http://a.example",
         "a@b.example", "a." * 130 + "example", "a.example, a..b")
RATE = ("10", "10/", "/minute", "10/fortnight", "0/minute", "-1/minute", "10/minute burst",
        "10/minute burst x", "10 per minute", "99999999999/second", "10/minute bust 5", "x/y",
        "10/minute burst 5 6")
LOG = ("blocked", "yes", "blocked 5", "blocked 0/minute", "blocked 5/eon", "none 5/minute",
       "allowed 5/minute", "blocked x/minute")
NUMBER = ("-1", "x", "3072x", "99999999999999999999", "1, 2", "0x800", "2048.5", "1e3")
VERSION = ("SSLv4", "TLSv1.2", "1.4", "tls", "1.2, 1.3", "-1.2", "2", "1.2.0")
WORD = ("@@", "no such thing", "a, b")
INTERFACE = ("averyveryverylongname", "a b", "eth/0", "w*g", "**", "eth0, a/b")
ENDPOINT = ("22", "22/sctp", "0/tcp", "65536/tcp", "tcp/22", "22/tcp 23/tcp", "/tcp", "22/", "22-23/tcp")

WRONG = {
    "policy": {"version": ("0", "2", "1.0", "one", "-1", "1, 1"), "default": CHOICE, "mode": CHOICE,
               "profile": WORD + ("nosuch",), "icmp": CHOICE, "log": LOG, "drift": CHOICE,
               "lockdown": WORD + ("nosuch", "https", "ssh, nosuch")},
    "addresses office": {"elements": ADDRESSES + ("any", "@office", "@bad")},
    "addresses bad": {"elements": ADDRESSES, "action": CHOICE + ("reject",)},
    "profile ours": {"base": WORD + ("nosuch", "ours"), "min_version": VERSION,
                     "min_rsa_bits": NUMBER, "max_lifetime": DURATION[1:], "expire_warn": DURATION[1:],
                     "ocsp": CHOICE},
    "service ssh": {"port": PORTS, "protocol": ("sctp", "6", "tcp udp", "icmp", "both"),
                    "action": CHOICE, "from": SOURCES, "to": SOURCES, "interface": INTERFACE,
                    "tls": CHOICE, "rate": RATE, "log": CHOICE[:1] + CHOICE[3:]},
    "service https": {"port": PORTS, "name": NAMES, "listen": ADDRESSES + ("any", "@office", "10.0.0.0/8"),
                      "tls": CHOICE, "profile": WORD + ("nosuch",), "ca": ("/nonexistent/ca.pem",),
                      "on_fail": CHOICE, "lease": DURATION, "recheck": DURATION, "revoke": CHOICE},
    "service mail": {"use": WORD + ("nosuch", "smtpp"), "port": PORTS, "tls": CHOICE,
                     "starttls": CHOICE + ("smtpp",), "name": NAMES},
    "expect ssh-from-inside": {"from": ADDRESSES, "to": ADDRESSES, "interface": INTERFACE[:3],
                               "port": ENDPOINT, "decision": CHOICE + ("reject",)},
}

BYTES = {"NUL": b"\0", "SOH": b"\1", "BEL": b"\7", "ESC": b"\x1b[31m", "DEL": b"\x7f",
         "CR": b"\rx", "VT": b"\x0b", "FF": b"\x0c", "byte FF": b"\xff", "overlong": b"\xc0\xaf",
         "surrogate": b"\xed\xa0\x80", "cut short": b"\xe2\x82", "beyond": b"\xf5\x80\x80\x80",
         "continuation": b"\x80", "bidi": "\u202e".encode(), "C1": "\u0085".encode()}
BYTES_INTO = (2, 7, 11, 12, 28, 36)

HEADERS = ("[servce ssh]", "[service]", "[Service x]", "[service a b]", "[service ssh] x",
           "[service ssh", "service ssh]", "[]", "[ ]", "[[service x]]", "[policy extra]",
           "[addresses]", "[profile]", "[expect]", "[service ../x]", "[service " + "x" * 300 + "]",
           "[service -x]", "[service \u00fc]", "[firewall]", "[service x]]")


def cases():
    """(what, bytes, line of the mistake)"""
    lines = GOOD.encode().splitlines()
    section, keys, headers = "", [], []
    for at, line in enumerate(lines):
        if line.startswith(b"["):
            section = line.decode()[1:-1]
            headers.append((at, section))
        elif b" = " in line and not line.startswith(b" "):
            keys.append((at, section, line.decode().split(" = ")[0]))

    def but(what, at, *instead):
        """The good policy with other lines in the place of line `at`."""
        return what, b"\n".join([*lines[:at], *instead, *lines[at + 1 :]]) + b"\n", at + 1

    def is_list_head(at):
        return lines[at].rstrip().endswith(b",")

    for at, section, key in keys:
        where = f"[{section}] {key}"
        tail = b"," if is_list_head(at) else b""
        for wrong in WRONG[section].get(key, ()):
            yield but(f"{where} = {wrong}", at, f"{key} = {wrong}".encode() + tail)
        if not tail:
            yield but(f"{where} without a value", at, key.encode() + b" =")
            yield but(f"{where} without =", at, key.encode())
        yield but(f"{where} misspelt", at, b"x" + lines[at])
        yield but(f"{where} in capitals", at, key.upper().encode() + lines[at][len(key) :])
        what, text, number = but(f"{where} twice", at, lines[at], f"{key} = x".encode()) \
            if not tail else but(f"{where} twice", at, f"{key} = 192.0.2.77".encode(), lines[at])
        yield what, text, number + 1
        yield but(f"{where} is a colon", at, lines[at].replace(b" =", b":", 1))
    # Each element of a list that goes on over lines.
    for at in (11, 12):
        for wrong in ADDRESSES:
            yield but(f"element {wrong} on line {at + 1}", at,
                      b"  " + wrong.encode() + (b"," if is_list_head(at) else b""))
    for at in BYTES_INTO:
        for name, what in BYTES.items():
            yield but(f"{name} in line {at}", at - 1, lines[at - 1] + what)
            yield but(f"{name} in a comment at line {at}", at - 1, lines[at - 1], b"# " + what)[:2] + (at + 1,)
    for at, section in headers:
        if section != "policy":
            yield (f"[{section}] twice", b"\n".join([*lines, lines[at], b""]), len(lines) + 1)
        for cut in (1, len(lines[at]) // 2, len(lines[at]) - 1):
            yield but(f"[{section}] cut at {cut}", at, lines[at][:cut])
    for header in HEADERS:
        yield (f"section {header[:40]}", b"\n".join([*lines, header.encode(), b""]), len(lines) + 1)
    yield "include of nothing", GOOD.replace("drift =", "include = nothing.ini\ndrift =").encode(), 8
    yield "include of a directory", GOOD.replace("drift =", "include = .\ndrift =").encode(), 8
    yield "include of a device", GOOD.replace("drift =", "include = /dev/null\ndrift =").encode(), 8
    yield "a file of nothing", GOOD.replace("action = block\n", "action = block\nfile = nothing\n", 1).encode(), 17
    yield "key before any section", b"version = 1\n" + GOOD.encode(), 1
    yield "a continuation before anything", b"  10.0.0.1\n" + GOOD.encode(), 1
    yield "a line too long", GOOD.encode() + b"name = " + b"x" * 70000 + b"\n", len(lines) + 1


def read_all(checker, paths):
    """What is said of each, by two processes."""
    said = {}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for part in pool.map(lambda part: read_batch(checker, part), (paths[::2], paths[1::2])):
            said.update(part)
    return said


def read_batch(checker, paths):
    done = subprocess.run([checker, "--config", "/nonexistent", "--each", *paths],
                          capture_output=True, text=True, errors="replace")
    said, exits, current = {}, {}, []
    for line in done.stdout.splitlines():
        if match := re.fullmatch(r"== (\d+) (\S+)", line):
            exits[match[2]], said[match[2]], current = int(match[1]), current, []
        else:
            current.append(line)
    return {path: (exits.get(path), said.get(path, [])) for path in paths}


def problem(path, line, code, said):
    if code != 2:
        return f"exit {code}, not 2"
    errors = [match for text in said
              if (match := re.match(re.escape(path) + r":(\d+):(\d+): error: .", text))]
    if not errors:
        return "no error with a line and a column"
    if line not in {int(match[1]) for match in errors}:
        return f"no error on line {line}"
    return None


def main():
    checker, sallyport = sys.argv[1:]
    failures = count = asked = 0
    with tempfile.TemporaryDirectory(prefix="sallyport-rejects-") as folder:
        made = []
        for number, (what, text, line) in enumerate([("as it is", GOOD.encode(), 0), *cases()]):
            path = f"{folder}/{number:04}.ini"
            with open(path, "wb") as file:
                file.write(text)
            made.append((path, what, line))
        said = read_all(checker, [path for path, _, _ in made])
        good = made.pop(0)
        if said[good[0]][0] != 0:
            print("FAIL the good policy is refused:", *said[good[0]][1], sep="\n  ")
            failures += 1
        if len({open(path, "rb").read() for path, _, _ in made}) != len(made):
            print("FAIL two of them are the same")
            failures += 1
        for number, (path, what, line) in enumerate(made):
            count += 1
            wrong = problem(path, line, *said[path])
            if not wrong and number % 16 == 0:
                asked += 1
                done = subprocess.run([sallyport, "check", path], capture_output=True, text=True,
                                      errors="replace")
                wrong = problem(path, line, done.returncode, done.stderr.splitlines())
            if wrong:
                failures += 1
                print(f"FAIL {what!a}: {wrong}", *(text[:200] for text in said[path][1][:6]), sep="\n  ")
    print(f"{count} bad policies, {failures} failed; {asked} of them by sallyport check")
    return failures > 0 or count < AT_LEAST


if __name__ == "__main__":
    sys.exit(main())
