#!/usr/bin/python3
"""Packets for the tests: servers that echo, probes that say what became of
them, connections that stay.

  packets.py serve tcp/22 udp/53 tcp/9000-9010 download/8080
      Answers on every local address, IPv4 and IPv6; prints "ready".
      TCP: a greeting, then echo. download: bytes without end. silent: takes
      connections and waits for the peer to speak, as a TLS server does.

  packets.py probe [SECONDS] < TABLE
      One line for each thing to try, all tried at once:
          open     tcp 10.1.2.3 -> 192.0.2.1:22,80 2001:db8::1:443
          shut     udp * -> [2001:db8::1]:9000-9003
          reset    tcp 10.1.2.3:4000 -> 192.0.2.1:25
          icmp     udp * -> 192.0.2.1:25
          open     ping fd00::5 -> 2001:db8::1
      The first word is what must become of it: "open" (an answer came),
      "connects" (TCP, from a server that does not speak first), "shut" (no
      answer), "reset" (a TCP RST), "icmp" (destination unreachable). Prints
      "ok ..." or "FAIL ..." for each. SECONDS: patience for an answer that
      must come.

  packets.py relay ADDRESS:PORT TARGET:PORT [INTERFACE]
      Passes every connection on, byte for byte; prints "ready". INTERFACE: its
      socket is bound to that.

  packets.py hold SOCKET SOURCE TARGET [download]
      Connects and stays; prints "ready".

  packets.py ask SOCKET
      Exit 0 when the connection held there still moves data.
"""

import asyncio
import errno
import os
import select
import selectors
import socket
import struct
import sys
import time

ANSWER = b"hello\n"
# A shut port is one that stays silent. Nobody retransmits within a second
# (TCP_TIMEOUT_INIT), so more time would only tell a slow machine from a shut
# port, and that is told apart differently: silence is counted from the moment
# at which every probe that must be answered was answered.
SILENCE = 0.3
# For an answer that must come.
PATIENCE = 5.0

IP_RECVERR, IPV6_RECVERR = 11, 25  # linux/in.h, linux/in6.h
SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6 = 2, 3  # linux/errqueue.h
IP_PKTINFO = 8
ICMP_ECHO, ICMPV6_ECHO, ICMP_REPLY, ICMPV6_REPLY = 8, 128, 0, 129


def port_list(text):
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


# --- servers ---------------------------------------------------------------


def serve_tcp(loop, port, kind):
    async def answer(reader, writer):
        try:
            if kind != "silent":
                writer.write(ANSWER)
            while kind == "download":
                writer.write(b"x" * 1000)
                await writer.drain()
                await asyncio.sleep(0.01)
            while chunk := await reader.read(65536):
                writer.write(chunk)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))
        listener.listen(512)
        loop.run_until_complete(asyncio.start_server(answer, sock=listener))


def serve_udp(loop, port):
    """The answer must come from the address that was asked: with a wildcard
    socket the kernel would choose another on a host that has several."""

    def answer(sock, level, kind):
        while True:
            try:
                message, ancillary, _, peer = sock.recvmsg(65536, 256)
            except OSError:
                return
            reply = []
            for _, _, info in ancillary:
                if level == socket.IPPROTO_IP:
                    _, _, asked = struct.unpack("@I4s4s", info)
                    info = struct.pack("@I4s4s", 0, asked, bytes(4))
                else:
                    info = info[:16] + struct.pack("@I", 0)
                reply.append((level, kind, info))
            try:
                sock.sendmsg([message], reply, 0, peer)
            except OSError:
                pass

    for family, address, level, ask, kind in (
        (socket.AF_INET, "0.0.0.0", socket.IPPROTO_IP, IP_PKTINFO, IP_PKTINFO),
        (socket.AF_INET6, "::", socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, socket.IPV6_PKTINFO),
    ):
        sock = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(level, ask, 1)
        sock.bind((address, port))
        sock.setblocking(False)
        loop.add_reader(sock, answer, sock, level, kind)


def serve(arguments):
    loop = asyncio.new_event_loop()
    for argument in arguments:
        kind, _, ports = argument.partition("/")
        for port in port_list(ports):
            if kind == "udp":
                serve_udp(loop, port)
            else:
                serve_tcp(loop, port, kind)
    print("ready", flush=True)
    loop.run_forever()


def relay(listen, target, interface=None):
    async def copy(reader, writer):
        try:
            while chunk := await reader.read(65536):
                writer.write(chunk)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def answer(reader, writer):
        address, port = split_endpoint(target)
        try:
            there = await asyncio.open_connection(address, int(port))
        except OSError:
            writer.close()
            return
        await asyncio.gather(copy(reader, there[1]), copy(there[0], writer))

    async def run():
        address, port = split_endpoint(listen)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if interface:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        listener.bind((address, int(port)))
        server = await asyncio.start_server(answer, sock=listener)
        print("ready", flush=True)
        await server.serve_forever()

    asyncio.run(run())


# --- probes ----------------------------------------------------------------


def split_endpoint(text):
    """ADDRESS, ADDRESS:PORTS or [ADDRESS]:PORTS; "*" is any address."""
    if text.startswith("["):
        address, _, rest = text[1:].partition("]")
        return address, rest[1:]
    if text.count(":") == 1:
        address, _, ports = text.partition(":")
        return address, ports
    return text, ""


def checksum(message):
    words = struct.unpack(f"!{len(message) // 2}H", message)
    total = sum(words)
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


class Probe:
    """One attempt; `fate` is None until it is known."""

    number = 0

    def __init__(self, wanted, kind, source, target, port):
        self.wanted, self.kind, self.fate, self.detail = wanted, kind, None, ""
        source_address, source_port = split_endpoint(source)
        self.family = socket.AF_INET6 if ":" in target else socket.AF_INET
        Probe.number += 1
        self.identity = Probe.number
        self.source = ("" if source_address == "*" else source_address, int(source_port or 0))
        self.target = (target, port)
        where = f"[{target}]" if ":" in target else target
        self.name = f"{kind} {source} -> {where}" + (f":{port}" if port else "")
        self.socket = None

    def start(self):
        kinds = {
            "tcp": (socket.SOCK_STREAM, 0),
            "udp": (socket.SOCK_DGRAM, 0),
            "ping": (
                socket.SOCK_RAW,
                socket.IPPROTO_ICMPV6 if self.family == socket.AF_INET6 else socket.IPPROTO_ICMP,
            ),
        }
        sock = self.socket = socket.socket(self.family, *kinds[self.kind])
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        try:
            if self.source != ("", 0):
                sock.bind(self.source)
            try:
                sock.connect(self.target)
            except BlockingIOError:
                pass
            if self.kind == "udp":
                sock.send(ANSWER)
            elif self.kind == "ping":
                sock.send(self.echo_request())
        except OSError as error:
            self.failed(error)

    def echo_request(self):
        kind = ICMPV6_ECHO if self.family == socket.AF_INET6 else ICMP_ECHO
        message = struct.pack("!BBHHH", kind, 0, 0, os.getpid() & 0xFFFF, self.identity)
        # The kernel fills in ICMPv6's checksum itself, RFC 3542 section 3.1.
        if self.family == socket.AF_INET:
            message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
        return message

    def is_reply(self, message):
        if self.kind != "ping":
            return bool(message)
        if self.family == socket.AF_INET:
            message = message[(message[0] & 15) * 4 :]
        kind, _, _, pid, identity = struct.unpack("!BBHHH", message[:8])
        reply = ICMPV6_REPLY if self.family == socket.AF_INET6 else ICMP_REPLY
        return kind == reply and pid == os.getpid() & 0xFFFF and identity == self.identity

    def failed(self, error):
        self.detail = os.strerror(error.errno)
        if self.from_icmp():
            self.fate = "icmp"
        elif error.errno in (errno.ECONNREFUSED, errno.ECONNRESET):
            self.fate = "reset" if self.kind == "tcp" else "icmp"
        elif error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES):
            self.fate = "icmp"
        else:
            self.fate = "error"

    def writable(self):
        code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self.failed(OSError(code, ""))
        else:
            self.fate = "connects"

    @property
    def event(self):
        """A server that does not speak first is silent, but not shut: only
        "open" waits for an answer, the rest of TCP for the handshake."""
        if self.kind == "tcp" and self.wanted != "open":
            return selectors.EVENT_WRITE
        return selectors.EVENT_READ

    def from_icmp(self):
        """Did a peer's ICMP message end it (ip(7), IP_RECVERR)?"""
        try:
            _, ancillary, _, _ = self.socket.recvmsg(512, 512, socket.MSG_ERRQUEUE)
        except OSError:
            return False
        for _, _, extended in ancillary:
            if len(extended) >= 16:
                _, origin, kind, code = struct.unpack("@IBBB", extended[:7])
                if origin in (SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6):
                    self.detail = f"icmp type {kind} code {code}"
                    return True
        return False

    def readable(self):
        try:
            message = self.socket.recv(2048)
        except BlockingIOError:
            # Only the error queue had something.
            code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                self.failed(OSError(code, ""))
            elif self.from_icmp():
                self.fate = "icmp"
            return
        except OSError as error:
            self.failed(error)
            return
        if self.is_reply(message):
            self.fate = "open"
        elif self.kind != "ping":
            self.fate, self.detail = "closed", "connected, but no answer"


def read_table(lines):
    fates = ("open", "connects", "shut", "reset", "icmp")
    for line in lines:
        words = line.split("#")[0].split()
        if not words:
            continue
        if len(words) < 5 or words[3] != "->":
            sys.exit(f"not a line of a table: {line!r}")
        wanted, kind, source, _, *targets = words
        if wanted not in fates or kind not in ("tcp", "udp", "ping"):
            sys.exit(f"not a line of a table: {line!r}")
        for target in targets:
            address, ports = split_endpoint(target)
            for port in port_list(ports) if ports else (0,):
                yield Probe(wanted, kind, source, address, port)


def probe(patience=PATIENCE):
    probes = list(read_table(sys.stdin))
    selector = selectors.DefaultSelector()
    for one in probes:
        one.start()
        if one.fate is None:
            selector.register(one.socket, one.event, one)
    end = time.monotonic() + float(patience)
    silent_since = time.monotonic()
    while time.monotonic() < end:
        waiting = [one for one in probes if one.fate is None]
        if not waiting:
            break
        if any(one.wanted != "shut" for one in waiting):
            silent_since = time.monotonic()
        elif time.monotonic() - silent_since >= SILENCE:
            break
        for key, event in selector.select(0.02):
            if event & selectors.EVENT_WRITE:
                key.data.writable()
            else:
                key.data.readable()
            if key.data.fate is not None:
                selector.unregister(key.fileobj)
    for one in probes:
        fate = one.fate or "shut"
        if fate == one.wanted:
            print(f"ok {one.wanted} {one.name}")
        else:
            detail = f" ({one.detail})" if one.detail else ""
            print(f"FAIL {one.name}: {fate}{detail}, not {one.wanted}")


# --- connections that stay -------------------------------------------------


def hold(path, source, target, download=""):
    address, port = split_endpoint(target)
    source_address, source_port = split_endpoint(source)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.settimeout(3)
    sock.bind(("" if source_address == "*" else source_address, int(source_port or 0)))
    sock.connect((address, int(port)))
    if not sock.recv(len(ANSWER)):
        sys.exit("closed before a greeting")
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    control.bind(path)
    control.listen(1)
    sock.setblocking(False)
    print("ready", flush=True)
    while True:
        # Keep a download running while nobody asks.
        readable, _, _ = select.select([control] + ([sock] if download else []), [], [])
        if sock in readable:
            try:
                if not sock.recv(65536):
                    download = ""
            except OSError:
                download = ""
        if control in readable:
            asker, _ = control.accept()
            asker.sendall(b"y" if moves(sock, bool(download)) else b"n")
            asker.close()


def moves(sock, download):
    """Data sent now comes back; a download goes on after what was in flight."""
    try:
        if download:
            end = time.monotonic() + 0.3
            while time.monotonic() < end:
                if select.select([sock], [], [], 0.05)[0] and not sock.recv(65536):
                    return False
        else:
            while select.select([sock], [], [], 0)[0]:
                if not sock.recv(65536):
                    return False
            sock.send(ANSWER)
        # The first retransmission of TCP comes after 200 ms at the earliest. Looks are
        # counted, not time: while all of us stand still, it is nobody's answer.
        for _ in range(40):
            if select.select([sock], [], [], 0.05)[0]:
                return bool(sock.recv(65536))
        return False
    except OSError:
        return False


def ask(path):
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    control.settimeout(5)
    control.connect(path)
    sys.exit(0 if control.recv(1) == b"y" else 1)


def main():
    command, *arguments = sys.argv[1:] or ("",)
    commands = {
        "serve": lambda *ports: serve(ports),
        "probe": probe,
        "relay": relay,
        "hold": hold,
        "ask": ask,
    }
    if command not in commands:
        sys.exit(__doc__)
    commands[command](*arguments)


if __name__ == "__main__":
    main()
