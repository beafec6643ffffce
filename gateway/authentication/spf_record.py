"""The grammar of an SPF record (RFC 7208 sections 4.5, 4.6, 5, 6, 7 and 12): text in, terms out.

The whole record is read before anything is asked: an error behind the term that would have matched is an error still
(section 4.6).
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

MAX_RECORD = 16_384

QUALIFIERS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
MACRO = re.compile(r"%\{([A-Za-z])([0-9]*)(r?)([.\-+,/_=]*)\}|%%|%_|%-", re.IGNORECASE)

_MECHANISM = re.compile(r"([+\-~?]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?![A-Za-z0-9\-_.=])(.*)\Z", re.IGNORECASE)
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9\-_.]*)=(.*)\Z")
_CIDR = re.compile(r"(?:/(0|[1-9][0-9]?))?(?://(0|[1-9][0-9]{0,2}))?\Z")
_TOP_LABEL = re.compile(r"\.(?:[A-Za-z0-9]*[A-Za-z][A-Za-z0-9]*|[A-Za-z0-9]+-[A-Za-z0-9-]*[A-Za-z0-9])\.?\Z")
_QUAD = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}\Z")
_LETTERS, _LETTERS_OF_EXPLANATIONS = "slodiphv", "slodiphvcrt"


class Malformed(ValueError):
    """What is wrong with the record, in words fit for a reason."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    name: str
    result: str
    """pass, fail, softfail or neutral: what a match means."""
    target: str = ""
    """The domain-spec, macros and all; "" means the domain itself."""
    network: IPv4Network | IPv6Network | None = None
    v4_length: int = 32
    v6_length: int = 128


@dataclass(frozen=True, slots=True)
class Record:
    mechanisms: tuple[Mechanism, ...]
    redirect: str = ""
    explanation: str = ""


def is_record(text: bytes) -> bool:
    """True for a TXT record that is an SPF record of version 1 (section 4.5)."""
    return text[:6].lower() == b"v=spf1" and text[6:7] in (b"", b" ")


def read(octets: bytes) -> Record:
    """Read a record. Raises Malformed."""
    if len(octets) > MAX_RECORD or not octets.isascii():
        raise Malformed("it is too long or not ASCII")
    mechanisms, modifiers = [], {"redirect": "", "exp": ""}
    for term in octets.decode("ascii")[6:].split(" "):
        if not term:
            continue
        if modifier := _MODIFIER.match(term):
            _read_modifier(modifier[1].lower(), modifier[2], modifiers)
        else:
            mechanisms.append(_read_mechanism(term))
    return Record(tuple(mechanisms), modifiers["redirect"], modifiers["exp"])


def check_macros(text: str, letters: str = _LETTERS) -> None:
    """Raises Malformed unless the text is a macro-string (section 7.1)."""
    literal = MACRO.sub("", text)
    if "%" in literal or not all("\x21" <= each <= "\x7e" for each in literal):
        raise Malformed(f"a macro in {text[:60]!r} is malformed")
    for macro in MACRO.finditer(text):
        if macro[1] and (macro[1].lower() not in letters or (macro[2] and not int(macro[2][:9]))):
            raise Malformed(f"the macro {macro[0][:20]!r} is not allowed")


def check_explanation(text: str) -> None:
    """Raises Malformed unless the text is an explain-string: macro-strings and spaces (section 6.2)."""
    check_macros(text.replace(" ", ""), _LETTERS_OF_EXPLANATIONS)


def _read_modifier(name: str, value: str, modifiers: dict[str, str]) -> None:
    if name not in modifiers:
        check_macros(value)
        return
    if modifiers[name]:
        raise Malformed(f"{name}= comes twice")
    modifiers[name] = _domain_spec(value)


def _read_mechanism(term: str) -> Mechanism:
    match = _MECHANISM.match(term)
    if not match:
        raise Malformed(f"the term {term[:40]!r} is unknown")
    result, name, rest = QUALIFIERS[match[1] or "+"], match[2].lower(), match[3]
    if name == "all":
        if rest:
            raise Malformed("all takes no argument")
        return Mechanism(name, result)
    if name in ("ip4", "ip6"):
        return Mechanism(name, result, network=_network(name, rest))
    if name in ("a", "mx"):
        return _read_hosts(name, result, rest)
    if not rest and name == "ptr":
        return Mechanism(name, result)
    if not rest.startswith(":"):
        raise Malformed(f"{name} needs a domain")
    return Mechanism(name, result, _domain_spec(rest[1:]))


def _read_hosts(name: str, result: str, rest: str) -> Mechanism:
    target, v4, v6 = _without_lengths(rest)
    if target and not target.startswith(":"):
        raise Malformed(f"{name} is malformed")
    return Mechanism(name, result, _domain_spec(target[1:]) if target else "", None, v4, v6)


def _without_lengths(text: str) -> tuple[str, int, int]:
    """Cut /n, //m or /n//m off the end (section 5.6)."""
    match = _CIDR.search(text[-7:])
    if match is None or not match[0]:
        return text, 32, 128
    # A slash inside a macro's delimiters ends with a brace and is not met here.
    v4, v6 = int(match[1] or 32), int(match[2] or 128)
    if v4 > 32 or v6 > 128:
        raise Malformed("a prefix length is out of range")
    return text[: len(text) - len(match[0])], v4, v6


def _network(name: str, rest: str) -> IPv4Network | IPv6Network:
    address, slash, length = rest.removeprefix(":").partition("/")
    most = 32 if name == "ip4" else 128
    length = length if slash else str(most)
    if not rest.startswith(":") or not re.fullmatch(r"0|[1-9][0-9]{0,2}", length) or int(length) > most:
        raise Malformed(f"{name}{rest[:40]} is malformed")
    if (name == "ip4") != bool(_QUAD.match(address)) or "%" in address:
        raise Malformed(f"{name}{rest[:40]} is malformed")
    try:
        return ip_network(f"{address}/{length}", strict=False)
    except ValueError:
        raise Malformed(f"{name}{rest[:40]} is malformed") from None


def _domain_spec(text: str) -> str:
    """A macro-string that ends in a top label or a macro (section 7.1). Raises Malformed."""
    check_macros(text)
    ends_in_macro = any(macro[1] and macro.end() == len(text) for macro in MACRO.finditer(text))
    if not ends_in_macro and not _TOP_LABEL.search(text[-80:]):
        raise Malformed(f"{text[:40]!r} is not a domain")
    return text
