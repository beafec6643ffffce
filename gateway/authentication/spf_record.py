"""The grammar of an SPF record (RFC 7208 sections 4.5, 4.6, 5, 6 and 12): octets in, terms out.

The whole record is read before anything is asked: an error behind the term that would have matched is an error still
(section 4.6).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from gateway.authentication import spf_macro
from gateway.authentication.address import LENGTHS, Network, number
from gateway.authentication.spf_macro import LETTERS_OF_EXPLANATIONS, MacroString, Malformed
from gateway.mail.authres import Result

MAX_RECORD = 65_535
"""Octets: DNS carries no more (RFC 1035 section 3.2.1)."""
MAX_SPEC = 1_024
"""Octets of one domain-spec. Four times what a name may have leaves room for every sensible macro."""
REMEMBERED, MAX_REMEMBERED = 1_024, 512
"""So many records of so many octets are kept as read: those of a few providers come with most mails."""

QUALIFIERS = {"": Result.PASS, "+": Result.PASS, "-": Result.FAIL, "~": Result.SOFTFAIL, "?": Result.NEUTRAL}

_TERM = re.compile(r"([+\-~?]?)([A-Za-z][A-Za-z0-9\-_.]*)(.*)", re.DOTALL)
_V4_LENGTH, _V6_LENGTH = "/(0|[1-9][0-9]?)", "/(0|[1-9][0-9]{0,2})"
_HOSTS = re.compile(rf"(?::(.+?))?(?:{_V4_LENGTH})?(?:/{_V6_LENGTH})?", re.DOTALL)
_NETWORKS = {
    "ip4": (4, re.compile(rf":([0-9.]+)(?:{_V4_LENGTH})?")),
    "ip6": (6, re.compile(rf":([0-9A-Fa-f:.]+)(?:{_V6_LENGTH})?")),
}


@dataclass(frozen=True, slots=True)
class Mechanism:
    name: str
    result: Result
    """What a match means, by the qualifier."""
    target: MacroString | None = None
    """The domain-spec; None means the domain itself."""
    network: Network | None = None
    """ip4 and ip6 only."""
    v4_length: int = 32
    v6_length: int = 128


@dataclass(frozen=True, slots=True)
class Modifier:
    name: str
    value: MacroString


@dataclass(frozen=True, slots=True)
class Record:
    mechanisms: tuple[Mechanism, ...]
    redirect: MacroString | None
    explanation: MacroString | None


def is_record(text: bytes) -> bool:
    """True for a TXT record that is an SPF record of version 1 (section 4.5)."""
    return text[:6].lower() == b"v=spf1" and text[6:7] in (b"", b" ")


def read(octets: bytes) -> Record:
    """Read a record. Raises Malformed."""
    return _remembered(octets) if len(octets) <= MAX_REMEMBERED else _read(octets)


def _read(octets: bytes) -> Record:
    if len(octets) > MAX_RECORD or not octets.isascii():
        raise Malformed("it is too long or not ASCII")
    words = [word for word in octets.decode("ascii")[6:].split(" ") if word]
    # Of thousands of equal terms one is read.
    meaning = {word: _read_term(word) for word in dict.fromkeys(words)}
    terms = [meaning[word] for word in words]
    mechanisms = tuple(term for term in terms if isinstance(term, Mechanism))
    return Record(mechanisms, _only("redirect", terms), _only("exp", terms))


_remembered = lru_cache(maxsize=REMEMBERED)(_read)


def _only(name: str, terms: list[Mechanism | Modifier]) -> MacroString | None:
    """The one modifier of this name (section 6); None without one."""
    found = [term.value for term in terms if isinstance(term, Modifier) and term.name == name]
    if len(found) > 1:
        raise Malformed(f"{name}= comes twice")
    return found[0] if found else None


def _read_term(term: str) -> Mechanism | Modifier:
    match = _TERM.fullmatch(term)
    if match is None:
        raise _unknown(term)
    qualifier, name, rest = match[1], match[2].lower(), match[3]
    if rest.startswith("="):
        if qualifier:
            raise _unknown(term)
        return Modifier(name, _read_value(name, rest[1:]))
    if name not in _READERS:
        raise _unknown(term)
    return _READERS[name](name, QUALIFIERS[qualifier], rest)


def _unknown(term: str) -> Malformed:
    return Malformed(f"the term {term[:40]!r} is unknown")


def _read_value(name: str, value: str) -> MacroString:
    """Modifiers that nobody knows are to be ignored, but they must be macro-strings (section 6)."""
    if name in ("redirect", "exp"):
        return _domain_spec(value)
    return spf_macro.read(value, LETTERS_OF_EXPLANATIONS)


def _read_all(name: str, result: Result, rest: str) -> Mechanism:
    if rest:
        raise Malformed("all takes no argument")
    return Mechanism(name, result)


def _read_network(name: str, result: Result, rest: str) -> Mechanism:
    version, pattern = _NETWORKS[name]
    match = pattern.fullmatch(rest)
    address = number(match[1], version) if match else -1
    if match is None or address < 0:
        raise Malformed(f"{name}{rest[:40]} is malformed")
    length = _in_range(match[2], LENGTHS[version])
    return Mechanism(name, result, None, Network.around(address, length, version))


def _read_hosts(name: str, result: Result, rest: str) -> Mechanism:
    """a and mx: a domain and two prefix lengths, each of which may be missing (section 5.6)."""
    match = _HOSTS.fullmatch(rest)
    if match is None:
        raise Malformed(f"{name}{rest[:40]} is malformed")
    target = _domain_spec(match[1]) if match[1] else None
    return Mechanism(name, result, target, None, _in_range(match[2], 32), _in_range(match[3], 128))


def _read_domain(name: str, result: Result, rest: str) -> Mechanism:
    """include, exists and ptr; only ptr may go without."""
    if not rest and name == "ptr":
        return Mechanism(name, result)
    if not rest.startswith(":"):
        raise Malformed(f"{name} needs a domain")
    return Mechanism(name, result, _domain_spec(rest[1:]))


_READERS: dict[str, Callable[[str, Result, str], Mechanism]] = {
    "all": _read_all,
    "ip4": _read_network,
    "ip6": _read_network,
    "a": _read_hosts,
    "mx": _read_hosts,
    "include": _read_domain,
    "exists": _read_domain,
    "ptr": _read_domain,
}


def _in_range(digits: str | None, most: int) -> int:
    """A prefix length; all bits when none is given."""
    length = most if digits is None else int(digits)
    if length > most:
        raise Malformed("a prefix length is out of range")
    return length


def _domain_spec(text: str) -> MacroString:
    """A macro-string that ends in a macro or in a dot and a top label (section 7.1). Raises Malformed."""
    if len(text) > MAX_SPEC:
        raise Malformed(f"{text[:40]!r} is longer than any domain")
    spec = spf_macro.read(text)
    if not text or (spec.tail and not _ends_in_top_label(spec.tail)):
        raise Malformed(f"{text[:40]!r} is not a domain")
    return spec


def _ends_in_top_label(text: str) -> bool:
    """A dot, a label that is no number, and perhaps the final dot."""
    _, dot, label = text.removesuffix(".").rpartition(".")
    is_label = label.replace("-", "").isalnum() and not label.startswith("-") and not label.endswith("-")
    return bool(dot) and is_label and not label.isdigit()
