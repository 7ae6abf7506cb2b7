#!/usr/bin/python3
"""Peers that no real server is: they say fixed bytes, or nothing, or worse.

usage: doubles.py [ADDRESS/]PORT=BEHAVIOUR...

Prints "ready" when all listen, on every address of both families unless one is
named. The
behaviours are the functions below, by name.
"""

import asyncio
import collections
import functools
import socket
import struct
import sys

ZEROS = bytes(32)


def record(kind, version, body):
    return struct.pack(">BHH", kind, version, len(body)) + body


def server_hello(version, suite, extensions=b"", session=b""):
    body = struct.pack(">H", version) + ZEROS + bytes([len(session)]) + session
    body += struct.pack(">HB", suite, 0) + extensions
    return b"\x02" + len(body).to_bytes(3, "big") + body


def alert(level, description, version=0x0303):
    return record(21, version, bytes([level, description]))


async def hello(reader):
    """The client's hello, whole; its client_version and first offered suite."""
    head = await reader.readexactly(5)
    body = await reader.readexactly(int.from_bytes(head[3:5], "big"))
    suites = 4 + 2 + 32 + 1 + body[38]
    return (
        int.from_bytes(body[4:6], "big"),
        int.from_bytes(body[suites + 2 : suites + 4], "big"),
    )


def reset(writer):
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


async def silent(reader, writer):
    await reader.read()


async def closes(reader, writer):
    await hello(reader)


async def closes_at_once(reader, writer):
    pass


async def resets(reader, writer):
    await hello(reader)
    reset(writer)


async def garbage(reader, writer):
    await hello(reader)
    writer.write(bytes(range(128, 256)) * 8)


async def http(reader, writer):
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


async def greets(reader, writer):
    writer.write(b"220 mail.example.com ESMTP\r\n")
    await reader.read(1)


async def echoes(reader, writer):
    while chunk := await reader.read(4096):
        writer.write(chunk)


async def alert_70(reader, writer):
    await hello(reader)
    writer.write(alert(2, 70))


async def alert_40_as_ssl3(reader, writer):
    await hello(reader)
    writer.write(alert(2, 40, 0x0300))


async def warns_then_refuses(reader, writer):
    await hello(reader)
    writer.write(alert(1, 112) + alert(2, 40))


async def warns_and_closes(reader, writer):
    await hello(reader)
    writer.write(alert(1, 0))


async def tls12_to_all(reader, writer):
    """A ServerHello of TLS 1.2 whatever was offered."""
    _, suite = await hello(reader)
    writer.write(record(22, 0x0303, server_hello(0x0303, suite)))
    await reader.read()


async def offered(reader):
    """Suites and compression methods of the client's hello, whole."""
    head = await reader.readexactly(5)
    body = await reader.readexactly(int.from_bytes(head[3:5], "big"))
    at = 4 + 2 + 32 + 1 + body[38]
    end = at + 2 + int.from_bytes(body[at : at + 2], "big")
    suites = [int.from_bytes(body[i : i + 2], "big") for i in range(at + 2, end, 2)]
    return suites, list(body[end + 1 : end + 1 + body[end]])


async def compresses(reader, writer):
    """OpenSSL 1.0.0 with zlib, which nobody ships any more: DEFLATE where it is
    offered, with the first suite of the client's."""
    suites, methods = await offered(reader)
    hello = bytearray(server_hello(0x0303, suites[0], b"\x00\x05\xff\x01\x00\x01\x00"))
    hello[4 + 2 + 32 + 1 + 2] = 1 in methods
    writer.write(record(22, 0x0303, bytes(hello)))
    await reader.read()


async def tls10_without_end(reader, writer):
    """TLS 1.0 with AES128-SHA, and not a word after the ServerHello."""
    suites, _ = await offered(reader)
    if 0x002F in suites:
        writer.write(record(22, 0x0301, server_hello(0x0301, 0x002F, b"\x00\x05\xff\x01\x00\x01\x00")))
        await writer.drain()
    else:
        writer.write(alert(2, 40, 0x0301))


async def exports(reader, writer):
    """EXP-RC4-MD5 in TLS 1.0, as servers of 2014 had it (FREAK); libraries.sh has the
    real one, of Java 17."""
    suites, _ = await offered(reader)
    if 0x0003 in suites:
        writer.write(record(22, 0x0301, server_hello(0x0301, 0x0003)))
        await reader.read()
    else:
        writer.write(alert(2, 40, 0x0301))
async def tls12_unoffered(reader, writer):
    """A suite that no hello of ours has: 0xfefe is nobody's."""
    await hello(reader)
    writer.write(record(22, 0x0303, server_hello(0x0303, 0xFEFE)))


async def tls13_unoffered(reader, writer):
    """TLS 1.3 with a suite of TLS 1.2."""
    await hello(reader)
    share = bytes.fromhex("00330024001d0020") + bytes(31) + b"\x09"
    extensions = bytes.fromhex("002b00020304") + share
    extensions = struct.pack(">H", len(extensions)) + extensions
    writer.write(record(22, 0x0303, server_hello(0x0303, 0xC02F, extensions)))


async def tls12_to_13(reader, writer):
    """Answers whoever offers TLS 1.2 or 1.3 with 1.2, and nobody else."""
    version, _ = await hello(reader)
    if version == 0x0303:
        writer.write(record(22, 0x0303, server_hello(0x0303, 0xC02F)))
        writer.write(alert(2, 70))


async def warns_for_ever(reader, writer):
    await hello(reader)
    for _ in range(5000):
        writer.write(alert(1, 112))


async def http_to_tls(reader, writer):
    """As Apache answers TLS on its plain port."""
    await reader.read(2000)
    writer.write(b'<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html>400</html>\n')


async def ssl3_to_all(reader, writer):
    await hello(reader)
    writer.write(record(22, 0x0300, server_hello(0x0300, 0x000A)))


async def ssl3_unoffered(reader, writer):
    await hello(reader)
    writer.write(record(22, 0x0300, server_hello(0x0300, 0x1301)))


async def ssl3_half(reader, writer):
    """A ServerHello that announces more than it sends."""
    await hello(reader)
    writer.write(record(22, 0x0300, server_hello(0x0300, 0x000A)[:-10]))


async def ssl3_record_only(reader, writer):
    """Records of version 0300 around a ServerHello that says TLS 1.2."""
    _, suite = await hello(reader)
    writer.write(record(22, 0x0300, server_hello(0x0303, suite)))
    await reader.read()


def ssl2_server_hello(specs):
    """What node 0.10.41 (OpenSSL 1.0.1) said, its certificate left out."""
    body = b"\x04\x00\x01\x00\x02" + struct.pack(">HHH", 0, len(specs), 16) + specs + bytes(16)
    return struct.pack(">H", 0x8000 | len(body)) + body


async def ssl2_hello(reader, writer, specs):
    """Answers SSLv2's hello, and closes on any other."""
    if (await reader.readexactly(3))[0::2] == b"\x80\x01":
        writer.write(ssl2_server_hello(specs))
        await writer.drain()
        await reader.read()


async def ssl2(reader, writer):
    await ssl2_hello(reader, writer, bytes.fromhex("0700c0050080030080010080"))


async def ssl2_without_specs(reader, writer):
    """CVE-2015-3197: none is offered, and all are taken."""
    await ssl2_hello(reader, writer, b"")


async def ssl2_alert(reader, writer):
    """An alert whose record says version 0002 is no SSLv2."""
    await reader.read(1)
    writer.write(alert(2, 70, 0x0002))


async def endless(reader, writer):
    """A ServerHello without an end."""
    await hello(reader)
    writer.write(record(22, 0x0303, b"\x02\x00\x3f\xff\x03\x03"))
    for _ in range(10000):
        writer.write(record(22, 0x0303, bytes(64)))
        await writer.drain()
    await reader.read()


async def drips(reader, writer):
    """A byte every 0.2 s, for ever: no deadline may stretch."""
    await hello(reader)
    for byte in record(22, 0x0303, server_hello(0x0303, 0xC02F)) * 100:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.2)


async def huge_record(reader, writer):
    await hello(reader)
    writer.write(b"\x16\x03\x03\xff\xff" + bytes(70000))
    await reader.read()


async def pass_on(reader, writer):
    while data := await reader.read(16384):
        writer.write(data)
        await writer.drain()
    writer.close()


serving = collections.Counter()


async def jealous(reader, writer, port):
    """Serves two clients at a time, by a real server, and hangs up on a third."""
    place = writer.get_extra_info("sockname")[0], port
    if serving[place] == 2:
        return
    serving[place] += 1
    try:
        to, back = await asyncio.open_connection(*place)
        answers = asyncio.ensure_future(pass_on(to, writer))
        await pass_on(reader, back)
        await answers
    finally:
        serving[place] -= 1


async def strict(reader, writer, port):
    """Serves two clients at a time as well, and answers a third with an alert."""
    place = writer.get_extra_info("sockname")[0], port
    if serving[place] == 2:
        head = await reader.readexactly(5)
        await reader.readexactly(int.from_bytes(head[3:5], "big"))
        writer.write(bytes([21, 3, 3, 0, 2, 2, 40]))
        await writer.drain()
        return
    await jealous(reader, writer, port)


def extensions(body):
    """The numbers of a ClientHello's extensions."""
    at = 4 + 2 + 32 + 1 + body[38]
    at += 2 + int.from_bytes(body[at : at + 2], "big")
    at += 1 + body[at] + 2
    while at + 4 <= len(body):
        yield int.from_bytes(body[at : at + 2], "big")
        at += 4 + int.from_bytes(body[at + 2 : at + 4], "big")


async def shy(reader, writer, port):
    """A real server, which hangs up on whoever asks for a staple (wolfSSL 5.5)."""
    head = await reader.readexactly(5)
    body = b""
    if head[0] == 22:
        body = await reader.readexactly(int.from_bytes(head[3:5], "big"))
        if 5 in extensions(body):
            return
    to, back = await asyncio.open_connection(writer.get_extra_info("sockname")[0], port)
    back.write(head + body)
    answers = asyncio.ensure_future(pass_on(to, writer))
    await pass_on(reader, back)
    await answers


async def serve(where, behaviour):
    address, _, port = where.rpartition("/")

    async def one(reader, writer):
        try:
            await behaviour(reader, writer)
            await writer.drain()
            writer.close()
        except (OSError, asyncio.IncompleteReadError, IndexError):
            writer.close()

    await asyncio.start_server(one, host=address or None, port=int(port), backlog=256)


async def main(words):
    for word in words:
        where, name = word.split("=")
        name, _, argument = name.partition(":")
        behaviour = globals()[name]
        await serve(where, functools.partial(behaviour, port=argument) if argument else behaviour)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
