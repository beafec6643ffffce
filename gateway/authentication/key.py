"""The key that a domain publishes for a selector (RFC 6376 section 3.6, RFC 8301, RFC 8463), and may it be used?

Keys come from strangers: their size and shape are checked before any arithmetic is done with them.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from gateway.authentication import tags
from gateway.authentication.answer import Resolver
from gateway.authentication.tags import Malformed
from gateway.mail.authres import Result

MAX_RECORD = 4096
MAX_KEY = 1200
"""Octets of p=, decoded: an RSA key of 8192 bits and what stands around it."""
MIN_BITS, MAX_BITS = 1024, 8192
REMEMBERED = 1000
"""So many keys are kept as they were read: the mail of a day comes from few domains."""

_PADDING, _DIGESTED = PKCS1v15(), Prehashed(SHA256())
_HAS_KEY = re.compile(rb"(?:^|;)[ \t\r\n]{0,9}p[ \t\r\n]{0,9}=")
_OTHER_VERSION = re.compile(rb"[ \t\r\n]{0,9}v[ \t\r\n]{0,9}=(?![ \t\r\n]{0,9}DKIM1[ \t\r\n]{0,9}(?:;|\Z))")
_PRIME = 2**255 - 19
_EIGHTH = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL = frozenset({0, 1, _PRIME - 1, _PRIME, _PRIME + 1, _EIGHTH, _PRIME - _EIGHTH})
"""y of the ed25519 points of order 8 and less, and the ways to write them: with such a key anybody can sign."""


class KeyTrouble(Exception):
    """No usable key: the result it makes of the signature, and why."""

    def __init__(self, result: Result, reason: str):
        super().__init__(reason)
        self.result, self.reason = result, reason


@dataclass(frozen=True)
class Key:
    public: RSAPublicKey | Ed25519PublicKey
    algorithm: str
    """rsa or ed25519."""
    bits: int
    is_testing: bool
    """t=y: the domain is trying DKIM out."""
    is_strict: bool
    """t=s: i= must name exactly d=."""

    def verifies(self, signature: bytes, digest: bytes) -> bool:
        """True when the signature over the SHA-256 digest is this key's."""
        try:
            if isinstance(self.public, RSAPublicKey):
                self.public.verify(signature, digest, _PADDING, _DIGESTED)
            else:
                self.public.verify(signature, digest)
        except (InvalidSignature, ValueError):
            return False
        return True


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
    public, bits = _ed25519(octets) if algorithm == "ed25519" else _rsa(octets)
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


def _ed25519(octets: bytes) -> tuple[Ed25519PublicKey, int]:
    if len(octets) != 32:
        raise Malformed("it is not an ed25519 key of 32 octets")
    if int.from_bytes(octets, "little") % (1 << 255) in _SMALL:
        raise Malformed("anybody could sign with it")
    return Ed25519PublicKey.from_public_bytes(octets), 256


def _rsa(octets: bytes) -> tuple[RSAPublicKey, int]:
    try:
        public = load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        raise Malformed("it is not an RSA key") from None
    if not isinstance(public, RSAPublicKey):
        raise Malformed("it is not an RSA key")
    numbers, bits = public.public_numbers(), public.key_size
    if not MIN_BITS <= bits <= MAX_BITS:
        raise Malformed(f"an RSA key of {bits} bits is not accepted")
    if numbers.n % 2 == 0 or numbers.e % 2 == 0 or not 3 <= numbers.e < 1 << 32:
        raise Malformed("its RSA numbers are not sound")
    return public, bits
