#!/usr/bin/python3
"""A test server that means harm, one behaviour to a port.

usage: hostile.py list
       hostile.py serve FIRST-PORT CERTIFICATE KEY HOST [COPIES]

list   prints the table: name, verdict that must come out, STARTTLS dialect or "-".
serve  listens on FIRST-PORT and those after it, in the table's order, with this
       certificate, which is good: a peer is refused for what it does. Prints
       "ready". With COPIES that many ports, the quiet ones of the table in turn.
"""

import asyncio
import functools
import re
import socket
import ssl
import struct
import sys
import zlib

from cryptography.hazmat.primitives import serialization

from hostile_tls import *

FLOOD = 64 * 1024


class Peer:
    """One connection, and what all of them share."""

    site = None

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.socket = writer.get_extra_info("socket")
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def say(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def record(self):
        head = await self.reader.readexactly(5)
        return head + await self.reader.readexactly(int.from_bytes(head[3:5], "big"))

    async def hello(self):
        """The client's; whoever asks for SSLv2 is hung up on, as by a good server."""
        data = await self.record()
        if data[0] != HANDSHAKE:
            raise EOFError
        return ClientHello(data[5:])

    async def hold(self):
        while await self.reader.read(4096):
            pass

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


# --- what is done after, or instead of, saying something ------------------------


async def RESET(peer, _):
    peer.reset()


async def HOLD(peer, _):
    await peer.hold()


async def HALF(peer, _):
    """Nothing more comes, and all is still taken."""
    peer.writer.write_eof()
    await peer.hold()


async def DEAF(peer, _):
    """Never reads: its window closes when its buffer, the smallest there is, is full."""
    peer.writer.transport.pause_reading()
    await asyncio.sleep(3600)


def forever(data):
    async def run(peer, _):
        much = data * (FLOOD // len(data) + 1)
        while True:
            await peer.say(much)

    return run


def each(data, pause):
    """`data` again and again, a pause between."""

    async def run(peer, _):
        while True:
            await peer.say(data)
            await asyncio.sleep(pause)

    return run


def drip(data, pause=0.2):
    async def run(peer, hello):
        while True:
            for byte in data(hello) if callable(data) else data:
                await peer.say(bytes([byte]))
                await asyncio.sleep(pause)

    return run


async def perform(peer, steps, hello=None):
    for step in steps:
        if asyncio.iscoroutinefunction(step):
            await step(peer, hello)
        else:
            await peer.say(step(hello) if callable(step) else step)


def at_once(*steps):
    return lambda peer: perform(peer, steps)


def after(*steps):
    async def run(peer):
        await perform(peer, steps, await peer.hello())

    return run


# --- handshakes of TLS 1.2 that are right but for one thing ---------------------


def twelve(first=None, last=None):
    """OpenSSL answers; its first flight, and what ends the handshake, go through these:
    bytes in, bytes or steps out."""

    async def run(peer):
        engine = Engine(peer.site.context)
        while data := await peer.reader.read(16384):
            answer, more = engine.answer(data)
            change = first if is_flight(answer) else last if engine.done and answer else None
            answer = change(answer) if change else answer
            await perform(peer, (answer,) if isinstance(answer, bytes) else answer)
            if not more and not engine.done:
                return

    return run


def cut(size, *then):
    """The flight's first bytes; a negative size leaves out its last ones."""
    return twelve(lambda flight: (flight[: size(flight) if callable(size) else size], *then))


def within(kind):
    """The middle of the first message of this kind."""

    def find(flight):
        return flight.index(messages(flight)[kind]) + len(messages(flight)[kind]) // 2

    return find


def rewrite(change):
    """The flight's messages, by their types, after `change`."""
    return twelve(lambda flight: flight_of(change(messages(flight))))


def offset(kind, *path):
    """Where a length is in a message of this kind: its place and its size."""

    def find(flight):
        at = flight.index(messages(flight)[kind])
        for step in path[:-1]:
            at += step if isinstance(step, int) else step(flight, at)
        return at, path[-1]

    return find


def session_end(flight, at):
    return 1 + flight[at] + 3


# As they are in the flight of a TLS 1.2 server with an ECDSA certificate.
LENGTHS = {
    "record": lambda flight: (3, 2),
    "hello": offset(2, 1, 3),
    "session-id": offset(2, 38, 1),
    "extensions": offset(2, 38, session_end, 2),
    "extension": offset(2, 38, session_end, 4, 2),
    "certificate-record": lambda flight: (flight.index(messages(flight)[11]) - 2, 2),
    "certificates": offset(11, 1, 3),
    "certificate-list": offset(11, 4, 3),
    "certificate": offset(11, 7, 3),
    "certificate-der": offset(11, 12, 2),
    "certificate-tbs": offset(11, 16, 2),
    "key-exchange": offset(12, 1, 3),
    "key-point": offset(12, 7, 1),
    "key-signature": offset(12, 7, lambda flight, at: 1 + flight[at] + 2, 2),
    "done": offset(14, 1, 3),
}
# Without them there is no ServerHello.
UNREAD = ("record", "hello", "session-id", "extensions", "extension")
WRONG = {
    "short": lambda value, most: value - 1 if value else most - 1,
    "long": lambda value, most: value + 1,
    "zero": lambda value, most: 0,
    "most": lambda value, most: most,
}


def wrong(data, where, how):
    at, size = where
    value, most = int.from_bytes(data[at : at + size], "big"), (1 << 8 * size) - 1
    return data[:at] + (how(value, most) & most).to_bytes(size, "big") + data[at + size :]


def wrong_length(field, how):
    return twelve(lambda flight: wrong(flight, LENGTHS[field](flight), WRONG[how]))


# --- TLS 1.3 --------------------------------------------------------------------


def thirteen(make, *then):
    """`make` has the messages of a good server's flight and says what is sent. Everything
    else is answered as by a server that speaks nothing but TLS 1.3."""

    async def run(peer):
        hello = await peer.hello()
        if not hello.offers_13():
            return await peer.say(alert(2, 70))
        if 0x1301 not in hello.suites or 29 not in hello.groups() or not hello.takes_ecdsa():
            return await peer.say(alert(2, 40))
        if not hello.share(29):
            extensions = extension(43, b"\x03\x04") + extension(51, struct.pack(">H", 29))
            await peer.say(record(HANDSHAKE, server_hello(0x1301, extensions, session=hello.session, random=RETRY)))
            return await peer.hold()
        site = peer.site
        flight = Tls13(hello, site.chain, site.key)
        said = make(flight)
        await perform(peer, ((said,) if isinstance(said, bytes) else said) + then)
        await peer.hold()

    return run


def endless(flight, kind, body):
    """Protected records without an end, each with its own number."""

    async def run(peer, _):
        while True:
            await peer.say(b"".join(flight.sealed.record(kind, body) for _ in range(64)))

    return run


def chain(make):
    """A whole and good handshake by this chain."""
    made = functools.cache(make)

    def replace(flight):
        flight.chain = made(Peer.site)
        return flight.whole()

    return thirteen(replace)


def stranger(behind):
    """A whole and good handshake by a chain of its own, and what follows it."""

    def make(flight):
        flight.chain = [forge(Peer.site.key, Peer.site.host)]
        whole, more = flight.whole(), behind(flight)
        return (whole, *(more if isinstance(more, tuple) else (more,)))

    return thirteen(make)


def hello_13(change):
    """Its ServerHello otherwise, and the rest as it would have been."""

    def make(flight):
        flight.hello = change(flight.hello)
        return flight.begin() + flight.proof() + flight.send(flight.finished())

    return thirteen(make)


LENGTHS_13 = {
    "session-id": lambda hello: (38, 1),
    "extensions": lambda hello: (38 + 1 + hello[38] + 3, 2),
    "versions": lambda hello: (38 + 1 + hello[38] + 3 + 4, 2),
    "share": lambda hello: (38 + 1 + hello[38] + 3 + 6 + 4, 2),
    "key": lambda hello: (38 + 1 + hello[38] + 3 + 6 + 8, 2),
}


def retry(hello, group):
    extensions = extension(43, b"\x03\x04") + (extension(51, struct.pack(">H", group)) if group else b"")
    return record(HANDSHAKE, server_hello(hello.suites[0], extensions, session=hello.session, random=RETRY))


async def RETRIES(peer, hello):
    """HelloRetryRequest, whatever comes, of another group each time."""
    for group in (23, 24, 25, 30, 256) * 1000:
        await peer.say(retry(hello, group))
        await peer.record()


def chosen(hello, suite=None, version=0x0303, extensions=b"", **more):
    suites = [each for each in hello.suites if each not in (0x00FF, 0x5600)]
    return record(HANDSHAKE, server_hello(suites[0] if suite is None else suite, extensions, version, **more))


BOMB = struct.pack(">H", 1) + b"\xff\xff\xff" + vector(3, zlib.compress(bytes(1 << 24), 9))
MANY = b"".join(extension(1000 + i, b"") for i in range(12000))


def compressed(flight):
    """RFC 8879, which nobody asked for: a bomb of zeros."""
    return flight.begin() + flight.send(flight.encrypted_extensions(), message(25, BOMB))


# --- certificates ---------------------------------------------------------------

P256 = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
LINE = b"\x1b]0;owned\x07\x1b[2J\x1b[1;1H\xc2\x9b31m\x08\x7f"
ESCAPES = LINE + b"\r\n\x00pass"
BIDI = "\u202egnitset\u202c\u2066\u200b\u200f\ufeff\u2028\u00ad\U000e0041".encode()
FILLER = "1.3.6.1.4.1.99999.1"


def nested(depth, tag=0x30):
    """A SEQUENCE in a SEQUENCE, as deep as that."""
    body = b""
    for _ in range(depth):
        body = tlv(tag, body)
    return body


def forged(**parts):
    return lambda site: [forge(site.key, site.host, **parts)]


def filler(size):
    return alternatives(b"www.example.com") + certificate_extension(FILLER, bytes(size))


def issuers(count, public=None, signature=0):
    """A chain in which everybody is named as issued by the next; with an RSA key, whose
    signatures have so many bytes."""

    def make(site):
        parts = {"public": public, "signature": bytes(signature - 1) + b"\5", "algorithm": RSA_SHA256} if public else {}
        authority = certificate_extension("2.5.29.19", sequence(tlv(1, b"\xff")), True)
        return [
            forge(
                site.key, site.host, subject=name(b"n%d" % i), issuer=name(b"n%d" % (i + 1)), serial=i + 1,
                extensions=alternatives(site.host) if i == 0 else authority, **parts,
            )
            for i in range(count)
        ]

    return make


def loop(site):
    """Two that issued each other, again and again: all have the same names."""
    authority = certificate_extension("2.5.29.19", sequence(tlv(1, b"\xff")), True)
    return [
        forge(
            site.key, site.host, subject=name(b"a"), issuer=name(b"a"), serial=i + 1,
            extensions=alternatives(site.host) if i == 0 else authority,
        )
        for i in range(60)
    ]


def constraints(count):
    """As many name constraints as names (CVE-2021-44533's and Go's quadratic ones)."""

    def make(site):
        trees = sequence(
            tlv(0xA0, *(sequence(tlv(0x82, b"x%d.example" % i)) for i in range(count))),
            tlv(0xA1, *(sequence(tlv(0x82, b"y%d.example" % i)) for i in range(count))),
        )
        authority = certificate_extension("2.5.29.19", sequence(tlv(1, b"\xff")), True)
        names = alternatives(*(b"x%d.example" % (i % count) for i in range(count)))
        return [
            forge(site.key, site.host, issuer=name(b"ca"), extensions=names),
            forge(site.key, site.host, subject=name(b"ca"), issuer=name(b"ca"), extensions=authority + certificate_extension("2.5.29.30", trees, True)),
        ]

    return make


def policies(depth):
    """CVE-2023-0464: a policy tree that doubles at every level."""

    def make(site):
        authority = certificate_extension("2.5.29.19", sequence(tlv(1, b"\xff")), True)
        listed = certificate_extension("2.5.29.32", sequence(sequence(oid("1.2.3.1")), sequence(oid("1.2.3.2"))))
        mapped = certificate_extension(
            "2.5.29.33",
            sequence(*(sequence(oid("1.2.3.%d" % a), oid("1.2.3.%d" % b)) for a in (1, 2) for b in (1, 2))),
        )
        return [
            forge(
                site.key, site.host, subject=name(b"p%d" % i), issuer=name(b"p%d" % (i + 1)), serial=i + 1,
                extensions=(alternatives(site.host) if i == 0 else authority + mapped) + listed,
            )
            for i in range(depth)
        ]

    return make


def unsolvable():
    """CVE-2022-0778: a compressed point on a curve whose prime is none."""
    return ec_key(explicit_curve(697, b"\0", b"\x00\x17", b"\x02\x07", N256), b"\x02" + bytes(1) + b"\x07")


HUGE = (1 << 16383) | 1
MORE = (1 << 32767) | 1
MOST = (1 << 3071) | 1  # up to here OpenSSL takes any exponent

# --- STARTTLS -------------------------------------------------------------------

# What a server may say again and again before it upgrades.
GREETINGS = {
    "smtp": b"220-more\r\n", "lmtp": b"220-more\r\n", "imap": b"* OK more\r\n", "pop3": b"+OK more",
    "ftp": b"220-more\r\n more\r\n", "nntp": b"200-more\r\n", "sieve": b'"MORE"\r\n', "xmpp-client": b"<more/>",
    "xmpp-server": b"<stream:features><more/>", "ldap": b"0\x84\x7f\xff\xff\xff", "rdp": b"\x03\x00\xff\xff",
    "postgresql": b"R", "mysql": b"\xff\xff\xff\x00",
}


def refusing(*talk):
    """What it says first, and after each thing that it hears."""

    async def run(peer):
        for line in talk:
            await peer.say(line)
            if not await peer.reader.read(4096):
                return
        await peer.hold()

    return run


# --- the table ------------------------------------------------------------------

# A whole ServerHello that nothing good follows has been an offer, and fails; what never
# was one, or ends in silence, is inconclusive.
F, I = "fail", "inconclusive"
EITHER = f"{F}/{I}"  # how far it comes before its time is up decides
TABLE = [
    # Nothing, and as little as possible.
    ("silence", I, at_once(HOLD)),
    ("close-at-once", I, at_once()),
    ("reset-at-once", I, at_once(RESET)),
    ("half-close-at-once", I, at_once(HALF)),
    ("deaf", I, at_once(DEAF)),
    ("close-after-hello", I, after()),
    ("reset-after-hello", I, after(RESET)),
    ("silence-after-hello", I, after(HOLD)),
    ("half-close-after-hello", I, after(HALF)),
    ("drip", I, at_once(drip(bytes(200)))),
    ("drip-server-hello", I, after(drip(chosen))),
    ("drip-warnings", I, after(drip(alert(1, 112)))),
    ("drip-text", EITHER, at_once(drip(b"hello "))),
    # Every stage of a handshake that would have been good.
    ("reset-mid-server-hello", I, cut(within(2), RESET)),
    ("reset-mid-certificate", F, cut(within(11), RESET)),
    ("reset-mid-key-exchange", F, cut(within(12), RESET)),
    ("reset-after-done", F, twelve(lambda flight: (flight, RESET))),
    ("reset-after-finished", F, twelve(None, lambda _: (RESET,))),
    ("reset-mid-finished", F, twelve(None, lambda end: (end[:20], RESET))),
    ("close-mid-server-hello", I, cut(within(2))),
    ("silence-mid-server-hello", I, cut(within(2), HOLD)),
    ("silence-mid-certificate", I, cut(within(11), HOLD)),
    ("silence-before-done", I, cut(-9, HOLD)),
    ("silence-after-finished", I, twelve(None, lambda _: (HOLD,))),
    ("half-close-mid-certificate", F, cut(within(11), HALF)),
    ("half-close-after-done", F, twelve(lambda flight: (flight, HALF))),
    ("drip-flight", I, twelve(lambda flight: (drip(flight),))),
    ("drip-finished", I, twelve(None, lambda end: (drip(end),))),
    # What is no TLS.
    ("garbage", I, at_once(bytes(range(128, 256)) * 8)),
    ("garbage-after-hello", I, after(bytes(range(256)) * 64, HOLD)),
    ("garbage-flood", I, after(forever(bytes(range(128, 256))))),
    ("text-flood", I, after(forever(b"HTTP/1.1 400 no\r\n"))),
    ("one-endless-line", I, after(forever(b"A"))),
    ("zeros-flood", I, at_once(forever(bytes(1024)))),
    ("echo", I, after(lambda hello: record(HANDSHAKE, hello.raw), HOLD)),
    ("ssl2-flood", I, at_once(forever(b"\x80\x04\x04\x00\x01\x00"))),
    # Records.
    ("warnings-flood", I, after(forever(alert(1, 112)))),
    ("close-notify-flood", I, after(forever(alert(1, 0)))),
    ("empty-records-flood", I, after(forever(record(HANDSHAKE, b"")))),
    ("empty-data-flood", I, after(forever(record(DATA, b"")))),
    ("data-flood", I, after(forever(record(DATA, bytes(16384))))),
    ("change-cipher-spec-flood", I, after(forever(record(CCS, b"\x01")))),
    ("heartbeat-flood", I, after(forever(record(HEARTBEAT, b"\x01\x00\x10" + bytes(32))))),
    ("unknown-records-flood", I, after(forever(record(99, bytes(16))))),
    ("unknown-alerts-flood", I, after(forever(alert(7, 222)))),
    ("record-too-long", I, after(b"\x16\x03\x03\x40\x01" + bytes(16385), HOLD)),
    ("record-longest-length", I, after(b"\x16\x03\x03\xff\xff" + bytes(70000), HOLD)),
    ("record-whole-16k", I, after(record(HANDSHAKE, b"\x02\x00\x3f\xfc" + bytes(16380)), HOLD)),
    ("record-beyond-16k-in-flight", F, twelve(lambda flight: flight + record(HANDSHAKE, bytes(18000)))),
    ("record-version-wild", I, after(lambda hello: b"\x16\x07\x77" + chosen(hello)[3:], HOLD)),
    ("records-of-a-byte", I, after(lambda hello: fragments(chosen(hello)[5:40] * 400, 1), HOLD)),
    ("records-of-a-byte-slowly", I, after(b"\x16\x03\x03\x00\x01\x02", each(record(HANDSHAKE, b"\0"), 0.001))),
    ("warning-after-hello-drip", F, after(lambda hello: chosen(hello, 0xC02B), each(alert(1, 112), 0.001))),
    ("empty-records-in-flight", I, twelve(lambda flight: record(HANDSHAKE, b"") * 2000 + flight)),
    ("warnings-in-flight", F, twelve(lambda flight: flight[:-9] + alert(1, 112) * 2000 + flight[-9:])),
    ("change-cipher-spec-early", F, twelve(lambda flight: flight[:-9] + record(CCS, b"\x01") + flight[-9:])),
    ("change-cipher-spec-long", F, twelve(None, lambda end: record(CCS, b"\x01" * 300) + end[6:])),
    ("finished-garbled", F, twelve(None, lambda end: end[:-1] + bytes([end[-1] ^ 1]))),
    ("finished-plain", F, twelve(None, lambda end: end[:6] + record(HANDSHAKE, message(20, bytes(12))))),
    ("data-before-finished", F, twelve(None, lambda end: record(DATA, b"hello") + end)),
    ("data-after-close-notify", I, after(alert(1, 0) + record(DATA, bytes(100)), forever(record(DATA, bytes(100))))),
    # Handshake messages.
    ("hello-request-flood", I, after(forever(record(HANDSHAKE, message(0))))),
    ("hello-request-flood-in-flight", I, twelve(lambda flight: (flight[:-9], forever(record(HANDSHAKE, message(0)))))),
    ("hello-requests-behind-flight", I, twelve(None, lambda _: (forever(record(HANDSHAKE, message(0))),))),
    ("hello-requests-slowly", I, twelve(lambda flight: (flight[:-9], each(record(HANDSHAKE, message(0)), 0.01)))),
    ("server-hello-flood", F, after(lambda hello: chosen(hello) * 2000, HOLD)),
    ("server-hello-endless", I, after(record(HANDSHAKE, b"\x02\xff\xff\xff\x03\x03"), forever(record(HANDSHAKE, bytes(16384))))),
    ("server-hello-in-pieces", I, after(record(HANDSHAKE, b"\x02\x00\x3f\xff\x03\x03"), forever(record(HANDSHAKE, bytes(64))))),
    ("two-server-hellos", F, rewrite(lambda parts: [parts[2], parts[2], parts[11], parts[12], parts[14]])),
    ("server-hello-then-client-hello", F, rewrite(lambda parts: [parts[2], message(1, bytes(40))])),
    ("two-certificates", F, rewrite(lambda parts: [parts[2], parts[11], parts[11], parts[12], parts[14]])),
    ("no-certificate", F, rewrite(lambda parts: [parts[2], parts[12], parts[14]])),
    ("no-key-exchange", F, rewrite(lambda parts: [parts[2], parts[11], parts[14]])),
    ("order-reversed", I, rewrite(lambda parts: [parts[14], parts[12], parts[11], parts[2]])),
    ("certificate-status-bomb", F, rewrite(lambda parts: [parts[2], parts[11], message(22, b"\x01", vector(3, bytes(60000))), parts[12], parts[14]])),
    ("certificate-request-bomb", F, rewrite(lambda parts: [parts[2], parts[11], parts[12], message(13, b"\xff", bytes(255), vector(2, b"\x04\x03" * 8000), vector(2, vector(2, nested(300)) * 40)), parts[14]])),
    ("new-session-ticket-huge", F, twelve(None, lambda end: record(HANDSHAKE, message(4, bytes(4), vector(2, bytes(16000)))) + end)),
    ("unknown-message", F, rewrite(lambda parts: [parts[2], message(99, bytes(50)), parts[11], parts[12], parts[14]])),
    ("message-announced-16m", F, rewrite(lambda parts: [parts[2], b"\x0b\xff\xff\xff" + bytes(60000)])),
    ("messages-of-a-byte", I, twelve(lambda flight: (fragments(b"".join(messages(flight).values())[:-4], 1), HOLD))),
    ("key-signature-wrong", F, rewrite(lambda parts: [parts[2], parts[11], parts[12][:-1] + bytes([parts[12][-1] ^ 1]), parts[14]])),
    ("key-point-off-curve", F, rewrite(lambda parts: [parts[2], parts[11], parts[12][:8] + bytes([parts[12][8] ^ 1]) + parts[12][9:], parts[14]])),
    ("key-curve-unknown", F, rewrite(lambda parts: [parts[2], parts[11], parts[12][:5] + b"\xfe\xfe" + parts[12][7:], parts[14]])),
    ("key-curve-explicit", F, rewrite(lambda parts: [parts[2], parts[11], message(12, b"\x01", vector(1, b"\xff" * 255), bytes(2000)), parts[14]])),
    # Choices that nobody offered.
    ("suite-unoffered", F, after(lambda hello: chosen(hello, 0xFEFE), HOLD)),
    ("suite-null", F, after(lambda hello: chosen(hello, 0x0000), HOLD)),
    ("suite-scsv", F, after(lambda hello: chosen(hello, 0x00FF), HOLD)),
    ("suite-of-13-in-12", F, after(lambda hello: chosen(hello, 0x1301), HOLD)),
    ("version-unoffered", F, after(lambda hello: chosen(hello, version=0x0305), HOLD)),
    ("version-wild", F, after(lambda hello: chosen(hello, version=0x7F1C), HOLD)),
    ("version-ssl2-in-hello", I, after(lambda hello: chosen(hello, version=0x0002), HOLD)),
    ("compression-unoffered", F, after(lambda hello: chosen(hello, compression=1), HOLD)),
    ("extension-unoffered", F, after(lambda hello: chosen(hello, extensions=extension(0x7777, b"x")), HOLD)),
    ("extension-twice", F, after(lambda hello: chosen(hello, extensions=extension(23, b"") * 2), HOLD)),
    ("extensions-thousands", F, after(lambda hello: fragments(chosen(hello, extensions=MANY[:16000])[5:], 16384), HOLD)),
    ("alpn-unoffered", F, after(lambda hello: chosen(hello, extensions=extension(16, vector(2, vector(1, ESCAPES)))), HOLD)),
    ("session-id-other", F, hello_13(lambda hello: hello[:38] + vector(1, b"\x55" * 32) + hello[39 + hello[38] :])),
    ("session-id-too-long", I, after(lambda hello: chosen(hello, session=bytes(255)), HOLD)),
    # TLS 1.3.
    ("retry-loop", F, after(RETRIES)),
    ("retry-same-group", F, after(lambda hello: retry(hello, 29), lambda hello: retry(hello, 29), HOLD)),
    ("retry-group-unoffered", F, after(lambda hello: retry(hello, 0xFEFE), HOLD)),
    ("retry-flood", F, after(lambda hello: retry(hello, 23) * 2000, HOLD)),
    ("tls13-share-unoffered", F, after(lambda hello: chosen(hello, 0x1301, extensions=extension(43, b"\x03\x04") + extension(51, struct.pack(">H", 0xFEFE) + vector(2, bytes(32))), session=hello.session), HOLD)),
    ("tls13-share-zero", F, after(lambda hello: chosen(hello, 0x1301, extensions=extension(43, b"\x03\x04") + extension(51, struct.pack(">H", 29) + vector(2, bytes(32))), session=hello.session), HOLD)),
    ("tls13-plain-flight", F, thirteen(lambda flight: record(HANDSHAKE, flight.hello) + record(HANDSHAKE, flight.encrypted_extensions() + flight.certificate()))),
    ("tls13-reset-after-hello", F, thirteen(lambda flight: (flight.begin(), RESET))),
    ("tls13-reset-before-finished", F, thirteen(lambda flight: (flight.begin() + flight.proof(), RESET))),
    ("tls13-silence-before-verify", I, thirteen(lambda flight: flight.begin() + flight.send(flight.encrypted_extensions(), flight.certificate()))),
    ("tls13-verify-wrong", F, thirteen(lambda flight: flight.begin() + flight.send(flight.encrypted_extensions(), flight.certificate()) + flight.send(flight.verify()[:-1] + b"x") + flight.send(flight.finished()))),
    ("tls13-finished-wrong", F, thirteen(lambda flight: flight.begin() + flight.proof() + flight.send(message(20, bytes(32))))),
    ("tls13-no-verify", F, thirteen(lambda flight: flight.begin() + flight.send(flight.encrypted_extensions(), flight.certificate()) + flight.send(flight.finished()))),
    ("tls13-no-certificate", F, thirteen(lambda flight: flight.begin() + flight.send(flight.encrypted_extensions()) + flight.send(flight.finished()))),
    ("tls13-certificate-compressed", F, thirteen(compressed)),
    ("tls13-ticket-before-finished", F, thirteen(lambda flight: (flight.begin() + flight.proof(), endless(flight, HANDSHAKE, message(4, bytes(8), vector(1, b"n"), vector(2, bytes(1000)), vector(2)))))),
    ("tls13-key-update-flood", F, thirteen(lambda flight: (flight.begin() + flight.proof(), endless(flight, HANDSHAKE, message(24, b"\x01"))))),
    ("tls13-empty-records", F, thirteen(lambda flight: (flight.begin(), endless(flight, HANDSHAKE, b"")))),
    ("tls13-change-cipher-spec-flood", F, thirteen(lambda flight: (flight.begin(), forever(record(CCS, b"\x01"))))),
    ("tls13-padding-alone", F, thirteen(lambda flight: flight.begin() + flight.sealed.record(0, b"", 16000))),
    ("tls13-extensions-thousands", F, thirteen(lambda flight: flight.begin() + flight.send(flight.encrypted_extensions(MANY)))),
    ("tls13-certificate-request-bomb", F, thirteen(lambda flight: flight.begin() + flight.send(flight.encrypted_extensions(), message(13, vector(1, bytes(255)), vector(2, extension(13, bytes(60000))))))),
    ("tls13-record-garbled", F, thirteen(lambda flight: flight.begin() + flight.proof()[:-1] + b"x")),
    ("tls13-bytes-of-records", I, thirteen(lambda flight: flight.begin() + flight.send(flight.encrypted_extensions(), flight.certificate(), size=1))),
    # Behind a good handshake, by somebody whom nobody trusts.
    ("tls13-tickets-behind", F, stranger(lambda flight: endless(flight, HANDSHAKE, message(4, bytes(8), vector(1, b"n"), vector(2, bytes(1000)), vector(2))))),
    ("tls13-key-updates-behind", F, stranger(lambda flight: endless(flight, HANDSHAKE, message(24, b"\x01")))),
    ("tls13-data-behind", F, stranger(lambda flight: endless(flight, DATA, bytes(16384)))),
    ("tls13-data-behind-close-notify", F, stranger(lambda flight: (flight.sealed.record(ALERT, b"\x01\0"), endless(flight, DATA, bytes(1000))))),
    ("tls13-reset-behind", F, stranger(lambda flight: RESET)),
    ("tls13-plain-text-behind", F, stranger(lambda flight: forever(ESCAPES))),
    # Certificates, in handshakes that are whole and good.
    ("certificates-of-12-far-over-limit", F, rewrite(lambda parts: [parts[2], message(11, vector(3, vector(3, bytes(1 << 20)))), parts[12], parts[14]])),
    ("certificate-none", F, chain(lambda site: [])),
    ("certificate-empty", F, chain(lambda site: [b""])),
    ("certificate-garbage", F, chain(lambda site: [bytes(range(256))])),
    ("certificate-trailing-garbage", F, chain(lambda site: [site.chain[0] + b"x", *site.chain[1:]])),
    ("certificates-thousand-empty", F, chain(lambda site: site.chain + [b""] * 5000)),
    ("chain-at-limit", F, chain(forged(extensions=filler(32000)))),
    ("chain-over-limit", F, chain(forged(extensions=filler(33000)))),
    ("chain-far-over-limit", F, chain(forged(extensions=filler(1 << 20)))),
    ("chain-hundred", F, chain(issuers(100))),
    ("chain-sixty", F, chain(issuers(60))),
    ("chain-seventeen", F, chain(issuers(17))),
    ("chain-same-name", F, chain(loop)),
    ("chain-self-repeated", F, chain(lambda site: forged()(site) * 60)),
    ("name-many-parts", F, chain(forged(subject=name(b"x", *[b"%d" % i for i in range(1500)])))),
    ("name-long", F, chain(forged(subject=name(b"x" * 30000)))),
    ("names-thousand", F, chain(forged(extensions=alternatives(*(b"n%d.example.com" % i for i in range(1500)))))),
    ("names-long", F, chain(forged(extensions=alternatives(*(b"x" * 2000 for _ in range(14)))))),
    ("names-nul", F, chain(forged(extensions=alternatives(b"www.example.com\0.evil.example")))),
    ("name-constraints-quadratic", F, chain(constraints(600))),
    ("policy-tree", F, chain(policies(14))),
    ("extensions-many", F, chain(forged(extensions=b"".join(certificate_extension("1.3.6.1.4.1.99999.%d" % i, b"") for i in range(1300))))),
    ("extension-repeated", F, chain(forged(extensions=alternatives(b"www.example.com") * 500))),
    ("der-nested", F, chain(forged(extensions=certificate_extension("2.5.29.17", nested(7000))))),
    ("der-nested-name", F, chain(forged(subject=nested(7000)))),
    ("der-nested-alone", F, chain(lambda site: [nested(7000)])),
    ("der-indefinite", F, chain(lambda site: [b"\x30\x80" * 15000])),
    ("der-length-of-length", F, chain(lambda site: [b"\x30\xfe" + b"\xff" * 126 + bytes(200)])),
    ("der-oid-endless", F, chain(forged(extensions=sequence(tlv(6, b"\xff" * 20000), tlv(4, b""))))),
    ("serial-huge", F, chain(forged(serial=1 << 200000))),
    ("dates-wild", F, chain(forged(dates=sequence(tlv(23, b"99"), tlv(24, b"99999999999999Z"))))),
    ("dates-escapes", F, chain(forged(dates=sequence(tlv(23, ESCAPES), tlv(24, ESCAPES))))),
    ("rsa-16k", F, chain(forged(public=rsa_key(HUGE, 65537)))),
    ("rsa-16k-huge-exponent", F, chain(forged(public=rsa_key(HUGE, HUGE - 2)))),
    ("rsa-32k", F, chain(forged(public=rsa_key(MORE, MORE - 2)))),
    ("rsa-even", F, chain(forged(public=rsa_key(1 << 2047, 2)))),
    ("rsa-zero", F, chain(forged(public=rsa_key(0, 0)))),
    ("rsa-16k-issuers", F, chain(issuers(6, rsa_key(HUGE, 65537), 2048))),
    ("rsa-3k-huge-exponent-issuers", F, chain(issuers(16, rsa_key(MOST, MOST - 2), 384))),
    ("curve-not-prime", F, chain(forged(public=unsolvable()))),
    ("curve-huge", F, chain(forged(public=ec_key(explicit_curve((1 << 4096) - 1, b"\x01" * 512, b"\x02" * 512, b"\x04" + bytes(1024), N256), b"\x04" + bytes(1024))))),
    ("curve-zero", F, chain(forged(public=ec_key(explicit_curve(0, b"", b"", b"", 0), b"")))),
    ("curve-own-generator", F, chain(forged(public=ec_key(explicit_curve(P256, b"\xff" * 32, b"\x07" * 32, b"\x04" + b"\x01" * 64, N256), b"\x04" + b"\x01" * 64)))),
    ("curve-unknown", F, chain(forged(public=ec_key(oid("1.2.3.4.5"), bytes(65))))),
    ("point-at-infinity", F, chain(forged(public=ec_key(oid("1.2.840.10045.3.1.7"), b"\0")))),
    ("signature-empty", F, chain(forged(signature=b""))),
    ("signature-huge", F, chain(forged(signature=sequence(integer(1 << 100000), integer(1 << 100000))))),
    # What a terminal would obey.
    ("escapes-in-subject", F, chain(forged(subject=name(ESCAPES), issuer=name(ESCAPES)))),
    ("escapes-in-names", F, chain(forged(extensions=alternatives(ESCAPES, b"www.example.com", BIDI)))),
    ("bidi-in-subject", F, chain(forged(subject=name(BIDI), issuer=name(BIDI)))),
    ("invalid-utf8-in-subject", F, chain(forged(subject=name(b"\xff\xfe\xc0\x80\xed\xa0\x80\xf8\x88"), issuer=name(b"\xc2")))),
    ("escapes-in-text", I, after(b"HTTP/1.1 " + LINE + b"\x9b", HOLD)),
    ("bidi-in-text", I, after(b"HTTP/1.1 " + BIDI + b"\r\n")),
    # Before TLS.
    *((f"greeting-flood-{dialect}", I, at_once(forever(line)), dialect) for dialect, line in GREETINGS.items()),
    *((f"greeting-drip-{dialect}", I, at_once(drip(line, 0.05)), dialect) for dialect, line in GREETINGS.items()),
    ("escapes-in-smtp", F, refusing(b"220 " + LINE + b"\r\n", b"250 " + BIDI + b"\r\n", b"502 " + LINE + BIDI + b"\r\n"), "smtp"),
    ("escapes-in-smtp-offer", F, refusing(b"220 x\r\n", b"250-x\r\n250 STARTTLS\r\n", b"502 " + LINE + BIDI + b"\r\n"), "smtp"),
    ("escapes-in-imap", F, refusing(b"* OK \x1b[2J\r\n", b"* CAPABILITY IMAP4rev1 STARTTLS\r\na OK\r\n", b"b NO " + LINE + BIDI + b"\r\n"), "imap"),
    ("escapes-in-pop3", F, refusing(b"-ERR " + LINE + BIDI + b"\r\n"), "pop3"),
    ("escapes-in-mysql", I, refusing(bytes([3 + len(LINE + BIDI)]) + b"\0\0\0\xff\x10\x04" + LINE + BIDI), "mysql"),
    ("escapes-in-postgresql", I, refusing(b"E" + ESCAPES + BIDI), "postgresql"),
    ("escapes-behind-upgrade", F, refusing(b"220 x\r\n", b"250-x\r\n250 STARTTLS\r\n", b"220 go\r\n" + LINE + BIDI), "smtp"),
    ("silence-after-upgrade", I, refusing(b"220 x\r\n", b"250-x\r\n250 STARTTLS\r\n", b"220 go\r\n"), "smtp"),
    # Wrong lengths, at every level of every message.
    *(
        (f"length-{field}-{how}", I if field in UNREAD and (field, how) != ("record", "long") else F, wrong_length(field, how))
        for field in LENGTHS
        for how in WRONG
        if (field, how) != ("done", "zero")
    ),
    *(
        (f"length-tls13-{field}-{how}", F if field == "key" else I, hello_13(lambda hello, field=field, how=how: wrong(hello, LENGTHS_13[field](hello), WRONG[how])))
        for field in LENGTHS_13
        for how in WRONG
    ),
    # None is hostile: without the one thing each of the others does, they pass.
    ("good-12", "pass", twelve()),
    ("good-13", "pass", thirteen(lambda flight: flight.whole())),
]
# Every so often somebody who says nothing, to tell how late this machine itself is.
CONTROLS = 24
for place in range(0, len(TABLE) + len(TABLE) // CONTROLS, CONTROLS):
    TABLE.insert(place, (f"control-{place // CONTROLS}", I, at_once(HOLD)))
# Who is waited for until the deadline and takes no processor: for fifty at once.
QUIET = (
    "silence", "deaf", "silence-after-hello", "drip", "drip-server-hello", "drip-warnings",
    "drip-text", "drip-flight", "silence-mid-certificate", "tls13-silence-before-verify",
)


class Site:
    def __init__(self, certificate, key, host):
        self.context, self.host = contexts(certificate, key), host.encode()
        with open(certificate, encoding="ascii") as pem:
            parts = re.findall("-----BEGIN.*?END CERTIFICATE-----", pem.read(), re.DOTALL)
        self.chain = [ssl.PEM_cert_to_DER_cert(part) for part in parts]
        with open(key, "rb") as pem:
            self.key = serialization.load_pem_private_key(pem.read(), None)


def listener(port, small):
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if small:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    listening.bind(("", port))
    return listening


async def serve(port, name, behaviour):
    async def one(reader, writer):
        try:
            await behaviour(Peer(reader, writer))
            await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    await asyncio.start_server(one, sock=listener(port, name == "deaf"), backlog=256)


async def main(first, certificate, key, host, copies=None):
    Peer.site = Site(certificate, key, host)
    rows = TABLE
    if copies:
        quiet = [row for row in TABLE if row[0] in QUIET]
        rows = [quiet[i % len(quiet)] for i in range(int(copies))]
    for i, row in enumerate(rows):
        await serve(int(first) + i, row[0], row[2])
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    if sys.argv[1] == "list":
        for row in TABLE:
            print(row[0], row[1], row[3] if len(row) > 3 else "-")
    else:
        asyncio.run(main(*sys.argv[2:]))
