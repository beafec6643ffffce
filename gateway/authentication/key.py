"""The key that a domain publishes for a selector (RFC 6376 section 3.6, RFC 8301, RFC 8463), and may it be used?

Keys come from strangers: their size and shape are checked before any arithmetic is done with them.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from gateway.authentication import tags
from gateway.authentication.answer import Resolver
from gateway.authentication.tags import Malformed
from gateway.mail.authres import Result

if TYPE_CHECKING:
    from gateway.authentication.public_key import Public

MAX_RECORD = 4096
MAX_KEY = 1200
"""Octets of p=, decoded: an RSA key of 8192 bits and what stands around it."""
REMEMBERED = 1000
"""So many keys are kept as they were read: the mail of a day comes from few domains."""

_HAS_KEY = re.compile(rb"(?:^|;)[ \t\r\n]{0,9}p[ \t\r\n]{0,9}=")
_OTHER_VERSION = re.compile(rb"[ \t\r\n]{0,9}v[ \t\r\n]{0,9}=(?![ \t\r\n]{0,9}DKIM1[ \t\r\n]{0,9}(?:;|\Z))")


class KeyTrouble(Exception):
    """No usable key: the result it makes of the signature, and why."""

    def __init__(self, result: Result, reason: str):
        super().__init__(reason)
        self.result, self.reason = result, reason


@dataclass(frozen=True)
class Key:
    public: "Public"
    algorithm: str
    """rsa or ed25519."""
    bits: int
    is_testing: bool
    """t=y: the domain is trying DKIM out."""
    is_strict: bool
    """t=s: i= must name exactly d=."""

    def verifies(self, signature: bytes, digest: bytes) -> bool:
        """True when the signature over the SHA-256 digest is this key's."""
        from gateway.authentication import public_key

        return public_key.verifies(self.public, signature, digest)


def name(selector: str, domain: str) -> str:
    """Where its owner publishes a key (section 3.6.2.1)."""
    return f"{selector}._domainkey.{domain}"


async def fetch(resolver: Resolver, selector: str, domain: str, algorithm: str) -> Key:
    """Ask for the key of a signature made with the algorithm (rsa, ed25519). Raises KeyTrouble."""
    answer = await resolver.query(name(selector, domain), "TXT")
    if answer.is_trouble:
        raise KeyTrouble(Result.TEMPERROR, f"DNS did not answer for the key of {domain} ({answer.rcode})")
    if answer.is_void:
        raise KeyTrouble(Result.PERMERROR, f"{domain} publishes no key for the selector {selector}")
    try:
        return read(_one_record(answer.texts), algorithm)
    except Malformed as trouble:
        raise KeyTrouble(Result.PERMERROR, f"the key record of {domain} cannot be used: {trouble}") from None


def _one_record(texts: list[bytes]) -> bytes:
    # Other TXT records may share a wildcard's name, and those of another version are discarded (section 3.6.1).
    keys = [text for text in texts if _HAS_KEY.search(text[:MAX_RECORD]) and not _OTHER_VERSION.match(text)]
    if len(keys) > 1:
        # Undefined (section 3.6.2.2): whoever chose one of them would choose for the domain.
        raise Malformed("there are several")
    return keys[0] if keys else texts[0]


@lru_cache(REMEMBERED)
def read(record: bytes, algorithm: str) -> Key:
    """Read a key record for use with the algorithm (rsa, ed25519). Raises Malformed."""
    if len(record) > MAX_RECORD:
        raise Malformed("it is too long")
    fields = tags.read(record)
    _check_use(fields, algorithm)
    octets = fields.octets("p")
    if len(octets) > MAX_KEY:
        raise Malformed("the key is too large")
    from gateway.authentication import public_key  # OpenSSL takes 10 MB and 30 ms, once the first signature comes

    public, bits = public_key.ed25519(octets) if algorithm == "ed25519" else public_key.rsa(octets)
    flags = fields.words("t")
    return Key(public, algorithm, bits, "y" in flags, "s" in flags)


def _check_use(fields: tags.Tags, algorithm: str) -> None:
    if "v" in fields and (next(iter(fields.values)) != "v" or fields.values["v"] != b"DKIM1"):
        raise Malformed("its version is not DKIM1, or not in front")
    if "p" not in fields:
        raise Malformed("p= is missing")
    if not fields.values["p"]:
        raise Malformed("the key was revoked")
    if fields.text("k", "rsa") != algorithm:
        raise Malformed(f"it is not a key for {algorithm}")
    if "h" in fields and "sha256" not in fields.words("h"):
        raise Malformed("it is not for sha256")
    if "s" in fields and not {"*", "email"} & set(fields.words("s")):
        raise Malformed("it is not for mail")
