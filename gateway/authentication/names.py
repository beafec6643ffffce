"""Domain names as DNS knows them: lower-case A-labels without a final dot (RFC 1035, RFC 5890)."""

import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache

import idna

MAX_NAME, MAX_LABEL = 253, 63
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")


@lru_cache(4096)
def to_ascii(domain: str) -> str:
    """The name in A-labels; "" when it is no name that a mail domain could have (RFC 5321 section 2.3.5)."""
    if not domain or len(domain) > 4 * MAX_NAME:
        return ""
    labels = [_to_a_label(label) for label in domain.removesuffix(".").split(".")]
    name = ".".join(labels)
    return name if all(labels) and len(name) <= MAX_NAME else ""


def can_be_asked(name: str) -> bool:
    """True when a DNS query can carry the name, however odd its labels."""
    labels: Sequence[str | bytes] = name.split(".") if name.isascii() else octets(name)
    return all(0 < len(label) <= 63 for label in labels) and sum(map(len, labels)) + len(labels) - 1 <= MAX_NAME


def lower(name: str) -> str:
    """The name with its ASCII letters in lower case, and no other: DNS knows no further cases (RFC 4343 section 3)."""
    return name.lower() if name.isascii() else "".join(each.lower() if each.isascii() else each for each in name)


def plain(name: str) -> str:
    """A name as zones and answers are looked up by: lower case, without a final dot."""
    return lower(name.removesuffix("."))


def octets(name: str) -> list[bytes]:
    return [_octets(label) for label in name.split(".")]


def presented(text: str) -> str:
    """A name as it stands in an answer, without escapes and final dot; as it is when a label holds a dot itself."""
    name = text.removesuffix(".")
    if "\\" not in name:
        return name
    import dns.exception  # dnspython takes 2 MB, and such names are rare
    import dns.name

    with suppress(dns.exception.DNSException):
        labels = [label.decode("utf-8", "surrogateescape") for label in dns.name.from_text(name).labels[:-1]]
        if not any("." in label for label in labels):
            return ".".join(labels)
    return name


def _octets(label: str) -> bytes:
    try:
        return label.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return label.encode("utf-8", "surrogatepass")


def is_within(name: str, domain: str) -> bool:
    """True when the name is the domain or lies below it."""
    return name == domain or name.endswith("." + domain)


def _to_a_label(label: str) -> str:
    if not label.isascii():
        label = _punycoded(label)
    label = label.lower()
    return label if _LABEL.match(label) else ""


def _punycoded(label: str) -> str:
    # Only case and composition are mended. What IDNA 2008 would have to map (full-width letters, ligatures, other
    # full stops) is no U-label (RFC 5890 section 2.3.2.1): it looks like a name and is another.
    if len(label) > MAX_LABEL:
        return ""
    try:
        return idna.alabel(unicodedata.normalize("NFC", label.lower())).decode("ascii")
    except UnicodeError:
        return ""
