"""Our letters are signed, so that who gets them can tell them from forged ones (RFC 6376 section 5, RFC 8463).

Every key of ours signs every letter: ed25519 for those who know it, RSA for all others. Header and body are brought
into canonical form and hashed once, whatever the number of keys. i= is left out: its default, @d=, says all that we
can vouch for, and an identity below d= would clash with a key record that says t=s.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from gateway.authentication.canonical import pieces
from gateway.authentication.fields import Field, Header, split
from gateway.authentication.names import can_be_asked, to_ascii

Kind = Literal["rsa", "ed25519"]

BITS = 2048
"""Of the RSA keys that we make; shorter ones are not used (RFC 8301 section 3.2)."""
MAX_BITS = 4096
"""Verifiers need not take longer keys (RFC 8301 section 3.2)."""
OVER_SIGNED = (b"from", b"subject", b"date", b"to", b"reply-to", b"message-id", b"cc", b"content-type")
"""Named once more than they occur, so that nobody can add another one on the way (RFC 6376 section 8.15)."""
ALSO_SIGNED = (b"in-reply-to", b"references", b"mime-version", b"content-transfer-encoding", b"content-language",
               b"auto-submitted")  # fmt: skip
LABEL = b"DKIM-Signature"
LINE = 77
"""Octets of a line of the signature, without its CRLF (RFC 5322 section 2.1.1)."""


@dataclass(frozen=True)
class SigningKey:
    """A private key, and the selector under which DNS holds its public half."""

    selector: str
    private: RSAPrivateKey | Ed25519PrivateKey

    @classmethod
    def make(cls, selector: str, kind: Kind) -> Self:
        return cls(selector, generate_private_key(65537, BITS) if kind == "rsa" else Ed25519PrivateKey.generate())

    @classmethod
    def read(cls, selector: str, pem: bytes) -> Self:
        """The key of a PEM file. Raises ValueError, with what is wrong with the file, for one that cannot sign."""
        try:
            private = load_pem_private_key(pem, password=None)
        except TypeError:
            raise ValueError("is encrypted: the gateway cannot be asked for its password") from None
        except (ValueError, UnsupportedAlgorithm):
            raise ValueError("is not the PEM file of a private key") from None
        if not isinstance(private, RSAPrivateKey | Ed25519PrivateKey):
            raise ValueError("holds neither an RSA nor an ed25519 key; DKIM knows no other")
        key = cls(selector, private)
        if key.kind == "rsa" and not BITS <= key.bits <= MAX_BITS:
            raise ValueError(f"holds an RSA key of {key.bits} bits; {BITS} to {MAX_BITS} are right")
        return key

    @property
    def kind(self) -> Kind:
        return "rsa" if isinstance(self.private, RSAPrivateKey) else "ed25519"

    @property
    def bits(self) -> int:
        return self.private.key_size if isinstance(self.private, RSAPrivateKey) else 256

    @property
    def pem(self) -> bytes:
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def record(self) -> str:
        """The TXT record that lets others verify (RFC 6376 section 3.6.1; RFC 8463 section 4)."""
        public = self.private.public_key()
        octets = (public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) if self.kind == "rsa"
                  else public.public_bytes(Encoding.Raw, PublicFormat.Raw))  # fmt: skip
        return f"v=DKIM1; k={self.kind}; p={b64encode(octets).decode()}"

    def name(self, domain: str) -> str:
        """Where the record stands in DNS."""
        return f"{self.selector}._domainkey.{domain}"

    def sign(self, digest: bytes) -> bytes:
        """The signature over a SHA-256 digest; ed25519 signs the digest as if it were the text (RFC 8463 section 3)."""
        if isinstance(self.private, RSAPrivateKey):
            return self.private.sign(digest, PKCS1v15(), Prehashed(SHA256()))
        return self.private.sign(digest)


class Signer:
    """Signs our letters for one domain, with each of its keys."""

    def __init__(self, domain: str, keys: Sequence[SigningKey]):
        """domain: d=, in U-labels or A-labels (RFC 8616 section 5). Raises ValueError, with a sentence."""
        self.domain = to_ascii(domain)
        if not self.domain:
            raise ValueError(f"{domain!r} is not a domain name")
        if long := next((key.selector for key in keys if not can_be_asked(key.name(self.domain))), None):
            raise ValueError(f"{self.domain} and the selector {long} make a name that is too long for DNS")
        # Those who look at one signature only look at the first, and those who know one algorithm only know RSA.
        self.keys = tuple(sorted(keys, key=lambda key: key.kind != "rsa"))

    def sign(self, message: bytes, now: float) -> bytes:
        """DKIM-Signature fields, each with its CRLF, to be put in front of the message (CRLF line ends).

        now: seconds since the epoch, for t=.
        """
        header, body = split(message)
        names = _names(header)
        signed = hashlib.sha256()
        signed.update(_relaxed(header.signed(names)))
        digest = _digest(body)
        return b"".join(self._field(key, names, signed.copy(), digest, now) for key in self.keys)

    def _field(self, key: SigningKey, names: list[bytes], signed: "hashlib._Hash", digest: bytes,
               now: float) -> bytes:
        """signed: what hashed the fields named, and now hashes this one with its b= empty (RFC 6376 section 3.7)."""
        tags = (f" v=1; a={key.kind}-sha256;", " c=relaxed/relaxed;", f" d={self.domain};", f" s={key.selector};",
                f" t={int(now)};")
        value = _folded([*(tag.encode() for tag in tags), *_listed(names), b" bh=" + b64encode(digest) + b";", b" b="])
        signed.update(_relaxed([Field(LABEL.lower(), LABEL, value)]).removesuffix(b"\r\n"))
        signature = b64encode(key.sign(signed.digest()))
        return b"\r\n\t".join((LABEL + b":" + value, *re.findall(rb".{1,76}", signature))) + b"\r\n"


def _names(header: Header) -> list[bytes]:
    names = [name for name in OVER_SIGNED for _ in range(len(header.places.get(name, ())) + 1)]
    return names + [name for name in ALSO_SIGNED for _ in header.places.get(name, ())]


def _relaxed(fields: Iterable[Field]) -> bytes:
    """In dkimpy's canonical form: what we sign is not shaped by the code with which we judge others."""
    from dkim.canonicalization import Relaxed  # 3 MB, for who signs

    pairs = Relaxed.canonicalize_headers([(field.label, field.value + b"\r\n") for field in fields])
    return b"".join(name + b":" + value for name, value in pairs)


def _digest(body: memoryview) -> bytes:
    hasher = hashlib.sha256()
    for piece in pieces(body, "relaxed"):
        hasher.update(piece)
    return hasher.digest()


def _listed(names: list[bytes]) -> list[bytes]:
    """h= in words between which a line may end (RFC 6376 section 3.5)."""
    first, *others, last = names
    return [b" h=" + first + b":", *(name + b":" for name in others), last + b";"]


def _folded(words: Iterable[bytes]) -> bytes:
    """The words in lines, of which the first stands behind the field's label and each other begins with a tab."""
    lines, room = [b""], LINE - len(LABEL) - 1
    for word in words:
        if len(lines[-1]) + len(word) > room:
            lines.append(b"\t" + word.lstrip(b" "))
            room = LINE
        else:
            lines[-1] += word
    return b"\r\n".join(lines)
