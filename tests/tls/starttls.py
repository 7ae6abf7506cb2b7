#!/usr/bin/python3
"""What servers say before TLS: written down from real ones, said again by doubles.

usage: starttls.py record PORT TARGET:PORT FILE [COMMENT...]
       starttls.py replay CERTIFICATE KEY PORT=FILE:VARIANT...

record  relays PORT of 127.0.0.1 to the target until it is ended (SIGTERM), then
        writes what was said in plain text, as answers to what the client said.
replay  says it again on each PORT, and goes on in TLS where the server did.
        Prints "ready". The variants are those of Double.spoilt, `good`, `drip`
        (a byte at a time) and `vulnerable` (runs what stood behind the upgrade).

A file holds pairs: "> what the client says" (nothing: it has just connected) and
"< what the server answers", with Python's escapes; "= tls" where TLS begins.
"""

import pathlib
import re
import signal
import socket
import ssl
import sys
import threading
import time

def escape(text):
    return text.decode("latin-1").encode("unicode_escape").decode("ascii")


def unescape(text):
    return text.encode("ascii").decode("unicode_escape").encode("latin-1")


# --- record -------------------------------------------------------------------


class Recording:
    """Answers by what the client said, in the order in which they first came."""

    def __init__(self):
        self.answers, self.tls = {}, set()

    def write(self, path, comment):
        with open(path, "w", encoding="ascii") as out:
            print("#", comment, file=out)
            for said, answer in self.answers.items():
                print(">", escape(said), file=out)
                # A line of the server's is a line here.
                for line in re.findall(rb"[^\n]*\n|[^\n]+", answer):
                    print("<", escape(line), file=out)
                if said in self.tls:
                    print("= tls", file=out)


class Relayed:
    """One connection: both directions until the first byte of TLS."""

    def __init__(self, recording, client, target):
        self.recording, self.client = recording, client
        self.server = socket.create_connection(target, source_address=("127.0.0.1", 0))
        self.said, self.answers, self.plain = b"", {b"": b""}, True
        threading.Thread(target=self.pump, args=(client, self.server, self.from_client)).start()
        threading.Thread(target=self.pump, args=(self.server, client, self.from_server)).start()

    def from_client(self, chunk):
        if not self.plain:
            return
        at = re.search(rb"\x16\x03[\x00-\x03]", chunk)
        plain = chunk[: at.start()] if at else chunk
        if plain:
            self.said = plain
            self.answers.setdefault(plain, b"")
        if at:
            self.plain = False
            self.recording.tls.add(self.said)

    def from_server(self, chunk):
        if self.plain:
            self.answers[self.said] += chunk

    def pump(self, source, sink, seen):
        try:
            while chunk := source.recv(65536):
                seen(chunk)
                sink.sendall(chunk)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        if source is self.server:
            for said, answer in self.answers.items():
                # Two commands at once are asked of real servers alone.
                if said.count(b"\r\n") < 2:
                    self.recording.answers.setdefault(said, answer)


def record(port, target, path, *comment):
    recording = Recording()
    host, _, number = target.rpartition(":")
    listener = socket.create_server(("127.0.0.1", int(port)))

    def stop(*_):
        recording.write(path, " ".join(comment))
        sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    print("ready", flush=True)
    while True:
        Relayed(recording, listener.accept()[0], (host, int(number)))


# --- replay -------------------------------------------------------------------

# Per dialect: how an answer goes on without an end (after what the client said), a
# refusal for good and one for now, what stands behind an injected answer, and what
# is said within TLS: at its beginning, to a farewell, to another command.
class Dialect:
    def __init__(self, endless, refusal, later, injected, within=(b"", b"", b"")):
        self.endless, self.refusal, self.later, self.injected = endless, refusal, later, injected
        self.greeting, self.farewell, self.other = within


MAIL = (b"", b"221 2.0.0 Bye\r\n", b"250 2.0.0 Ok\r\n")
XMPP_FAILURE = b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>"
LDAP = b"0\x0c\x02\x01\x01x\x07\n\x01%c\x04\x00\x04\x00"
RDP_FAILURE = bytes.fromhex("030000130ed000001234000300080002000000")
PG_VERSION = b"E\x00\x00\x00\x17SFATAL\0C0A000\0Mno\0\0"
DIALECTS = {
    "smtp": Dialect((b"", b"220-more\r\n"), b"502 5.5.1 no\r\n", b"454 4.7.0 not now\r\n", b"250 injected\r\n", MAIL),
    "lmtp": Dialect((b"", b"220-more\r\n"), b"502 5.5.1 no\r\n", b"454 4.7.0 not now\r\n", b"250 injected\r\n", MAIL),
    "imap": Dialect(
        (b"a CAPABILITY\r\n", b"* CAPABILITY MORE\r\n"), b"b NO no\r\n", b"b NO [UNAVAILABLE] not now\r\n", b"* injected\r\n",
        (b"", b"* BYE\r\nd OK bye\r\n", b"c OK done\r\n"),
    ),
    "pop3": Dialect(
        (b"CAPA\r\n", b"+OK\r\n"), b"-ERR no\r\n", b"-ERR [SYS/TEMP] not now\r\n", b"+OK injected\r\n",
        (b"", b"+OK bye\r\n", b"-ERR no\r\n"),
    ),
    "ftp": Dialect(
        (b"", b"220-more\r\n more\r\n"), b"530 no\r\n", b"431 not now\r\n", b"200 injected\r\n",
        (b"", b"221 Goodbye.\r\n", b"530 log in\r\n"),
    ),
    "nntp": Dialect(
        (b"CAPABILITIES\r\n", b"101 more\r\n"), b"580 no\r\n", b"400 not now\r\n", b"200 injected\r\n",
        (b"", b"205 Bye!\r\n", b"111 20261123000000\r\n"),
    ),
    "sieve": Dialect(
        (b"", b'"MORE"\r\n'), b"NO\r\n", b'NO (TRYLATER) "not now"\r\n', b"OK injected\r\n",
        (b'"IMPLEMENTATION" "x"\r\nOK\r\n', b"OK\r\n", b"OK\r\n"),
    ),
    "xmpp-client": Dialect((None, b"<more/>"), XMPP_FAILURE, None, b"<injected/>"),
    "xmpp-server": Dialect((None, b"<more/>"), XMPP_FAILURE, None, b"<injected/>"),
    "ldap": Dialect((None, b"0\x84\x7f\xff\xff\xff"), LDAP % 1, LDAP % 52, b"0"),
    "rdp": Dialect((None, b"\x03\x00\xff\xff"), RDP_FAILURE, None, b"\x03"),
    "postgresql": Dialect(
        (None, b"R"), b"N", b"E", b"R", (b"", PG_VERSION, PG_VERSION)
    ),
    "mysql": Dialect((b"", b"\xff\xff\xff\x00"), None, b"\x10\x00\x00\x00\xff\x10\x04too many conns", b"\x00"),
}


class Closed(Exception):
    pass


class Double:
    """One port: a recording, and how it is spoilt."""

    def __init__(self, path, variant, context):
        self.dialect = DIALECTS[re.sub(r"\..*", "", pathlib.Path(path).name)]
        self.variant, self.number = re.fullmatch(r"([a-z-]+)(\d*)", variant).groups()
        self.context, self.answers, self.tls = context, {}, set()
        self.read(path)
        # What is answered last before TLS; MySQL's server only greets.
        self.last = next((said for said in self.tls if self.answers[said]), b"")

    def read(self, path):
        said = None
        for line in pathlib.Path(path).read_text("ascii").splitlines():
            if line.startswith(">"):
                said = unescape(line[2:])
                self.answers[said] = b""
            elif line.startswith("<"):
                self.answers[said] += unescape(line[2:])
            elif line == "= tls":
                self.tls.add(said)

    def spoilt(self, said, step):
        """What is said, and whether it is the last."""
        answer, variant = self.answers[said], self.variant
        first = self.dialect.endless[0]
        if variant == "garbage" and step == 0:
            return bytes(range(128, 256)) * 8, True
        if variant == "long" and step == 0:
            return b"2" * 70000, True
        if variant in ("close", "half") and step == int(self.number):
            return answer[: len(answer) // 2] if variant == "half" else b"", True
        if variant == "refuse" and said == self.last:
            return self.dialect.refusal, True
        if variant == "later" and said == self.last:
            return self.dialect.later, True
        if variant == "inject" and said == self.last:
            return answer + self.dialect.injected, False
        if variant == "endless" and (said == first or (first is None and step == 0)):
            return None, True
        return answer, False

    def say(self, client, answer):
        if answer is None:
            for _ in range(100000):
                client.sendall(self.dialect.endless[1])
        elif self.variant == "drip":
            for byte in answer:
                client.sendall(bytes([byte]))
                time.sleep(0.0005)
        else:
            client.sendall(answer)

    def heard(self, client):
        """The next thing that the client says and the recording knows; nothing
        more of what it sent is taken, TLS may begin there."""
        for _ in range(1000):
            waiting = client.recv(4096, socket.MSG_PEEK)
            if not waiting:
                raise Closed
            for said in sorted(self.answers, key=len, reverse=True):
                if said and waiting.startswith(said):
                    client.recv(len(said))
                    return said
            time.sleep(0.002)
        print("unknown words:", waiting, flush=True)
        raise Closed

    def go_on_in_tls(self, client):
        behind = b""
        waiting = client.recv(4096, socket.MSG_PEEK)
        if waiting and waiting[0] not in (0x16, 0x80):
            behind = client.recv(len(re.match(rb"[^\x16]*", waiting)[0]))
        with self.context.wrap_socket(client, server_side=True) as within:
            within.sendall(self.dialect.greeting)
            if behind and self.variant == "vulnerable":
                within.sendall(self.dialect.other)
            if within.recv(100) and self.dialect.farewell:
                within.sendall(self.dialect.farewell)

    def converse(self, client):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.settimeout(20)
        step = 0
        said = b""
        while True:
            if self.answers.get(said):
                answer, last = self.spoilt(said, step)
                step += 1
                self.say(client, answer)
                if last:
                    client.shutdown(socket.SHUT_WR)
                    client.recv(4096)
                    return
            if said in self.tls:
                self.go_on_in_tls(client)
                return
            said = self.heard(client)

    def serve(self, listener):
        def one(client):
            with client:
                try:
                    self.converse(client)
                except (OSError, ssl.SSLError, Closed):
                    pass

        while True:
            threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()


def replay(certificate, key, *words):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for word in words:
        port, _, rest = word.partition("=")
        path, _, variant = rest.partition(":")
        listener = socket.create_server(("", int(port)), backlog=64)
        double = Double(path, variant, context)
        threading.Thread(target=double.serve, args=(listener,), daemon=True).start()
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    {"record": record, "replay": replay}[sys.argv[1]](*sys.argv[2:])
