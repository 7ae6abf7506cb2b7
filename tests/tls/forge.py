#!/usr/bin/python3
"""Certificates that no tool makes: each case below, for tests/tls/chains.sh.

usage: forge.py DIRECTORY HOST

Writes CASE.pem (what the server sends, the leaf first), CASE.key and CASE.roots (the
trust anchors; a link, for many cases have the same) for each. What is in a certificate is written here byte by byte;
Debian's python3-cryptography makes keys and signatures.
"""

import base64
import datetime
import ipaddress
import os
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DIRECTORY, HOST = sys.argv[1:]
NOW = datetime.datetime.now(datetime.timezone.utc)


# --- DER (X.690) ---------------------------------------------------------------


def tlv(tag, *parts):
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 128 | len(length)]) + length + body


def sequence(*parts):
    return tlv(0x30, *parts)


def integer(value):
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def oid(text):
    first, second, *rest = map(int, text.split("."))
    body = bytes([40 * first + second])
    for arc in rest:
        septets = [arc & 127]
        while arc := arc >> 7:
            septets.append(arc & 127 | 128)
        body += bytes(reversed(septets))
    return tlv(6, body)


def bits(*which):
    """A BIT STRING of these named bits."""
    if not which:
        return tlv(3, b"\0")
    value = sum(1 << (15 - bit) for bit in which)
    body = value.to_bytes(2, "big").rstrip(b"\0")
    return tlv(3, bytes([(len(body) * 8 - 1 - max(which))]), body)


def name(common="", organization="sallyport test"):
    """A Name; an empty one has neither."""
    pairs = [("2.5.4.10", organization), ("2.5.4.3", common)]
    return sequence(
        *(
            tlv(0x31, sequence(oid(kind), tlv(12, value.encode())))
            for kind, value in pairs
            if value
        )
    )


def days(count):
    return NOW + datetime.timedelta(days=count)


def utc_time(at):
    return tlv(23, at.strftime("%y%m%d%H%M%SZ").encode())


def long_time(at):
    return tlv(24, at.strftime("%Y%m%d%H%M%SZ").encode())


# --- extensions (RFC 5280 section 4.2) -----------------------------------------

SERVER, CLIENT, ANY = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "2.5.29.37.0"
SIGNATURE, ENCIPHERMENT, CERT_SIGN, CRL_SIGN = 0, 2, 5, 6


def extension(number, value, critical=False):
    return number, sequence(oid(number), tlv(1, b"\xff") if critical else b"", tlv(4, value))


def basic(authority, length=None, critical=True):
    inner = tlv(1, b"\xff") if authority else b""
    inner += integer(length) if length is not None else b""
    return extension("2.5.29.19", sequence(inner), critical)


def usage(*which):
    return extension("2.5.29.15", bits(*which), True)


def purposes(*which, critical=False):
    return extension("2.5.29.37", sequence(*map(oid, which)), critical)


def subject_key(identifier, critical=False):
    return extension("2.5.29.14", tlv(4, identifier), critical)


def issuer_key(identifier, critical=False):
    return extension("2.5.29.35", sequence(tlv(0x80, identifier)), critical)


def dns(text):
    return tlv(0x82, text if isinstance(text, bytes) else text.encode())


def ip(text):
    return tlv(0x87, ipaddress.ip_address(text).packed)


def network(text):
    parsed = ipaddress.ip_network(text)
    return tlv(0x87, parsed.network_address.packed, parsed.netmask.packed)


def directory(which):
    return tlv(0xA4, which)


def other_name():
    return tlv(0xA0, oid("1.3.6.1.4.1.32473.2"), tlv(0xA0, tlv(12, b"other")))


def names(*which, critical=False):
    return extension("2.5.29.17", sequence(*which), critical)


def constraints(permitted=(), excluded=(), critical=True):
    def trees(tag, bases):
        return tlv(tag, *(sequence(base) for base in bases)) if bases else b""

    return extension(
        "2.5.29.30", sequence(trees(0xA0, permitted), trees(0xA1, excluded)), critical
    )


UNKNOWN = extension("1.3.6.1.4.1.32473.1", b"\x05\0", True)

# --- certificates --------------------------------------------------------------

ECDSA_SHA256 = sequence(oid("1.2.840.10045.4.3.2"))
ECDSA_SHA384 = sequence(oid("1.2.840.10045.4.3.3"))


def explicit_curve(point):
    """P-256 by its numbers instead of its name (SEC 1 section C.2)."""
    p = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    n = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    g = (
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
    )
    curve = sequence(
        integer(1),
        sequence(oid("1.2.840.10045.1.1"), integer(p)),
        sequence(tlv(4, (p - 3).to_bytes(32, "big")), tlv(4, b.to_bytes(32, "big"))),
        tlv(4, bytes.fromhex(g)),
        integer(n),
        integer(1),
    )
    return sequence(sequence(oid("1.2.840.10045.2.1"), curve), tlv(3, b"\0", point))


class Holder:
    """A name and a key: whoever certificates are issued to, and by."""

    def __init__(self, common, **more):
        self.name = name(common, **more)
        self.key = ec.generate_private_key(ec.SECP256R1())
        public = self.key.public_key()
        self.spki = public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.point = public.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        digest = hashes.Hash(hashes.SHA1())
        digest.update(self.point)
        self.identifier = digest.finalize()

    def private(self):
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    def sign(self, content):
        return self.key.sign(content, ec.ECDSA(hashes.SHA256()))


def certificate(
    subject,
    issuer,
    extensions,
    start=None,
    end=None,
    version=2,
    serial=None,
    inner=ECDSA_SHA256,
    issuer_name=None,
    subject_name=None,
    spki=None,
):
    """The bytes; `extensions` in their order, version 2 is v3."""
    content = sequence(
        tlv(0xA0, integer(version)) if version else b"",
        integer(int.from_bytes(os.urandom(15), "big") + 1) if serial is None else serial,
        inner,
        issuer.name if issuer_name is None else issuer_name,
        sequence(start or utc_time(days(-10)), end or utc_time(days(50))),
        subject.name if subject_name is None else subject_name,
        spki or subject.spki,
        tlv(0xA3, sequence(*(each for _, each in extensions))) if extensions else b"",
    )
    return sequence(content, ECDSA_SHA256, tlv(3, b"\0", issuer.sign(content)))


def changed(extensions, without, more):
    """Those of the defaults whose number is not among `without` and `more`."""
    drop = {number for number, _ in more} | set(without)
    return [each for each in extensions if each[0] not in drop] + list(more)


BASIC, USAGE, SUBJECT_KEY, ISSUER_KEY = "2.5.29.19", "2.5.29.15", "2.5.29.14", "2.5.29.35"
PURPOSES, NAMES, ACCESS = "2.5.29.37", "2.5.29.17", "1.3.6.1.5.5.7.1.1"


def authority(subject, issuer, *more, without=(), **rest):
    """A CA certificate with what is usual, but for `more`."""
    usual = [basic(True), usage(CERT_SIGN, CRL_SIGN), subject_key(subject.identifier)]
    if issuer is not subject:
        usual.append(issuer_key(issuer.identifier))
    return certificate(subject, issuer, changed(usual, without, more), **rest)


def leaf(issuer, *more, without=(), **rest):
    usual = [
        basic(False),
        usage(SIGNATURE, ENCIPHERMENT),
        purposes(SERVER),
        subject_key(SERVER_HOLDER.identifier),
        issuer_key(issuer.identifier),
        names(dns(HOST)),
    ]
    return certificate(SERVER_HOLDER, issuer, changed(usual, without, more), **rest)


SERVER_HOLDER = Holder(HOST)
ROOT, OTHER, INT, SECOND, THIRD = (
    Holder(common) for common in ("root", "other-root", "int", "second", "third")
)
ROOT_CA = authority(ROOT, ROOT, end=utc_time(days(3000)))
OTHER_CA = authority(OTHER, OTHER, end=utc_time(days(3000)))
INT_CA = authority(INT, ROOT)
EXPIRED = {"start": utc_time(days(-40)), "end": utc_time(days(-20))}


ANCHORS = {}


def pem(content):
    lines = base64.encodebytes(content).decode()
    return f"-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n"


def write(title, content):
    with open(os.path.join(DIRECTORY, title), "w") as file:
        file.write(content)


def case(title, sent, roots=(ROOT_CA,)):
    """What a server sends under this title, and what is trusted."""
    trusted = "".join(map(pem, roots))
    if trusted not in ANCHORS:
        ANCHORS[trusted] = f"anchors-{len(ANCHORS)}.pem"
        write(ANCHORS[trusted], trusted)
    os.symlink(ANCHORS[trusted], os.path.join(DIRECTORY, title + ".roots"))
    write(title + ".pem", "".join(map(pem, sent)))
    write(title + ".key", SERVER_HOLDER.private())


def by_int(title, *more, **rest):
    """A leaf with these changes, issued by the usual intermediate."""
    case(title, [leaf(INT, *more, **rest), INT_CA])


def with_int(title, *more, **rest):
    """The usual leaf under an intermediate with these changes."""
    case(title, [leaf(INT), authority(INT, ROOT, *more, **rest)])


def with_root(title, *more, leaf_more=(), **rest):
    """The usual leaf straight under a root with these changes."""
    case(title, [leaf(ROOT, *leaf_more)], [authority(ROOT, ROOT, *more, **rest)])


def path_lengths():
    with_int("length-0", basic(True, 0))
    with_int("length-1", basic(True, 1))
    second = authority(SECOND, INT)
    case("length-0-broken", [leaf(SECOND), second, authority(INT, ROOT, basic(True, 0))])
    case(
        "length-rises",
        [leaf(SECOND), authority(SECOND, INT, basic(True, 2)), authority(INT, ROOT, basic(True, 1))],
    )
    third = authority(THIRD, SECOND, basic(True, 0))
    case(
        "length-below-broken",
        [
            leaf(THIRD),
            third,
            authority(SECOND, INT, basic(True, 0)),
            authority(INT, ROOT, basic(True, 1)),
        ],
    )
    # Issued to itself, with another key: not counted (RFC 5280 section 4.2.1.9).
    renewed = Holder("int")
    case(
        "length-self-issued",
        [
            leaf(SECOND),
            authority(SECOND, renewed, basic(True, 0)),
            authority(renewed, INT, basic(True, 1)),
            authority(INT, ROOT, basic(True, 1)),
        ],
    )
    with_root("length-of-root", basic(True, 0))
    case("length-of-root-broken", [leaf(INT), INT_CA], [authority(ROOT, ROOT, basic(True, 0))])


def authorities():
    with_int("ca-no-basic", without=[BASIC])
    with_int("ca-version-1", version=0, without=[BASIC, USAGE, SUBJECT_KEY, ISSUER_KEY])
    with_int("ca-basic-not-critical", basic(True, critical=False))
    with_int("ca-no-usage", without=[USAGE])
    with_int("ca-no-cert-sign", usage(CRL_SIGN))
    with_int("ca-length-without-sign", basic(True, 0), usage(CRL_SIGN))
    with_int("ca-serving", purposes(SERVER))
    with_int("ca-client-only", purposes(CLIENT))
    with_int("ca-any-purpose", purposes(ANY))
    with_int("ca-unknown", UNKNOWN)
    with_int("ca-explicit-curve", spki=explicit_curve(INT.point))
    with_int("ca-expired", **EXPIRED)
    nobody = Holder("", organization="")
    case("ca-nameless", [leaf(nobody), authority(nobody, ROOT)])
    with_int("ca-no-subject-key", without=[SUBJECT_KEY])
    with_int("ca-no-issuer-key", without=[ISSUER_KEY])
    with_int("ca-critical-issuer-key", issuer_key(ROOT.identifier, True))
    with_int("ca-critical-subject-key", subject_key(INT.identifier, True))
    required = sequence(tlv(0x80, b"\0"))
    with_int("ca-policies", extension("2.5.29.36", required, True))
    with_int("ca-policies-not-critical", extension("2.5.29.36", required))
    with_root("root-serving", purposes(SERVER))
    with_root("root-no-basic", without=[BASIC])
    with_root("root-not-ca", basic(False))
    with_root("root-version-1", version=0, without=[BASIC, USAGE, SUBJECT_KEY])
    with_root("root-no-sign", usage(CRL_SIGN))
    with_root("root-unknown", UNKNOWN)
    with_root("root-expired", **EXPIRED)
    with_root("root-client-only", purposes(CLIENT))
    case("root-unknown-unused", [leaf(ROOT)], [ROOT_CA, authority(OTHER, OTHER, UNKNOWN)])
    case("ca-unknown-unused", [leaf(INT), INT_CA, authority(SECOND, ROOT, UNKNOWN)])


def leaves():
    by_int("usual")
    by_int("no-basic", without=[BASIC])
    by_int("no-usage", without=[USAGE])
    by_int("no-purpose", without=[PURPOSES])
    by_int("any-purpose", purposes(ANY))
    by_int("client-and-server", purposes(CLIENT, SERVER))
    by_int("critical-purpose", purposes(SERVER, critical=True))
    by_int("empty-purpose", purposes())
    by_int("usage-crl-sign", usage(CRL_SIGN))
    by_int("usage-cert-sign", usage(SIGNATURE, CERT_SIGN))
    by_int("is-ca", basic(True))
    by_int("length-in-leaf", basic(False, 0))
    by_int("constraints-in-leaf", constraints([dns(HOST)]))
    by_int("version-1", version=0, without=[BASIC, USAGE, PURPOSES, SUBJECT_KEY, ISSUER_KEY, NAMES])
    by_int("version-2-with-extensions", version=1)
    by_int("unknown", UNKNOWN)
    where = sequence(
        sequence(oid("1.3.6.1.5.5.7.48.2"), tlv(0x86, b"http://ca.example.com/ca.der"))
    )
    by_int("issuers-url", extension(ACCESS, where))
    by_int("critical-issuers-url", extension(ACCESS, where, True))
    by_int("broken-issuers-url", extension(ACCESS, b"malformed"))
    by_int("other-common-name", subject_name=name("other.example.net"))
    by_int("no-issuer-key", without=[ISSUER_KEY])
    by_int("other-issuer-key", issuer_key(OTHER.identifier))
    by_int("twice", ("twice", names(dns(HOST))[1]), ("again", purposes(SERVER)[1]))
    by_int("no-issuer-name", issuer_name=name("", organization=""))
    by_int("other-algorithm", inner=ECDSA_SHA384)
    by_int("serial-zero", serial=integer(0))
    by_int("serial-negative", serial=integer(-5))
    by_int("serial-long", serial=integer(1 << 180))


def forms():
    """More that is wrong in form than the prober once kept, before what counts."""
    nameless = name("", organization="")

    def sloppy(holder, issuer, *more, **rest):
        return authority(
            holder,
            issuer,
            basic(True, critical=False),
            *more,
            without=[USAGE, SUBJECT_KEY, ISSUER_KEY],
            **rest,
        )

    def chain(title, *more, above=(), **rest):
        own = leaf(
            SECOND,
            basic(False, 0),
            *more,
            without=[ISSUER_KEY],
            subject_name=nameless,
            **rest,
        )
        case(title, [own, *(above or (sloppy(SECOND, INT), sloppy(INT, ROOT)))])

    chain("forms-many")
    chain("forms-many-other-name", names(dns("other.example.net")))
    # It says that the root issued it, and signed itself.
    chain("forms-many-forged", above=[sloppy(SECOND, SECOND, issuer_name=ROOT.name)])
    serial = 0xF0F0
    chain("forms-many-revoked", serial=integer(serial))
    revocation_list("forms-many-revoked", SECOND, [serial])
    # So many that not all of them are kept.
    ladder, sent, issuer = [Holder(f"sloppy-{i}") for i in range(13)], [], ROOT
    for holder in ladder:
        sent.insert(0, sloppy(holder, issuer, names()))
        issuer = holder
    chain("forms-too-many", above=[sloppy(SECOND, issuer, names()), *sent])


def times():
    by_int("to-2050", end=long_time(datetime.datetime(2050, 1, 1)))
    by_int("to-9999", end=tlv(24, b"99991231235959Z"))
    by_int("utc-2049", end=tlv(23, b"491231235959Z"))
    by_int("utc-1950", end=tlv(23, b"500101000000Z"))
    by_int("long-before-2050", end=long_time(days(50)))
    by_int("no-seconds", end=tlv(23, days(50).strftime("%y%m%d%H%MZ").encode()))
    by_int("fraction", end=tlv(24, days(50).strftime("%Y%m%d%H%M%S.5Z").encode()))
    by_int("offset", end=tlv(23, days(50).strftime("%y%m%d%H%M%S+0000").encode()))
    by_int("backwards", start=utc_time(days(50)), end=utc_time(days(-10)))
    by_int("no-date", end=tlv(23, b"991399999999Z"))
    by_int("seconds-past", end=utc_time(NOW - datetime.timedelta(seconds=1)))
    by_int("minutes-ahead", start=utc_time(NOW + datetime.timedelta(minutes=10)))


def subject_names():
    by_int("no-names", without=[NAMES])
    by_int("empty-names", names())
    by_int("broken-names", extension(NAMES, HOST.encode()))
    by_int("second-of-names", names(dns("other.example.net"), dns(HOST)))
    by_int("many-names", names(*(dns(f"{i}.example.net") for i in range(300)), dns(HOST)))
    by_int("critical-names", names(dns(HOST), critical=True))
    nameless = name("", organization="")
    by_int("nameless-critical", names(dns(HOST), critical=True), subject_name=nameless)
    by_int("nameless", subject_name=nameless)
    by_int("nul-in-name", names(dns(HOST.encode() + b"\0.evil.example.net")))
    by_int("nul-at-end", names(dns(HOST.encode() + b"\0")))
    by_int("dot-before", names(dns("." + HOST.split(".", 1)[1])))
    by_int("dot-behind", names(dns(HOST + ".")))
    by_int("space-behind", names(dns(HOST + " ")))
    by_int("star", names(dns("*")))
    by_int("star-tld", names(dns("*.com")))
    by_int("star-suffix", names(dns("*.co.uk")))
    by_int("star-middle", names(dns("www.*.com")))
    by_int("star-twice", names(dns("*.*.com")))
    by_int("star-within", names(dns("w*w.example.com")))
    by_int("star-behind", names(dns("www*.example.com")))
    by_int("star-a-label", names(dns("xn--*-1b3c148a.example.com")))
    by_int("star-alone-in-label", names(dns("*.example.com")))
    by_int("u-label", names(dns("b\u00fccher.example.com")))
    by_int("a-label", names(dns("xn--bcher-kva.example.com")))
    by_int("underscore", names(dns("a_b.example.com")))
    by_int("mail-alone", names(tlv(0x81, b"root@" + HOST.encode())))
    by_int("uri-alone", names(tlv(0x86, b"https://" + HOST.encode() + b"/")))
    by_int("other-name-alone", names(other_name()))
    by_int("address", names(ip("192.0.2.1"), ip("2001:db8::1")))
    by_int("address-as-name", names(dns("192.0.2.1"), dns("2001:db8::1")))
    by_int("address-mapped", names(tlv(0x87, ipaddress.ip_address("::ffff:192.0.2.1").packed)))
    by_int("address-range", names(network("192.0.2.1/32")))
    by_int("address-short", names(tlv(0x87, b"\xc0\0\x02")))
    case(
        "address-in-common-name",
        [
            leaf(INT, without=[NAMES], subject_name=name("192.0.2.1")),
            INT_CA,
        ],
    )


def constrained(title, limit, *more, **rest):
    """A leaf with these changes under an intermediate that is limited so."""
    case(title, [leaf(INT, *more, **rest), authority(INT, ROOT, limit)])


def name_constraints():
    above = HOST.split(".", 1)[1]
    constrained("nc-permitted", constraints([dns(above)]))
    constrained("nc-permitted-exactly", constraints([dns(HOST)]))
    constrained("nc-permitted-dot", constraints([dns("." + above)]))
    constrained("nc-permitted-not-critical", constraints([dns(above)], critical=False))
    constrained("nc-other-permitted", constraints([dns("example.net")]))
    constrained("nc-suffix-of-label", constraints([dns(above[3:])]))
    constrained("nc-second-name", constraints([dns(HOST)]), names(dns(HOST), dns("x.example.net")))
    constrained("nc-excluded", constraints(excluded=[dns(above)]))
    constrained("nc-both", constraints([dns(above)], [dns(HOST)]))
    constrained("nc-of-addresses", constraints([network("192.0.2.0/24")]))
    constrained("nc-excludes-addresses", constraints(excluded=[network("192.0.2.0/24")]))
    star = names(dns("*." + above))
    constrained("nc-star-permitted", constraints([dns(above)]), star)
    constrained("nc-star-wider", constraints([dns("foo." + above)]), star)
    constrained("nc-star-touches", constraints(excluded=[dns("bar." + above)]), star)
    address = names(ip("192.0.2.1"), ip("2001:db8::1"))
    constrained(
        "nc-address", constraints([network("192.0.2.0/24"), network("2001:db8::/32")]), address
    )
    constrained("nc-address-outside", constraints([network("203.0.113.0/24")]), address)
    constrained("nc-address-excluded", constraints(excluded=[network("192.0.2.0/24")]), address)
    constrained("nc-address-broken", constraints([tlv(0x87, b"\xc0\0\x02\0")]), address)
    constrained("nc-name-star", constraints([dns("*." + above)]))
    constrained("nc-directory", constraints([directory(name())]))
    constrained("nc-directory-other", constraints([directory(name("x", organization="x"))]))
    constrained("nc-directory-excluded", constraints(excluded=[directory(name())]))
    constrained("nc-other-name", constraints(excluded=[other_name()]), names(dns(HOST), other_name()))
    constrained("nc-other-name-unused", constraints(excluded=[other_name()]))
    constrained("nc-empty", constraints())
    constrained("nc-null", extension("2.5.29.30", b"\x05\0", True))
    constrained("nc-common-name", constraints([dns("example.net")]), without=[NAMES])
    with_root("nc-of-root", constraints([dns("example.net")]))
    with_root("nc-of-root-permits", constraints([dns(above)]))

    def two(title, upper, lower):
        case(
            title,
            [
                leaf(SECOND),
                authority(SECOND, INT, constraints([dns(each) for each in lower])),
                authority(INT, ROOT, constraints([dns(each) for each in upper])),
            ],
        )

    two("nc-narrows-away", [HOST, "x." + above], ["x." + above])
    two("nc-widens", ["x." + above], [HOST, "x." + above])
    two("nc-narrows", [above], [HOST])
    case(
        "nc-name-of-ca",
        [
            leaf(SECOND),
            authority(SECOND, INT, names(dns("no." + above))),
            authority(INT, ROOT, constraints([dns(above)], [dns("no." + above)])),
        ],
    )
    # A CA's new certificate by its old key is not held against the limits.
    renewed = Holder("int")
    case(
        "nc-self-issued",
        [
            leaf(renewed),
            authority(renewed, INT, names(dns("x.example.net"))),
            authority(INT, ROOT, constraints([dns(above)])),
        ],
    )
    # Each name against each limit: 0.1 and 1.3 million comparisons.
    limits = [dns(f"{i}.no") for i in range(1200)]
    own = [dns(f"{i}.yes") for i in range(1100)]
    constrained("nc-many", constraints(excluded=limits[:300]), names(*own[:300], dns(HOST)))
    constrained("nc-too-many", constraints(excluded=limits), names(*own, dns(HOST)))


def paths():
    """Several ways up, of which some are barred."""
    by_root, by_other = authority(INT, ROOT), authority(INT, OTHER)
    case("paths-first", [leaf(INT), by_root, by_other], [ROOT_CA])
    case("paths-second", [leaf(INT), by_root, by_other], [OTHER_CA])
    case("paths-both", [leaf(INT), by_root, by_other], [ROOT_CA, OTHER_CA])
    late = authority(INT, ROOT, **EXPIRED)
    case("paths-first-expired", [leaf(INT), late, by_other], [ROOT_CA, OTHER_CA])
    case("paths-first-expired-one-root", [leaf(INT), late, by_other], [OTHER_CA])
    case("paths-only-expired", [leaf(INT), late, by_other], [ROOT_CA])
    limited = authority(INT, ROOT, constraints([dns("example.net")]))
    case("paths-first-limited", [leaf(INT), limited, by_other], [ROOT_CA, OTHER_CA])
    # A root that an older one signed too; the older signature has expired.
    cross = authority(ROOT, OTHER, start=utc_time(days(-900)), end=utc_time(days(-1)))
    case("cross-expired", [leaf(INT), INT_CA, cross], [ROOT_CA, OTHER_CA])
    case("cross-expired-alone", [leaf(INT), INT_CA, cross], [OTHER_CA])
    good = authority(ROOT, OTHER)
    case("cross", [leaf(INT), INT_CA, good], [OTHER_CA])
    case("cross-not-needed", [leaf(INT), INT_CA, good], [ROOT_CA])
    case("int-is-root", [leaf(INT), INT_CA], [INT_CA])
    case("int-is-root-expired-above", [leaf(INT), ROOT_CA], [INT_CA])
    # Issued by each other, and by nobody that is trusted.
    case("circle", [leaf(SECOND), authority(SECOND, THIRD), authority(THIRD, SECOND)])
    case(
        "circle-with-exit",
        [leaf(SECOND), authority(SECOND, THIRD), authority(THIRD, SECOND), authority(SECOND, ROOT)],
    )
    # Same name, another key.
    twin = Holder("int")
    case("twin", [leaf(INT), authority(twin, ROOT), INT_CA])
    case("twin-alone", [leaf(INT), authority(twin, ROOT)])
    case("twin-without-key-names", [leaf(INT, without=[ISSUER_KEY]), authority(twin, ROOT), INT_CA])
    ladder = [Holder(f"step-{i}") for i in range(40)]

    def climb(title, height, anchored=True):
        sent, above = [], ROOT
        for holder in ladder[:height]:
            sent.insert(0, authority(holder, above))
            above = holder
        case(title, [leaf(above)] + sent, [ROOT_CA] if anchored else [OTHER_CA])

    climb("deep-8", 8)
    climb("deep-14", 14)
    climb("deep-40", 40)
    # One name and one key, twenty-five times, and nobody that is trusted.
    twin = Holder("twin")
    many = [authority(twin, twin, serial=integer(i + 1)) for i in range(25)]
    case("same-all-25-no-root", [leaf(twin)] + many, [OTHER_CA])
    same, above = [], ROOT
    for _ in range(12):
        holder = Holder("same")
        same.insert(0, authority(holder, above, without=[ISSUER_KEY, SUBJECT_KEY]))
        above = holder
    case("same-name-12", [leaf(above, without=[ISSUER_KEY])] + same)
    case("same-name-12-no-root", [leaf(above, without=[ISSUER_KEY])] + same, [OTHER_CA])


# --- revocation ----------------------------------------------------------------

CRL_NUMBER, CRL_REASON = "2.5.29.20", "2.5.29.21"
GOOD, REVOKED, UNKNOWN_STATUS = tlv(0x80), "revoked", tlv(0x82)
SHA1 = sequence(oid("1.3.14.3.2.26"), b"\x05\0")
OCSP_SIGNER = "1.3.6.1.5.5.7.3.9"


def numbered(critical=False):
    return extension(CRL_NUMBER, integer(7), critical)


def revocation_list(title, issuer, serials=(), more=None, end=None):
    """A list by this issuer, RFC 5280 section 5."""
    entries = [sequence(integer(serial), utc_time(days(-3))) for serial in serials]
    wanted = [numbered()] if more is None else more
    content = sequence(
        integer(1),
        ECDSA_SHA256,
        issuer.name,
        utc_time(days(-5)),
        end or utc_time(days(5)),
        sequence(*entries) if entries else b"",
        tlv(0xA0, sequence(issuer_key(issuer.identifier)[1], *(each for _, each in wanted))),
    )
    signed = sequence(content, ECDSA_SHA256, tlv(3, b"\0", issuer.sign(content)))
    write(title + ".crl", pem(signed).replace("CERTIFICATE", "X509 CRL"))


def revocation_lists():
    serial = 0x5A11
    usual = {"serial": integer(serial)}

    def listed(title, *arguments, issuer=INT, **rest):
        by_int(title, **usual)
        revocation_list(title, issuer, *arguments, **rest)

    listed("list-revoked", [serial])
    listed("list-without-it", [serial + 1])
    listed("list-expired", [serial + 1], end=utc_time(days(-1)))
    listed("list-expired-revoked", [serial], end=utc_time(days(-1)))
    listed("list-no-number", [serial + 1], [])
    listed("list-critical-number", [serial + 1], [numbered(True)])
    listed("list-unknown", [serial + 1], [numbered(), extension("1.3.6.1.4.1.32473.3", b"\x05\0", True)])
    listed("list-of-other-issuer", [serial], issuer=OTHER)
    # A list, and the one before it that nobody took out; the same of who is above.
    soon = utc_time(NOW + datetime.timedelta(hours=3))
    for title, issuer in (("list-and-older", INT), ("list-older-above", ROOT)):
        by_int(title, **usual)
        revocation_list(title, issuer, end=utc_time(days(-1)))
        with open(os.path.join(DIRECTORY, title + ".crl")) as file:
            older = file.read()
        revocation_list(title, INT, [serial + 1], end=soon)
        with open(os.path.join(DIRECTORY, title + ".crl"), "a") as file:
            file.write(older)
    case("list-revoked-no-root", [leaf(INT, **usual), INT_CA], [INT_CA])
    revocation_list("list-revoked-no-root", INT, [serial])
    pinned = leaf(INT, **usual)
    case("list-revoked-pinned", [pinned, INT_CA], [pinned])
    revocation_list("list-revoked-pinned", INT, [serial])
    # As if by the intermediate, and signed by somebody else.
    forger = Holder("int")
    listed("list-forged", [serial + 1], issuer=forger)
    for title, which in (("list-no-sign", (CERT_SIGN,)), ("list-sign", (CERT_SIGN, CRL_SIGN))):
        case(title, [leaf(INT, **usual), authority(INT, ROOT, usage(*which))])
        revocation_list(title, INT, [serial + 1])


def staple(title, status, serial, start=-1, end=5, signer=INT, sent=(), success=0, issuer=INT):
    """An OCSP response about a certificate of the intermediate, RFC 6960 section 4.2."""

    def digest(content):
        made = hashes.Hash(hashes.SHA1())
        made.update(content)
        return tlv(4, made.finalize())

    if status == REVOKED:
        status = tlv(0xA1, long_time(days(-3)))
    single = sequence(
        sequence(SHA1, digest(issuer.name), digest(issuer.point), integer(serial)),
        status,
        long_time(days(start)),
        tlv(0xA0, long_time(days(end))) if end is not None else b"",
    )
    content = sequence(tlv(0xA1, signer.name), long_time(days(start)), sequence(single))
    basic_response = sequence(
        content,
        ECDSA_SHA256,
        tlv(3, b"\0", signer.sign(content)),
        tlv(0xA0, sequence(*sent)) if sent else b"",
    )
    write_response(title, basic_response, success)


def write_response(title, basic_response, success=0):
    body = tlv(0xA0, sequence(oid("1.3.6.1.5.5.7.48.1.1"), tlv(4, basic_response)))
    with open(os.path.join(DIRECTORY, title + ".ocsp"), "wb") as file:
        file.write(sequence(tlv(10, bytes([success])), b"" if success else body))


def staples():
    serial = 0x57A91E

    def stapled(title, *more, status=GOOD, about=serial, **rest):
        by_int(title, *more, serial=integer(serial))
        staple(title, status, about, **rest)

    must = extension("1.3.6.1.5.5.7.1.24", sequence(integer(5)))
    delegate = Holder("responder")
    entitled = certificate(delegate, INT, [purposes(OCSP_SIGNER), issuer_key(INT.identifier)])
    not_entitled = certificate(delegate, INT, [purposes(SERVER), issuer_key(INT.identifier)])
    stapled("staple")
    stapled("staple-no-end", end=None)
    stapled("staple-revoked", status=REVOKED)
    stapled("staple-revoked-stale", status=REVOKED, start=-9, end=-2)
    stapled("staple-unknown", status=UNKNOWN_STATUS)
    stapled("staple-stale", start=-9, end=-2)
    stapled("staple-ahead", start=2, end=9)
    stapled("staple-of-other", about=serial + 1)
    stapled("staple-later", success=3)
    stapled("staple-delegated", signer=delegate, sent=[entitled])
    stapled("staple-not-delegated", signer=delegate, sent=[not_entitled])
    stapled("staple-by-stranger", signer=OTHER, sent=[OTHER_CA])
    stapled("must-staple-stale", must, start=-9, end=-2)
    stapled("must-staple-good", must)
    by_int("must-staple-none", must)
    # Who is trusted need not be a root.
    case("staple-revoked-no-root", [leaf(INT, serial=integer(serial)), INT_CA], [INT_CA])
    staple("staple-revoked-no-root", REVOKED, serial)
    case("staple-delegated-no-root", [leaf(INT, serial=integer(serial)), INT_CA], [INT_CA])
    staple("staple-delegated-no-root", REVOKED, serial, signer=delegate, sent=[entitled])
    by_int("staple-garbage")
    write_response("staple-garbage", bytes(range(1, 200)))


os.makedirs(DIRECTORY, exist_ok=True)
for group in (path_lengths, authorities, leaves, forms, times, subject_names, name_constraints, paths):
    group()
revocation_lists()
staples()
