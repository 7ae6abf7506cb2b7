"""What hostile.py is made of: handshakes that are right, and certificates that are
not. The handshakes are OpenSSL's (TLS 1.2) and, because no library lets one write between
its messages, TLS 1.3 by hand (RFC 8446)."""

import datetime
import hashlib
import hmac
import os
import ssl
import struct

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HANDSHAKE, ALERT, CCS, DATA, HEARTBEAT = 22, 21, 20, 23, 24
RETRY = hashlib.sha256(b"HelloRetryRequest").digest()


def vector(size, *parts):
    body = b"".join(parts)
    return len(body).to_bytes(size, "big") + body


def record(kind, body, version=0x0303):
    return struct.pack(">BH", kind, version) + vector(2, body)


def message(kind, *parts):
    return bytes([kind]) + vector(3, *parts)


def alert(level, description):
    return record(ALERT, bytes([level, description]))


def extension(number, body):
    return struct.pack(">H", number) + vector(2, body)


def server_hello(suite, extensions=b"", version=0x0303, session=b"", random=bytes(32), compression=0):
    body = struct.pack(">H", version) + random + vector(1, session)
    return message(2, body + struct.pack(">HB", suite, compression) + (vector(2, extensions) if extensions else b""))


def fragments(data, size, kind=HANDSHAKE):
    return b"".join(record(kind, data[i : i + size]) for i in range(0, len(data), size))


class ClientHello:
    def __init__(self, body):
        self.raw, self.version, self.random = body, int.from_bytes(body[4:6], "big"), body[6:38]
        at = 39 + body[38]
        self.session = body[39:at]
        end = at + 2 + int.from_bytes(body[at : at + 2], "big")
        self.suites = [int.from_bytes(body[i : i + 2], "big") for i in range(at + 2, end, 2)]
        self.extensions = {}
        at = end + 1 + body[end] + 2
        while at + 4 <= len(body):
            number, size = struct.unpack(">HH", body[at : at + 4])
            self.extensions[number] = body[at + 4 : at + 4 + size]
            at += 4 + size

    def offers_13(self):
        return b"\x03\x04" in self.extensions.get(43, b"")

    def takes_ecdsa(self):
        schemes = self.extensions.get(13, b"\0\0")[2:]
        return b"\x04\x03" in (schemes[i : i + 2] for i in range(0, len(schemes), 2))

    def groups(self):
        groups = self.extensions.get(10, b"\0\0")[2:]
        return [int.from_bytes(groups[i : i + 2], "big") for i in range(0, len(groups), 2)]

    def share(self, group):
        shares, at = self.extensions.get(51, b"\0\0"), 2
        while at + 4 <= len(shares):
            number, size = struct.unpack(">HH", shares[at : at + 4])
            if number == group:
                return shares[at + 4 : at + 4 + size]
            at += 4 + size
        return None


# --- TLS 1.2: OpenSSL's own flight ----------------------------------------------


class Engine:
    """A good server of TLS 1.2, without a socket."""

    def __init__(self, context):
        self.to, self.back = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server = context.wrap_bio(self.to, self.back, server_side=True)
        self.done = False

    def answer(self, data):
        """What it says to these bytes, and whether it goes on."""
        self.to.write(data)
        try:
            self.server.do_handshake()
            self.done = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            return self.back.read(), False
        return self.back.read(), not self.done


def contexts(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_TICKET
    context.set_ciphers("ECDHE+AESGCM")
    return context


def is_flight(data):
    return data[:1] == b"\x16" and data[5:6] == b"\x02"


def messages(flight):
    """A flight's handshake messages by their types; each once."""
    body, at, found = b"", 0, {}
    while at < len(flight):
        size = int.from_bytes(flight[at + 3 : at + 5], "big")
        body += flight[at + 5 : at + 5 + size]
        at += 5 + size
    at = 0
    while at < len(body):
        size = int.from_bytes(body[at + 1 : at + 4], "big")
        found[body[at]] = body[at : at + 4 + size]
        at += 4 + size
    return found


def flight_of(parts):
    return b"".join(fragments(part, 16384) for part in parts)


# --- TLS 1.3 by hand ------------------------------------------------------------


def expand(secret, label, context, size):
    info = struct.pack(">H", size) + vector(1, b"tls13 " + label) + vector(1, context)
    out, block, count = b"", b"", 1
    while len(out) < size:
        block = hmac.digest(secret, block + info + bytes([count]), "sha256")
        out, count = out + block, count + 1
    return out[:size]


def sha(data):
    return hashlib.sha256(data).digest()


class Sealed:
    """One direction of protected records."""

    def __init__(self, secret):
        self.key = AESGCM(expand(secret, b"key", b"", 16))
        self.iv, self.count = int.from_bytes(expand(secret, b"iv", b"", 12), "big"), 0

    def record(self, kind, body, padding=0):
        inner = body + bytes([kind]) + bytes(padding)
        head = struct.pack(">BHH", DATA, 0x0303, len(inner) + 16)
        nonce = (self.iv ^ self.count).to_bytes(12, "big")
        self.count += 1
        return head + self.key.encrypt(nonce, inner, head)


class Tls13:
    """The messages of a server's flight, each to be had by itself."""

    def __init__(self, hello, chain, key):
        self.key, self.chain = key, chain
        mine = X25519PrivateKey.generate()
        public = mine.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        shared = mine.exchange(X25519PublicKey.from_public_bytes(hello.share(29)))
        self.hello = server_hello(
            0x1301,
            extension(43, b"\x03\x04") + extension(51, struct.pack(">H", 29) + vector(2, public)),
            session=hello.session,
            random=os.urandom(32),
        )
        self.said = hello.raw + self.hello
        early = hmac.digest(bytes(32), bytes(32), "sha256")
        self.master = hmac.digest(expand(early, b"derived", sha(b""), 32), shared, "sha256")
        self.secret = expand(self.master, b"s hs traffic", sha(self.said), 32)
        self.sealed = Sealed(self.secret)

    def send(self, *parts, size=16384):
        """Handshake messages as protected records."""
        data = b"".join(parts)
        self.said += data
        return b"".join(self.sealed.record(HANDSHAKE, data[i : i + size]) for i in range(0, len(data), size))

    def begin(self):
        return record(HANDSHAKE, self.hello) + record(CCS, b"\x01")

    def encrypted_extensions(self, extensions=b""):
        return message(8, vector(2, extensions))

    def certificate(self):
        return message(11, b"\0", vector(3, *(vector(3, each) + b"\0\0" for each in self.chain)))

    def verify(self):
        content = b" " * 64 + b"TLS 1.3, server CertificateVerify\0" + sha(self.said)
        return message(15, b"\x04\x03", vector(2, self.key.sign(content, ec.ECDSA(hashes.SHA256()))))

    def finished(self):
        key = expand(self.secret, b"finished", b"", 32)
        return message(20, hmac.digest(key, sha(self.said), "sha256"))

    def proof(self):
        """All up to CertificateVerify."""
        return self.send(self.encrypted_extensions(), self.certificate()) + self.send(self.verify())

    def whole(self):
        data = self.begin() + self.proof() + self.send(self.finished())
        after = hmac.digest(expand(self.master, b"derived", sha(b""), 32), bytes(32), "sha256")
        self.sealed = Sealed(expand(after, b"s ap traffic", sha(self.said), 32))
        return data


# --- certificates ---------------------------------------------------------------


def tlv(tag, *parts):
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 128 | len(size)]) + size + body


def sequence(*parts):
    return tlv(0x30, *parts)


def integer(value):
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(text):
    first, second, *rest = map(int, text.split("."))
    body = bytes([40 * first + second])
    for arc in rest:
        septets = [arc & 127]
        while arc := arc >> 7:
            septets.append(arc & 127 | 128)
        body += bytes(reversed(septets))
    return tlv(6, body)


def name(common, *more):
    return sequence(*(tlv(0x31, sequence(oid("2.5.4.3"), tlv(12, each))) for each in (common, *more)))


def bits(body):
    return tlv(3, b"\0", body)


def rsa_key(modulus, exponent):
    return sequence(sequence(oid("1.2.840.113549.1.1.1"), tlv(5)), bits(sequence(integer(modulus), integer(exponent))))


def ec_key(parameters, point):
    return sequence(sequence(oid("1.2.840.10045.2.1"), parameters), bits(point))


def explicit_curve(prime, a, b, generator, order, cofactor=b""):
    return sequence(
        integer(1), sequence(oid("1.2.840.10045.1.1"), integer(prime)),
        sequence(tlv(4, a), tlv(4, b)), tlv(4, generator), integer(order), cofactor,
    )


def certificate_extension(number, body, critical=False):
    return sequence(oid(number), tlv(1, b"\xff") if critical else b"", tlv(4, body))


def alternatives(*names):
    """dNSNames of any bytes."""
    return certificate_extension("2.5.29.17", sequence(*(tlv(0x82, each) for each in names)))


ECDSA_SHA256 = sequence(oid("1.2.840.10045.4.3.2"))
RSA_SHA256 = sequence(oid("1.2.840.113549.1.1.11"), tlv(5))


def forge(key, host, subject=None, issuer=None, extensions=None, public=None, serial=7, dates=None, signature=None, algorithm=ECDSA_SHA256):
    """A certificate that signs itself, or says so; each part may be replaced."""
    now = datetime.datetime.now(datetime.timezone.utc)
    day = lambda count: tlv(23, (now + datetime.timedelta(days=count)).strftime("%y%m%d%H%M%SZ").encode())
    own = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    listed = alternatives(host) if extensions is None else extensions
    body = sequence(
        tlv(0xA0, integer(2)), integer(serial), algorithm, name(b"hostile") if issuer is None else issuer,
        sequence(day(-1), day(30)) if dates is None else dates,
        name(b"hostile") if subject is None else subject, own if public is None else public,
        tlv(0xA3, sequence(listed)) if listed else b"",
    )
    signed = key.sign(body, ec.ECDSA(hashes.SHA256())) if signature is None else signature
    return sequence(body, algorithm, bits(signed))
