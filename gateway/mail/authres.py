"""What authentication found, as values, and our field that says so: Authentication-Results (RFC 8601).

The values live here, among what a mail *is*, because the door writes them, the store keeps them as JSON and the
handlers read them; only gateway/authentication makes them. Other servers' fields are read in hearsay.py.
"""

import re
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from functools import lru_cache
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


@dataclass(frozen=True)
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

    def but(self, **values: Any) -> Self:
        """The same with these values. dataclasses.replace takes eight times as long, and a mail has a dozen of them."""
        other = object.__new__(type(self))
        vars(other).update(vars(self), **values)
        return other

    @property
    def reported(self) -> Result:
        """The result as others are told: a chain knows none, pass and fail; a key that DNS keeps back is a fail
        (RFC 8617 section 5.2.1), although we may wait and see."""
        return Result.FAIL if self.method == "arc" and self.result == Result.TEMPERROR else self.result


@dataclass(frozen=True)
class Seal:
    """What one server of an ARC chain says it found when the mail came to it (RFC 8617 section 4.1.1)."""

    domain: str
    """d= of its ARC-Seal, in A-labels."""
    dmarc: str = ""
    """The dmarc result in its ARC-Authentication-Results; "" when it names none, or names several."""
    author_domain: str = ""
    """header.from beside that result, in A-labels."""


@dataclass(frozen=True)
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
        """Of the signatures that passed, what each is known by when it comes again; no two alike."""
        return tuple(dict.fromkeys(check.signature for check in self.dkim if check.result == Result.PASS))

    def as_json(self) -> dict[str, Any]:
        """What was found. What was not is left out: of a mail that nobody signed it would be a kilobyte in its row."""
        found = _found(self)
        found.update({name: _found(found[name]) for name in CHECKS & found.keys()})
        found.update({name: [_found(each) for each in found[name]] for name in ("dkim", "seals") if name in found})
        return found

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        checks = {name: _check(data[name]) for name in CHECKS & data.keys()}
        return cls(**{**data, **checks, "identity": Identity(data["identity"]),
                      "dkim": tuple(_check(each) for each in data.get("dkim", ())),
                      "findings": tuple(data.get("findings", ())),
                      "seals": tuple(Seal(**each) for each in data.get("seals", ()))})


CHECKS = {"spf", "arc", "dmarc", "iprev"}
"""The values of a verdict that are one check."""


def _found(of: Check | Seal | Verdict) -> dict[str, Any]:
    nothing = _NOTHING_FOUND[type(of)]
    return {name: value for name, value in vars(of).items() if value != nothing.get(name)}


_NOTHING_FOUND: dict[type, dict[str, Any]] = {
    kind: {each.name: each.default for each in fields(kind) if each.default is not MISSING}
    for kind in (Check, Seal, Verdict)}


_NOTHING = Check("", Result.NONE)


def _check(data: dict[str, Any]) -> Check:
    return _NOTHING.but(**{**data, "result": Result(data["result"])})


DNS_LOST = "sender-dns-lost"
"""Finding: the DNS of the sender's domain failed for hours, and the mail was let in for that: nothing answers it by
itself."""

UNCHECKED = Verdict(Identity.UNKNOWN, "The sender's domain was not checked.")
"""For mails that came in while authentication was switched off."""


MAX_VALUE = 200
MAX_LINE = 78
"""Characters of a line that can be folded (RFC 5322 section 2.1.1)."""


def write(
    verdict: Verdict, authserv_id: str, *, reverse_path: str = "", helo: str = "", client_ip: str = ""
) -> bytes:
    """Our Authentication-Results field with its CRLF (RFC 8601 section 2.2): ASCII, whatever strangers chose quoted."""
    if verdict is UNCHECKED:
        return _unchecked(authserv_id)
    results = [f"Authentication-Results: {_name(authserv_id)}"]
    if verdict.iprev.result != Result.NONE:
        results.append(_result(verdict.iprev, ("policy.iprev", client_ip)))
    path = ("smtp.helo", helo) if verdict.spf.detail == "helo" else ("smtp.mailfrom", reverse_path)
    results.append(_result(verdict.spf, path))
    for check in verdict.dkim or (Check("dkim", Result.NONE),):
        results.append(_result(check, ("header.d", check.domain), ("header.s", check.selector),
                               ("header.a", check.detail)))  # fmt: skip
    results.append(_result(verdict.arc, ("smtp.remote-ip", client_ip if verdict.arc.domain else "")))
    dmarc = verdict.dmarc
    results.append(_result(dmarc, ("header.from", dmarc.domain), ("policy.dmarc", dmarc.policy)))
    return _folded(results)


@lru_cache(8)
def _unchecked(authserv_id: str) -> bytes:
    return _folded([f"Authentication-Results: {_name(authserv_id)}", "none"])


def _quoted(shown: str) -> str:
    return '"' + shown.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _shown(value: str) -> str:
    """The value as printable ASCII on one line, cut to MAX_VALUE characters."""
    value = value[:MAX_VALUE]
    if not (value.isascii() and value.isprintable()):
        value = "".join(letter if " " <= letter <= "~" else "?" for letter in value)
    return " ".join(value.split())


@lru_cache(8)
def _name(authserv_id: str) -> str:
    return authserv_id if re.fullmatch(r"[A-Za-z0-9.-]{1,200}", authserv_id) else _quoted(_shown(authserv_id))


def _result(check: Check, *properties: tuple[str, str]) -> str:
    parts = [f"{check.method}={check.reported}"]
    if check.bits:
        parts.append(f"({check.bits}-bit key)")
    for name, value in (("reason", check.reason), *properties):
        if value and (shown := _shown(value)):
            parts.append(f"{name}={_quoted(shown)}")
    return " ".join(parts)


def _line_end(text: str) -> int:
    """The last blank that leaves a line short enough, else the first one; -1 where there is none."""
    end = text.rfind(" ", 1, MAX_LINE)
    return end if end > 0 else text.find(" ", MAX_LINE)


def _folded(results: list[str]) -> bytes:
    """Each result on lines of its own; a blank where a line is full stays, behind the fold."""
    lines = []
    for result in results:
        rest = f" {result}"
        while len(rest) >= MAX_LINE and (end := _line_end(rest)) > 0:
            lines.append(rest[:end])
            rest = rest[end:]
        lines.append(f"{rest};")
    return "\r\n".join(lines).strip(" ;").encode("ascii") + b"\r\n"
