"""One signature over header fields, as DKIM-Signature (RFC 6376) and ARC-Message-Signature (RFC 8617) carry it.

The tags are checked before anything is asked or computed. A signature that says something we may not act on is
Malformed, never repaired (RFC 6376 section 6.1.1).
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.authentication import tags
from gateway.authentication.canonical import field_bytes
from gateway.authentication.fields import Field, Header
from gateway.authentication.names import to_ascii
from gateway.authentication.tags import Malformed, Tags

MAX_SIGNATURE = 8192
MAX_NAMES = 200
SLOP = 300
"""Seconds by which clocks may differ."""
ALGORITHMS = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}

_SELECTOR = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?\Z")
_FIELD_NAME = re.compile(rb"[\x21-\x39\x3c-\x7e]+\Z")


@dataclass(frozen=True)
class Signature:
    field: Field
    tags: Tags
    algorithm: str
    """rsa or ed25519."""
    domain: str
    """d= in A-labels."""
    selector: str
    names: tuple[bytes, ...]
    """h= in lower case, in its order."""
    header_form: str
    body_form: str
    limit: int | None
    """l=: octets of the canonical body that are signed; None for all."""
    body_hash: bytes
    octets: bytes
    """The signature itself: b= decoded."""

    @property
    def body_key(self) -> tuple[str, int | None]:
        return self.body_form, self.limit

    def digest(self, header: Header) -> bytes:
        """SHA-256 of the signed fields and this one (RFC 6376 section 3.7)."""
        return digest_of(header.signed(self.names, self.field), self.field, self.tags.emptied, self.header_form)


def digest_of(fields: Iterable[Field], last: Field, emptied: bytes, form: str) -> bytes:
    closing = field_bytes(Field(last.name, last.label, emptied), form).removesuffix(b"\r\n")
    return hashlib.sha256(b"".join([*(field_bytes(field, form) for field in fields), closing])).digest()


def read_tags(field: Field) -> Tags:
    if len(field.value) > MAX_SIGNATURE:
        raise Malformed("it is too long")
    return tags.read(field.value)


def read(field: Field, now: float, *, may_be_blank: bool = False) -> Signature:
    """Read DKIM-Signature's or ARC-Message-Signature's common part. Raises Malformed.

    may_be_blank: names in h= that are empty are passed over.
    """
    found = read_tags(field)
    found.demand("a", "b", "bh", "d", "s", *(() if may_be_blank else ("h",)))
    kind = algorithm(found)
    header_form, body_form = _forms(found)
    body_hash, octets = found.octets("bh"), found.octets("b")
    if len(body_hash) != 32:
        raise Malformed("bh= is not a SHA-256 hash")
    if "q" in found and "dns/txt" not in found.words("q"):
        raise Malformed("q= names no way to ask for the key")
    check_times(found, now)
    return Signature(field, found, kind, domain(found), selector(found), _names(found, may_be_blank),
                     header_form, body_form, found.number("l"), body_hash, octets)  # fmt: skip


def algorithm(found: Tags) -> str:
    name = found.text("a")
    if name not in ALGORITHMS:
        raise Malformed(f"the algorithm {name[:30]} is not accepted")
    return ALGORITHMS[name]


def domain(found: Tags) -> str:
    """d= in A-labels (RFC 8616); the grammar asks for two labels at least and no final dot."""
    text = found.text("d")
    name = to_ascii(text)
    if "." not in name or text.endswith("."):
        raise Malformed("d= is not a domain name")
    return name


def agent_domain(found: Tags) -> str:
    """The domain of i=, or d= when there is none; "" when i= is no address (RFC 6376 section 3.5)."""
    if "i" not in found:
        return domain(found)
    _, at, name = found.plain("i").rpartition("@")
    return to_ascii(name) if at else ""


def selector(found: Tags) -> str:
    """s= in A-labels (RFC 8616)."""
    text = found.text("s")
    name = text if text.isascii() else to_ascii(text)
    if not all(map(_SELECTOR.match, name.split("."))):
        raise Malformed("s= is not a selector")
    return name


def check_times(found: Tags, now: float) -> None:
    signed, expires = found.number("t"), found.number("x")
    if signed is not None and signed > now + SLOP:
        raise Malformed("it was signed in the future (t=)")
    if expires is not None and signed is not None and expires <= signed:
        raise Malformed("it expires before it was made (x= is not after t=)")
    if expires is not None and expires < now - SLOP:
        raise Malformed("it has expired (x=)")


def _forms(found: Tags) -> tuple[str, str]:
    header, slash, body = found.text("c", "simple/simple").partition("/")
    body = body if slash else "simple"
    if not {header, body} <= {"simple", "relaxed"}:
        raise Malformed("c= names an unknown canonical form")
    return header, body


def _names(found: Tags, may_be_blank: bool) -> tuple[bytes, ...]:
    if "h" not in found:
        raise Malformed("h= is missing")
    names = [name.strip(b" \t\r\n").lower() for name in found.values["h"].split(b":")]
    if len(names) > MAX_NAMES:
        raise Malformed(f"h= names more than {MAX_NAMES} fields")
    if may_be_blank:
        names = [name for name in names if name]
    if not all(map(_FIELD_NAME.match, names)):
        raise Malformed("h= holds what is no field name")
    return tuple(names)
