#!/usr/bin/python3
"""Servers for the intrusive questions that no real one can be had for, in bytes: they
speak TLS 1.2 up to the ClientKeyExchange, with a real RSA key and certificate.

usage: intrusive.py KEY CHAIN PORT=BEHAVIOUR...

Prints "ready" when all listen. What each does is its name's function; the oracles are
those of the ROBOT paper (Böck, Somorovsky, Young 2018, section 5), as far as its tables
say what was answered.
"""

import asyncio
import base64
import random
import re
import sys

SUITE = 0x002F


def pem(path, what):
    text = open(path, encoding="ascii").read()
    return [
        base64.b64decode(body)
        for body in re.findall(f"-----BEGIN {what}-----(.*?)-----END {what}-----", text, re.S)
    ]


def numbers(der):
    """The INTEGERs of an RSA key in DER, wherever they are (PKCS #1 or PKCS #8)."""
    found, at = [], 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(der[at : at + size], "big")
            at += size
        if tag == 2:
            found.append(int.from_bytes(der[at : at + length], "big"))
        if tag in (2, 5, 6):
            at += length  # else: look inside
    return [n for n in found if n >> 512 or n == 65537]


def record(kind, body, version=0x0303):
    return bytes([kind]) + version.to_bytes(2, "big") + len(body).to_bytes(2, "big") + body


def message(kind, body):
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def alert(description):
    return record(21, bytes([2, description]))


class Server:
    def __init__(self, key, chain):
        der = (pem(key, "PRIVATE KEY") or pem(key, "RSA PRIVATE KEY"))[0]
        self.modulus, _, self.exponent = numbers(der)[:3]
        self.size = (self.modulus.bit_length() + 7) // 8
        self.chain = pem(chain, "CERTIFICATE")

    def flight(self, heartbeat):
        extensions = b"\xff\x01\x00\x01\x00" + (b"\x00\x0f\x00\x01\x01" if heartbeat else b"")
        hello = b"\x03\x03" + bytes(32) + b"\x00" + SUITE.to_bytes(2, "big") + b"\x00"
        hello += len(extensions).to_bytes(2, "big") + extensions
        certificates = b"".join(len(c).to_bytes(3, "big") + c for c in self.chain)
        certificates = len(certificates).to_bytes(3, "big") + certificates
        return record(22, message(2, hello) + message(11, certificates) + message(14, b""))

    def block(self, cipher):
        """What a ClientKeyExchange holds, as bytes of the key's length."""
        number = int.from_bytes(cipher, "big")
        return pow(number, self.exponent, self.modulus).to_bytes(self.size, "big")


async def read(reader):
    head = await reader.readexactly(5)
    return head[0], await reader.readexactly(int.from_bytes(head[3:5], "big"))


def flaw(block):
    """Which rule of RFC 8017 section 7.2.2 or RFC 5246 section 7.4.7.1 it breaks."""
    zero = block.find(b"\x00", 2)
    if block[:2] != b"\x00\x02":
        return "start"
    if zero < 0:
        return "no zero"
    if len(block) - zero - 1 != 48:
        return "length"
    return None if block[zero + 1 : zero + 3] == b"\x03\x03" else "version"


async def exchange(server, reader, writer, heartbeat=False):
    """Up to the ClientKeyExchange, whose block is returned."""
    await read(reader)
    writer.write(server.flight(heartbeat))
    await writer.drain()
    kind, body = await read(reader)
    if kind != 22 or body[0] != 16:
        return None
    return server.block(body[6:])


async def rest(reader):
    await read(reader)
    await read(reader)


async def robot_strong(server, reader, writer):
    """As F5 and Erlang: one alert for what is no PKCS #1, another for the rest."""
    block = await exchange(server, reader, writer)
    if block is None:
        return
    await rest(reader)
    writer.write(alert(40 if flaw(block) in ("start", "no zero") else 20))


async def robot_weak(server, reader, writer):
    """As Cisco ACE: only a block that is right in all is answered otherwise."""
    block = await exchange(server, reader, writer)
    if block is None:
        return
    await rest(reader)
    writer.write(alert(47 if flaw(block) not in (None, "version") else 20))


async def robot_short(server, reader, writer):
    """As Citrix: the same alert to all, and silence where the rest does not come."""
    block = await exchange(server, reader, writer)
    if block is None:
        return
    if flaw(block) is None:
        await rest(reader)
    writer.write(alert(40))


async def robot_resets(server, reader, writer):
    """As an old load balancer: a bad block ends the connection, without an alert."""
    block = await exchange(server, reader, writer)
    if block is None:
        return
    await rest(reader)
    if flaw(block) is None:
        writer.write(alert(20))


async def robot_random(server, reader, writer):
    """Tells nothing: it answers as it likes."""
    if await exchange(server, reader, writer) is None:
        return
    await rest(reader)
    writer.write(alert(random.choice((20, 40, 47, 50, 51, 80))))


async def robot_silent(server, reader, writer):
    if await exchange(server, reader, writer) is None:
        writer.write(alert(10))
        return
    await reader.read()


async def constant(server, reader, writer):
    """As RFC 5246 section 7.4.7.1 wants it: all are the same until the Finished."""
    if await exchange(server, reader, writer) is None:
        writer.write(alert(10))
        return
    await rest(reader)
    writer.write(alert(20))


async def ccs_silent(server, reader, writer):
    """Takes the ChangeCipherSpec, says nothing, and ends at the next record."""
    await read(reader)
    writer.write(server.flight(False))
    kind, _ = await read(reader)
    if kind == 20:
        await read(reader)
    elif kind == 22:
        await rest(reader)
        writer.write(alert(20))


async def ccs_left_out(server, reader, writer):
    """Leaves the ChangeCipherSpec out, as TLS 1.3's do, and sees the next record."""
    await read(reader)
    writer.write(server.flight(False))
    kind, _ = await read(reader)
    if kind == 20:
        await read(reader)
        writer.write(alert(10))
    elif kind == 22:
        await rest(reader)
        writer.write(alert(20))


async def mute_later(server, reader, writer):
    """Takes heartbeats up, and is silent to everything after its first flight."""
    await read(reader)
    writer.write(server.flight(True))
    await reader.read()


async def bleeds(server, reader, writer):
    """OpenSSL 1.0.1e, where npm has none: as many bytes as are claimed, and all when
    there is an alert to send; after an early ChangeCipherSpec it decrypts."""
    await read(reader)
    writer.write(server.flight(True))
    kept, changed = b"", False
    while True:
        kind, body = await read(reader)
        if kind == 24:
            claimed = int.from_bytes(body[1:3], "big")
            kept += record(24, b"\x02" + body[1:3] + (body[3:] + bytes(range(99)))[:claimed] + bytes(16))
        elif kind == 20 and not changed:
            changed = True
        elif kind == 22 and body[0] == 16:
            await rest(reader)
            kept += alert(20)
            break
        else:
            kept += alert(20 if changed else 10)
            break
    writer.write(kept)


async def heartbeat_honest(server, reader, writer):
    """OpenSSL 1.0.1g: the lie is dropped, the truth is answered."""
    await read(reader)
    writer.write(server.flight(True))
    while True:
        kind, body = await read(reader)
        if kind != 24:
            break
        claimed = int.from_bytes(body[1:3], "big")
        if 3 + claimed + 16 <= len(body):
            writer.write(record(24, b"\x02" + body[1 : 3 + claimed] + bytes(16)))
    if kind == 22 and body[0] == 16:
        await rest(reader)
        writer.write(alert(20))
    else:
        writer.write(alert(10))


async def main(key, chain, words):
    server = Server(key, chain)
    for word in words:
        port, name = word.split("=")

        async def one(reader, writer, behaviour=globals()[name]):
            try:
                await behaviour(server, reader, writer)
                await writer.drain()
            except (OSError, asyncio.IncompleteReadError, IndexError):
                pass
            writer.close()

        await asyncio.start_server(one, port=int(port), backlog=64)
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
