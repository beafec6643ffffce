"""Reverse-paths and forward-paths (RFC 5321 section 4.1.2).

Strict: what does not follow the grammar is refused, because another program will read the address after us and must
not find a second one in it. Linear time; the line is short already.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from gateway.authentication.names import to_ascii

MAX_PATH, MAX_DOMAIN, MAX_LABEL = 254, 255, 63
"""Octets (section 4.5.3.1; a path has 256 with its angle brackets). A local part may fill what the domain leaves: the
reverse-paths of lists and forwarders (VERP, SRS, BATV) have more than the 64 octets that every server must take."""

_ATEXT = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff"
_DOT_STRING = re.compile(rf"[{_ATEXT}]+(?:\.[{_ATEXT}]+)*")
_QUOTED = re.compile(r'"((?:[ !#-\[\]-~\u0080-\U0010ffff]|\\[ -~])*)"')
_LET_DIG = r"A-Za-z0-9\u0080-\U0010ffff"
_LABEL = re.compile(rf"[{_LET_DIG}_](?:[{_LET_DIG}_\-]*[{_LET_DIG}_])?")
_HELO_NAME = re.compile(r"[!-~]{1,255}")
_ROUTE = re.compile(rf"@[{_LET_DIG}_.\-]+(?:,@[{_LET_DIG}_.\-]+)*:")


class BadPath(ValueError):
    """Not a path by the grammar."""


@dataclass(frozen=True, slots=True)
class Path:
    """A mailbox, its source route dropped (RFC 5321 appendix C). No local part: the null path, or `<postmaster>`."""

    local: str = ""
    """In its plain spelling where that is possible: "a.b" for both `a.b` and `"a.b"`; else quoted."""
    domain: str = ""

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}" if self.domain else ""

    @property
    def is_null(self) -> bool:
        return not self.local

    @property
    def is_postmaster(self) -> bool:
        """`RCPT TO:<postmaster>`, which every server takes (section 4.1.1.3)."""
        return not self.domain and self.local.lower() == "postmaster"

    @property
    def literal(self) -> str:
        """The IP address of an address literal; "" for a domain (section 4.1.3)."""
        inside = self.domain[1:-1] if self.domain.startswith("[") else ""
        return str(IPv6Address(inside[5:])) if inside[:5].lower() == "ipv6:" else inside

    @property
    def plain_local(self) -> str:
        """The local part without quotes."""
        return re.sub(r"\\(.)", r"\1", self.local[1:-1]) if self.local.startswith('"') else self.local

    @property
    def ascii_domain(self) -> str:
        """Lower case, U-labels as A-labels (RFC 5891)."""
        return self.domain.lower() if self.domain.isascii() else to_ascii(self.domain)


def read(argument: str, keyword: str) -> tuple[Path, list[str]] | None:
    """Path and parameters of `MAIL FROM:` or `RCPT TO:`, unread; None when even the frame is wrong. Raises BadPath."""
    if argument[: len(keyword)].upper() != keyword:
        return None
    # "MAIL FROM: <a@b>" is not by the book, yet much software that people rely on writes it.
    rest = argument[len(keyword) :].lstrip(" ")
    if not rest.startswith("<"):
        return None
    end = _closing(rest)
    if end < 0:
        raise BadPath
    behind = rest[end + 1 :]
    if behind and not behind.startswith(" "):
        raise BadPath
    return parse(rest[1:end]), behind.split()


def _closing(text: str) -> int:
    """Place of the > that ends the path: one inside quotes is part of the local part."""
    quoted = _QUOTED.search(text)
    first = text.find(">")
    if quoted and quoted.start() < first:
        return text.find(">", quoted.end())
    return first


@lru_cache(1024)
def parse(text: str) -> Path:
    """What stands between the angle brackets. Raises BadPath."""
    if not text or text.lower() == "postmaster":
        return Path(text)
    if route := _ROUTE.match(text):
        text = text[route.end() :]
    local, at, domain = text.rpartition("@")
    if not at or len(text.encode()) > MAX_PATH or len(domain.encode()) > MAX_DOMAIN:
        raise BadPath
    _check_domain(domain)
    return Path(_local(local), domain)


def _local(text: str) -> str:
    if _DOT_STRING.fullmatch(text):
        return text
    quoted = _QUOTED.fullmatch(text)
    if not quoted:
        raise BadPath
    plain = re.sub(r"\\(.)", r"\1", quoted[1])
    return plain if _DOT_STRING.fullmatch(plain) else text


def _check_domain(domain: str) -> None:
    if domain.startswith("["):
        _check_literal(domain)
        return
    if not domain.isascii() and not to_ascii(domain):
        raise BadPath  # RFC 6531 section 3.3: what is beyond ASCII is a U-label
    for label in domain.split("."):
        if len(label.encode()) > MAX_LABEL or not _LABEL.fullmatch(label):
            raise BadPath


def _check_literal(domain: str) -> None:
    """[192.0.2.1] or [IPv6:2001:db8::1] (section 4.1.3)."""
    inside = domain[1:-1]
    if not domain.endswith("]") or "%" in inside:
        raise BadPath
    try:
        if inside[:5].lower() == "ipv6:":
            IPv6Address(inside[5:])
        else:
            IPv4Address(inside)
    except AddressValueError:
        raise BadPath from None


def is_helo_name(text: str) -> bool:
    """A name or address literal as HELO and EHLO want it; any printable word will do, since real clients err here."""
    return bool(_HELO_NAME.fullmatch(text))


def is_plain_name(text: str) -> bool:
    """One that may stand in a field as it is: a domain or an address literal of the grammar."""
    try:
        _check_domain(text)
    except BadPath:
        return False
    return text.isascii()
