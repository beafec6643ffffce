"""Mails sealed on their way in every manner a test wants: our own little ARC sealer, which may also seal wrongly."""

import base64

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from signing import NOW, record, rsa_key, sign

from gateway.authentication import arc
from gateway.authentication.canonical import body_hashes
from gateway.authentication.fields import Field, split
from gateway.authentication.resolver import ZoneResolver
from gateway.authentication.signature import digest_of

MAIL = b"From: joe@example.com\r\nTo: us@desk.example\r\nSubject: Hello\r\n\r\nbody\r\n"
NAMES = (b"arc-authentication-results", b"arc-message-signature", b"arc-seal")


def seal(
    message, domain="list.example", *,
    found=None, results="i={i}; {found}", key=None, without=(), signature=None, **tags,
):  # fmt: skip
    """The message with one whole set more. tags: of the seal, instead of the right ones; signature: of sign()."""
    number = message.count(b"ARC-Seal:") + 1
    found = found or f"mx.{domain}; dmarc=pass header.from=example.com"
    signed = sign(message, **{"domain": domain, "key": key, "name": "ARC-Message-Signature", "first": f"i={number};",
                              "names": "from:to:subject", **(signature or {})})  # fmt: skip
    results = results.format(i=number, found=found)
    message = f"ARC-Authentication-Results: {results}\r\n".encode() + signed
    algorithm = "ed25519-sha256" if isinstance(key, ed25519.Ed25519PrivateKey) else "rsa-sha256"
    cv = "none" if number == 1 else "pass"
    tags = {"i": number, "cv": cv, "a": algorithm, "d": domain, "s": "s1", "t": 1000} | tags
    value = (" " + " ".join(f"{tag}={text};" for tag, text in tags.items() if tag not in without) + " b=").encode()
    digest = digest_of(_in_order(split(message)[0], number), Field(NAMES[2], b"ARC-Seal", value), value, "relaxed")
    return b"ARC-Seal:" + value + base64.b64encode(_signed(key or rsa_key(), digest)) + b"\r\n" + message


def _signed(key, digest):
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(digest)
    return key.sign(digest, padding.PKCS1v15(), Prehashed(hashes.SHA256()))


def _in_order(header, count):
    results, messages, seals = (header.named(name)[::-1] for name in NAMES)
    for place in range(count):
        yield from (results[place], messages[place])
        if place < count - 1:
            yield seals[place]


class CountingResolver(ZoneResolver):
    def __init__(self, zone):
        super().__init__(zone)
        self.asked = []

    async def query(self, name, type):
        self.asked.append(name)
        return await super().query(name, type)


def zone(records=None):
    names = ("list.example", "forward.example", "xn--bcher-kva.example")
    return {f"s1._domainkey.{name}": {"TXT": [record(rsa_key())]} for name in names} | (records or {})


async def outcome(message, records=None, resolver=None):
    header, body = split(message)
    chain = arc.read(header, NOW)
    wanted = chain.body_keys if isinstance(chain, arc.Chain) else set()
    bodies = await body_hashes(body, wanted)
    return await arc.verify(chain, header, bodies, resolver or ZoneResolver(zone(records)))


async def verify(message, records=None):
    return (await outcome(message, records)).check
