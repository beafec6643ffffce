"""What authentication found, as values, and the field that says so: Authentication-Results (RFC 8601).

The values live here, among what a mail *is*, because the door writes them, the store keeps them as JSON and the
handlers read them; only gateway/authentication makes them.
"""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self


class Result(StrEnum):
    """The result words of RFC 8601 section 2.7."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"
    POLICY = "policy"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class Identity(StrEnum):
    """How far the author's domain stands behind the mail, strongest first."""

    VERIFIED_DKIM = "verified-dkim"
    """An aligned DKIM signature passed."""
    VERIFIED_SPF = "verified-spf"
    """Aligned SPF passed and no aligned signature did: weaker, since address ranges are shared."""
    WEAK = "weak"
    """Something passed, but not for the author's domain as DMARC asks."""
    NONE = "none"
    """The domain says nothing that could be checked."""
    FAILED = "failed"
    """The domain publishes a policy and this mail fails it."""
    UNKNOWN = "unknown"
    """DNS did not answer: neither for nor against."""

    @property
    def is_proven(self) -> bool:
        return self in (Identity.VERIFIED_DKIM, Identity.VERIFIED_SPF)


@dataclass(frozen=True, slots=True)
class Check:
    """One method's finding about one domain."""

    method: str
    """spf, dkim, arc, dmarc or iprev."""
    result: Result
    domain: str = ""
    """The domain the result speaks of: SPF's checked domain, DKIM's d=, DMARC's author domain, iprev's name."""
    reason: str = ""
    """One sentence for a person; may hold text of strangers."""
    selector: str = ""
    aligned: bool = False
    """True when the domain is aligned with the author's (RFC 9989)."""
    detail: str = ""
    """spf: the identity checked (mailfrom, helo); dkim: the algorithm; arc: sets in the chain; dmarc: the domain the
    policy came from."""
    policy: str = ""
    """dmarc only: the policy that applies: none, quarantine, reject; "" without a record."""
    explanation: str = ""
    """spf only: the domain's own words about a fail (RFC 7208 section 6.2): hostile text."""
    bits: int = 0
    """dkim: size of the key; 0 when none was had."""
    signature: str = ""
    """dkim: SHA-256 of the octets of b=, in hexadecimal: by it a signature that comes again is known."""
    milliseconds: float = field(default=0.0, compare=False)
    """From the beginning of the check to its end, DNS included."""
    queries: int = field(default=0, compare=False)
    """Questions put to the resolver for it."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What one server of an ARC chain says it found when the mail came to it (RFC 8617 section 4.1.1)."""

    domain: str
    """d= of its ARC-Seal, in A-labels."""
    dmarc: str = ""
    """The dmarc result in its ARC-Authentication-Results; "" when it names none, or names several."""
    author_domain: str = ""
    """header.from beside that result, in A-labels."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that was found about one mail. Stored as JSON beside it and handed to the handlers."""

    identity: Identity
    because: str
    """One sentence an agent can read: why this identity."""
    author: str = ""
    """The one author address (RFC 5322 From), or "" when there is not exactly one domain."""
    author_domain: str = ""
    organizational_domain: str = ""
    spf: Check = Check("spf", Result.NONE)
    dkim: tuple[Check, ...] = ()
    arc: Check = Check("arc", Result.NONE)
    dmarc: Check = Check("dmarc", Result.NONE)
    iprev: Check = Check("iprev", Result.NONE)
    seals: tuple[Seal, ...] = ()
    """What the servers of a chain that passed say they found, first server first. Strangers' words."""
    findings: tuple[str, ...] = ()
    """Structural findings: words such as "from-missing", "from-several-domains", "subject-duplicated"."""
    no_dns: bool = False
    """True when no name server answered at all, so that nothing could be learnt about anybody."""

    @property
    def signatures(self) -> tuple[str, ...]:
        """Of the signatures that passed, what each is known by when it comes again."""
        return tuple(check.signature for check in self.dkim if check.result == Result.PASS)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        checks = {name: _check(data[name]) for name in ("spf", "arc", "dmarc", "iprev")}
        return cls(**{**data, **checks, "identity": Identity(data["identity"]),
                      "dkim": tuple(_check(each) for each in data["dkim"]), "findings": tuple(data["findings"]),
                      "seals": tuple(Seal(**each) for each in data.get("seals", ()))})


def _check(data: dict[str, Any]) -> Check:
    return Check(**{**data, "result": Result(data["result"])})


DNS_LOST = "sender-dns-lost"
"""Finding: the DNS of the sender's domain failed for hours, and the mail was let in for that: nothing answers it by
itself."""

UNCHECKED = Verdict(Identity.UNKNOWN, "The sender's domain was not checked.")
"""For mails that came in while authentication was switched off."""


MAX_VALUE = 200
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`{|}~]+\Z")
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*@[A-Za-z0-9.-]+\Z")


def write(
    verdict: Verdict, authserv_id: str, *, reverse_path: str = "", helo: str = "", client_ip: str = ""
) -> bytes:
    """Our Authentication-Results field with its CRLF (RFC 8601 section 2.2). Whatever strangers chose is quoted."""
    results = [_result(verdict.iprev, ("policy.iprev", client_ip))]
    path = ("smtp.helo", helo) if verdict.spf.detail == "helo" else ("smtp.mailfrom", reverse_path)
    results.append(_result(verdict.spf, path))
    for check in verdict.dkim or (Check("dkim", Result.NONE),):
        results.append(_result(check, ("header.d", check.domain), ("header.s", check.selector),
                               ("header.a", check.detail)))  # fmt: skip
    results.append(_result(verdict.arc))
    dmarc = verdict.dmarc
    results.append(_result(dmarc, ("header.from", dmarc.domain), ("policy.dmarc", dmarc.policy)))
    return ";\r\n\t".join([f"Authentication-Results: {quoted(authserv_id)}", *results]).encode("ascii") + b"\r\n"


def quoted(value: str) -> str:
    """A value as the grammar takes it: a token or an address as it is, anything else as a quoted string."""
    if len(value) <= MAX_VALUE and (_TOKEN.match(value) or _ADDRESS.match(value)):
        return value
    shown = "".join(letter if " " <= letter <= "~" else "?" for letter in value[:MAX_VALUE])
    return '"' + shown.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _result(check: Check, *properties: tuple[str, str]) -> str:
    parts = [f"{check.method}={check.result}"]
    if check.reason:
        parts.append(f"reason={quoted(check.reason)}")
    parts += [f"{name}={quoted(value)}" for name, value in properties if value]
    return "\r\n\t ".join(parts)


_FIELD = re.compile(rb"authentication-results[ \t]*:", re.IGNORECASE)


def strip(raw: bytes, authserv_id: str) -> bytes:
    """The message without any Authentication-Results field that bears our authserv-id (RFC 8601 section 5).

    A field whose id cannot be read goes too when our id stands anywhere in it. All other octets stay. Linear time.
    """
    end = raw.find(b"\r\n\r\n")
    header_size = len(raw) if end < 0 else end + 2
    if b"authentication-results" not in raw[:header_size].lower():
        return raw
    ours = authserv_id.lower().rstrip(".")
    kept = [field for field in _fields(raw[:header_size]) if not _is_ours(field, ours)]
    return b"".join([*kept, raw[header_size:]])


def _fields(header: bytes) -> Iterator[bytes]:
    """Each field with its folding and CRLF."""
    start = 0
    for line_end in re.finditer(rb"\r\n(?![ \t])", header):
        yield header[start : line_end.end()]
        start = line_end.end()
    yield header[start:]


def _is_ours(field: bytes, ours: str) -> bool:
    match = _FIELD.match(field)
    if match is None:
        return False
    value = field[match.end() :].decode("utf-8", "replace")
    found = _authserv_id(value)
    if found is None:
        return ours in value.lower()
    return found.lower().rstrip(".") == ours


def _authserv_id(value: str) -> str | None:
    """The id in front, behind any comments; None when there is none to be read."""
    place = _after_comments(value)
    if place is None or place >= len(value):
        return None
    if value[place] == '"':
        match = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL).match(value, place)
        return re.sub(r"\\(.)|\r\n", r"\1", match[1], flags=re.DOTALL) if match else None
    match = re.compile(r"[^\s;()\"]+").match(value, place)
    return match[0] if match else None


def _after_comments(value: str) -> int | None:
    depth = place = 0
    while place < len(value):
        letter = value[place]
        if letter == "\\" and depth:
            place += 1
        elif letter in "()":
            depth += 1 if letter == "(" else -1
            if depth < 0:
                return None
        elif not depth and not letter.isspace():
            return place
        place += 1
    return None
