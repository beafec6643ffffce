"""Who signed this mail, and does the signature hold (RFC 6376, 8301, 8463, 8616)? And: sign ours.

A pass says one thing: the domain d= signed this header and this whole body once. What would let a stranger put words
into signed mail (l= short of the body, From unsigned, two From fields) never passes.
"""

import asyncio
import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.authentication import key as keys
from gateway.authentication import signature as signatures
from gateway.authentication.answer import Resolver
from gateway.authentication.canonical import BodyHash, BodyHashes, pieces
from gateway.authentication.fields import Field, Header, split
from gateway.authentication.key import Key, KeyTrouble
from gateway.authentication.measure import measured
from gateway.authentication.names import is_within, to_ascii
from gateway.authentication.signature import Signature
from gateway.authentication.tags import Malformed
from gateway.mail.authres import Check, Result

MAX_SIGNATURES = 10


def read(header: Header, now: float) -> list[Signature | Check]:
    """The first ten signatures from the top: read, or the check that says why one cannot be used."""
    return [_read(field, header, now) for field in header.named(b"dkim-signature")[:MAX_SIGNATURES]]


async def verify(
    found: Sequence[Signature | Check], header: Header, bodies: asyncio.Future[BodyHashes], resolver: Resolver
) -> tuple[Check, ...]:
    """One check for each signature, in their order; keys are fetched together."""
    return tuple(
        await asyncio.gather(
            *(measured(partial(_verify, each, header, bodies), resolver) for each in found)
        )
    )


def _read(field: Field, header: Header, now: float) -> Signature | Check:
    try:
        found = signatures.read(field, now)
        _check_tags(found)
        _check_author_is_signed(found, header)
    except Malformed as trouble:
        return _unreadable(field, f"The signature cannot be used: {trouble}.")
    return found


def _unreadable(field: Field, reason: str) -> Check:
    """A permerror that still names the domain, so far as it can be read."""
    try:
        found = signatures.read_tags(field)
    except Malformed:
        return Check("dkim", Result.PERMERROR, reason=reason)
    return Check("dkim", Result.PERMERROR, to_ascii(found.text("d")), reason, found.text("s")[:63])


def _check_tags(found: Signature) -> None:
    found.tags.demand("v", "h")
    if found.tags.values["v"] != b"1":
        raise Malformed("its version is not 1")
    if not is_within(_agent_domain(found), found.domain):
        raise Malformed("i= lies outside d=")


def _check_author_is_signed(found: Signature, header: Header) -> None:
    if b"from" not in found.names:
        raise Malformed("it does not sign From")
    if len(header.named(b"from")) != 1:
        raise Malformed("the mail has not exactly one From field")


def _agent_domain(found: Signature) -> str:
    if "i" not in found.tags:
        return found.domain
    _, at, domain = found.tags.text("i").rpartition("@")
    return to_ascii(domain) if at else ""


async def _verify(
    found: Signature | Check, header: Header, bodies: asyncio.Future[BodyHashes], resolver: Resolver
) -> Check:
    if isinstance(found, Check):
        return found
    check = Check("dkim", Result.PERMERROR, found.domain, selector=found.selector, detail=found.tags.text("a"),
                  signature=hashlib.sha256(found.tags.octets("b")).hexdigest())  # fmt: skip
    try:
        key = await keys.fetch(resolver, found.selector, found.domain, found.algorithm)
    except KeyTrouble as trouble:
        return replace(check, result=trouble.result, reason=f"No key: {trouble.reason}.")
    check = replace(check, bits=key.bits)
    if key.is_strict and _agent_domain(found) != found.domain:
        return replace(check, reason=f"The key of {found.domain} is not for its subdomains, and i= names one.")
    result, reason = _compare(found, key, header, (await bodies)[found.body_key])
    return replace(check, result=result, reason=reason)


def _compare(found: Signature, key: Key, header: Header, body: BodyHash) -> tuple[Result, str]:
    whose = f"{found.domain} (selector {found.selector})"
    if found.limit is not None and found.limit > body.length:
        return Result.PERMERROR, f"The signature of {whose} covers more body than there is (l=)."
    if body.digest != found.tags.octets("bh"):
        return Result.FAIL, f"The body is not what {whose} signed."
    if not key.verifies(found.tags.octets("b"), found.digest(header)):
        return Result.FAIL, f"The header is not what {whose} signed, or another key signed it."
    if found.limit is not None and found.limit < body.length:
        return Result.POLICY, f"{whose} signed only the first {found.limit} of {body.length} octets of the body."
    testing = "; the domain says it is only testing" if key.is_testing else ""
    return Result.PASS, (
        f"{found.domain} signed this mail (DKIM, selector {found.selector}, {key.algorithm} {key.bits}{testing})."
    )


OVER_SIGNED = (b"From", b"Subject", b"Date", b"To", b"Reply-To", b"Message-ID")
"""Named once more than they occur, so that nobody can add another one (RFC 6376 section 8.15)."""
ALSO_SIGNED = (b"Cc", b"In-Reply-To", b"References", b"MIME-Version", b"Content-Type", b"Content-Transfer-Encoding",
               b"Auto-Submitted", b"List-Id", b"Sender")  # fmt: skip


class Signer:
    """Signs our letters for one domain with one key (RSA of 2048 bits and more, or ed25519)."""

    def __init__(self, domain: str, selector: str, private_key_pem: bytes, identity: str = ""):
        """identity: i=, an address within the domain. Raises ValueError for a key that cannot be used."""
        key = load_pem_private_key(private_key_pem, password=None)
        if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
            raise ValueError("A DKIM key is an RSA or an ed25519 key.")
        if isinstance(key, RSAPrivateKey) and key.key_size < keys.MIN_BITS:
            raise ValueError(f"An RSA key for DKIM has at least {keys.MIN_BITS} bits.")
        self.domain, self.selector, self.identity, self._key = domain, selector, identity, key

    def sign(self, message: bytes, *, now: float | None = None) -> bytes:
        """The DKIM-Signature field, with its CRLF, to be put in front of the message (CRLF line ends).

        now: seconds since the epoch for t=; left out when None.
        """
        header, body = split(message)
        hasher = hashlib.sha256()
        for piece in pieces(body, "relaxed"):
            hasher.update(piece)
        names = _names_to_sign(header)
        value = self._value(names, hasher.digest(), now)
        field = Field(b"dkim-signature", b"DKIM-Signature", value)
        digest = signatures.digest_of(header.signed([name.lower() for name in names]), field, value, "relaxed")
        return b"DKIM-Signature:" + value + _folded(base64.b64encode(self._signed(digest))) + b"\r\n"

    def _value(self, names: list[bytes], body_hash: bytes, now: float | None) -> bytes:
        algorithm = "rsa-sha256" if isinstance(self._key, RSAPrivateKey) else "ed25519-sha256"
        first = f" v=1; a={algorithm}; c=relaxed/relaxed; d={self.domain}; s={self.selector};"
        if self.identity:
            first += f" i={self.identity};"
        if now is not None:
            first += f" t={int(now)};"
        listed = b":".join(names)
        return b"\r\n\t".join(
            (first.encode(), b"h=" + _wrapped(listed) + b";", b"bh=" + base64.b64encode(body_hash) + b";", b"b=")
        )

    def _signed(self, digest: bytes) -> bytes:
        if isinstance(self._key, RSAPrivateKey):
            return self._key.sign(digest, PKCS1v15(), Prehashed(SHA256()))
        return self._key.sign(digest)


def _names_to_sign(header: Header) -> list[bytes]:
    names = [name for name in ALSO_SIGNED for _ in header.named(name.lower())]
    for name in OVER_SIGNED:
        names += [name] * (len(header.named(name.lower())) + 1)
    return names


def _wrapped(names: bytes) -> bytes:
    return re.sub(rb"(.{1,60}:)", rb"\1\r\n\t ", names)


def _folded(text: bytes) -> bytes:
    return b"\r\n\t ".join(text[start : start + 70] for start in range(0, len(text), 70))
