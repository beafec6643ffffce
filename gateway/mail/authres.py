"""What authentication found, as values, and the field that says so: Authentication-Results (RFC 8601).

The values live here, among what a mail *is*, because the door writes them, the store keeps them as JSON and the
handlers read them; only gateway/authentication makes them.
"""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self


class Result(StrEnum):
    """The result words of RFC 8601 section 2.7."""

    PASS = "pass"
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
    """spf: the identity checked (mailfrom, helo); dkim: algorithm and key bits; dmarc: the domain the policy came from."""
    policy: str = ""
    """dmarc only: the policy that applies: none, quarantine, reject; "" without a record."""


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
    findings: tuple[str, ...] = ()
    """Structural findings: words such as "from-missing", "from-several-domains", "subject-duplicated"."""
    no_dns: bool = False
    """True when no name server answered at all, so that nothing could be learnt about anybody."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        checks = {name: _check(data[name]) for name in ("spf", "arc", "dmarc", "iprev")}
        return cls(**{**data, **checks, "identity": Identity(data["identity"]),
                      "dkim": tuple(_check(each) for each in data["dkim"]), "findings": tuple(data["findings"])})


def _check(data: dict[str, Any]) -> Check:
    return Check(**{**data, "result": Result(data["result"])})


UNCHECKED = Verdict(Identity.UNKNOWN, "The sender's domain was not checked.")
"""For mails that came in while authentication was switched off."""
