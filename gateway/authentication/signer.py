"""Our letters are signed, so that who gets them can tell that they are ours (RFC 6376 section 5, RFC 8463)."""

import base64
import hashlib
import re

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.authentication import key as keys
from gateway.authentication import signature as signatures
from gateway.authentication.canonical import pieces
from gateway.authentication.fields import Field, Header, split

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
