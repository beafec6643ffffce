"""Does the author's domain stand behind this mail, and what does it ask when not (RFC 9989)?

The organizational domain and the policy are found by walking up the DNS tree, eight questions at most. A name server
that does not answer makes neither a pass nor a fail, where the outcome hangs on it. Nobody but the author's own domain
can make it hang: an identifier outside the author's organization is asked nothing.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.authentication.answer import Answer, Resolver
from gateway.authentication.names import is_within
from gateway.mail.authres import Check, Result

MAX_STEPS = 8
MAX_RECORD = 4096
"""Octets of one record that are read."""
POLICIES = ("none", "quarantine", "reject")
_WEAKER = {"reject": "quarantine", "quarantine": "none", "none": "none"}

_VERSION = re.compile(rb"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_URI = re.compile(
    r"\s*(?:mailto:[^\s@!]+@[^\s@!]+|(?!mailto:)[a-z][a-z0-9+.-]*:[^\s!]+)(?:![0-9]+[kmgt]?)?\s*\Z", re.IGNORECASE
)
"""RFC 3986; with the obsolete limit of size behind it (section 4.8)."""
_BLANK = " \t\r\n"


class Lost(Exception):
    """A name server did not answer, and the outcome hangs on it."""


@dataclass(frozen=True)
class Record:
    """One DMARC record: unknown and malformed tags fall away (RFC 9989 section 4.8)."""

    domain: str
    """Where it was found."""
    tags: dict[str, str]

    @property
    def psd(self) -> str:
        return self.tags.get("psd", "u").lower()

    @property
    def names_a_policy(self) -> bool:
        """False without a valid p=, and with an sp= or np= that is none (section 4.10.1)."""
        return "p" in self.tags and all(self.tags.get(tag, "none").lower() in POLICIES for tag in ("p", "sp", "np"))

    @property
    def is_usable(self) -> bool:
        """A record without a policy counts, as "none", when it asks for reports (section 4.7)."""
        return self.names_a_policy or any(_URI.match(uri) for uri in self.tags.get("rua", "").split(","))

    def asks(self, *names: str) -> str:
        """The first of the tags that holds a policy."""
        values = (self.tags.get(name, "").lower() for name in names)
        policy = next((value for value in values if value in POLICIES), "none") if self.names_a_policy else "none"
        return _WEAKER[policy] if self.tags.get("t", "").lower() == "y" else policy

    def is_strict(self, tag: str) -> bool:
        return self.tags.get(tag, "").lower() == "s"


def read(text: bytes, domain: str) -> Record | None:
    """A TXT record as a DMARC record; None for any other. A tag that comes twice is invalid (RFC 6376 section 3.2)."""
    match = _VERSION.match(text[:MAX_RECORD])
    if not match:
        return None
    tags: dict[str, str] = {}
    for spec in text[match.end() : MAX_RECORD].decode("utf-8", "replace").split(";"):
        name, equals, value = spec.partition("=")
        if equals:
            name = name.strip(_BLANK).lower()
            tags[name] = "" if name in tags else value.strip(_BLANK)
    return Record(domain, tags)


class Walks:
    """The tree walks of one mail: the records on the way up from each domain, each asked once."""

    def __init__(self, resolver: Resolver):
        self._resolver = resolver
        self._asked: dict[str, Answer | asyncio.Task[Answer]] = {}
        self._policies: dict[str, asyncio.Task[Policy | None]] = {}

    def policy(self, author: str) -> "asyncio.Task[Policy | None]":
        """The policy for an author's domain, asked from now on: strangers' slow servers must not use up its time."""
        if author not in self._policies:
            self._policies[author] = asyncio.create_task(policy(author, self, self._resolver))
        return self._policies[author]

    async def record(self, domain: str) -> Record | None:
        """The one DMARC record at a name. Raises Lost."""
        asked = self._ask(domain)
        answer = asked if isinstance(asked, Answer) else await asked
        if answer.is_trouble:
            raise Lost(f"DNS did not answer for the DMARC record of {domain} ({answer.rcode})")
        records = [record for text in answer.texts if (record := read(text, domain))]
        return records[0] if len(records) == 1 else None

    def begin(self, start: str) -> None:
        """Ask for all records on the way up already now, side by side: eight at most."""
        for name in _steps(start):
            self._ask(name)

    async def up(self, start: str) -> list[Record]:
        """The records from the start to the top, longest name first (section 4.10). Raises Lost."""
        self.begin(start)
        found = []
        for name in _steps(start):
            record = await self.record(name)
            if record is not None:
                found.append(record)
                if record.psd in ("y", "n"):
                    break
        return found

    async def organizational_domain(self, start: str) -> str:
        """Raises Lost."""
        return organizational_domain(start, await self.up(start))

    def _ask(self, domain: str) -> Answer | asyncio.Task[Answer]:
        """What is known costs no task."""
        if domain not in self._asked:
            question = record_name(domain), "TXT"
            known = self._resolver.recall(*question)
            self._asked[domain] = known or asyncio.ensure_future(self._resolver.query(*question))
        return self._asked[domain]

    async def close(self) -> None:
        tasks = [*self._policies.values(), *(each for each in self._asked.values() if isinstance(each, asyncio.Task))]
        for task in tasks:
            task.cancel()
        # What failed is looked at here, or asyncio would tell the operator of it when nobody else has.
        if not all(task.done() and not task.cancelled() and task.exception() is None for task in tasks):
            await asyncio.gather(*tasks, return_exceptions=True)


def record_name(domain: str) -> str:
    """Where a domain publishes its policy (section 4.1)."""
    return f"_dmarc.{domain}"


def record_names(author: str) -> list[str]:
    """All that the walk from an author's domain asks for."""
    return [record_name(domain) for domain in _steps(author)]


def _steps(start: str) -> list[str]:
    labels = start.split(".")
    shorter = labels[-7:] if len(labels) >= MAX_STEPS else labels[1:]
    return [start, *(".".join(shorter[place:]) for place in range(len(shorter)))]


def organizational_domain(start: str, records: Sequence[Record]) -> str:
    """Section 4.10.2, from the records of a walk, longest name first."""
    for record in records:
        if record.psd == "n":
            return record.domain
        if record.psd == "y" and record.domain != start:
            below = len(record.domain.split(".")) + 1
            return ".".join(start.split(".")[-below:])
    return records[-1].domain if records else start


@dataclass(frozen=True)
class Policy:
    """What the author's domain asks, and where that was found."""

    record: Record
    wanted: str
    organizational_domain: str
    """"" when a name server did not answer on the way up: then only equal names are aligned for certain."""
    doubt: str = ""
    """Why it is not certain that this is wanted: nobody answered whether the author's domain exists."""


async def policy(author: str, walks: Walks, resolver: Resolver) -> Policy | None:
    """The policy for an author's domain (section 4.10.1); None where DMARC does not apply. Raises Lost."""
    try:
        records = await walks.up(author)
    except Lost:
        return await _own_policy(author, walks)
    organization = organizational_domain(author, records)
    record = _record_for(author, organization, records)
    if record is None or not record.is_usable:
        return None
    if record.domain == author:
        return Policy(record, record.asks("p"), organization)
    return await _policy_below(record, author, organization, resolver)


async def _policy_below(record: Record, author: str, organization: str, resolver: Resolver) -> Policy:
    """The policy for a subdomain; one that does not exist (section 3.2.13: NXDOMAIN) may have its own."""
    existing, missing = record.asks("sp", "p"), record.asks("np", "sp", "p")
    if existing == missing:
        return Policy(record, existing, organization)
    answer = await resolver.query(author, "A")
    if answer.is_trouble:
        return Policy(record, existing, organization, f"DNS did not answer whether {author} exists ({answer.rcode})")
    return Policy(record, missing if answer.rcode == "NXDOMAIN" else existing, organization)


async def _own_policy(author: str, walks: Walks) -> Policy | None:
    """The policy of the author's domain itself, where the way up is lost. Raises Lost without one."""
    record = await walks.record(author)
    if record is None:
        raise Lost(f"DNS did not answer for the DMARC policy above {author}")
    return Policy(record, record.asks("p"), "") if record.is_usable else None


def _record_for(author: str, organization: str, records: Sequence[Record]) -> Record | None:
    """The author domain's record, else the organizational domain's, else the public suffix's (section 4.10.1)."""
    at = {record.domain: record for record in records}
    public_suffix = next((record for record in records if record.psd == "y"), None)
    return at.get(author) or at.get(organization) or public_suffix


async def check(author: str, spf: Check, dkim: Sequence[Check], walks: Walks) -> "Outcome":
    """DMARC for the one author's domain (A-labels), from the checks of SPF and DKIM."""
    try:
        found = await walks.policy(author)
    except Lost as lost:
        return Outcome(Check("dmarc", Result.TEMPERROR, author, f"{lost}."), spf, tuple(dkim), author)
    strict_spf = found is not None and found.record.is_strict("aspf")
    strict_dkim = found is not None and found.record.is_strict("adkim")
    organization = found.organizational_domain if found else await _own_organization(author, walks)
    aligner = _Aligner(author, organization, walks)
    # Only the reverse-path counts; for a null path it is postmaster at the greeting's name (RFC 7208 section 2.4).
    spf = await aligner.mark(spf, strict_spf)
    dkim = tuple([await aligner.mark(each, strict_dkim) for each in dkim])
    result, reason = _outcome(author, found, spf, dkim, aligner.lost)
    at, wanted = (found.record.domain, found.wanted) if found else ("", "")
    return Outcome(Check("dmarc", result, author, reason, detail=at, policy=wanted), spf, dkim, organization)


@dataclass(frozen=True)
class Outcome:
    dmarc: Check
    spf: Check
    dkim: tuple[Check, ...]
    """The checks again, marked where they are aligned."""
    organizational_domain: str


async def _own_organization(author: str, walks: Walks) -> str:
    try:
        return await walks.organizational_domain(author)
    except Lost:
        return author


class _Aligner:
    """Is a checked domain the author's, or of one organization with it (section 4.4)?"""

    def __init__(self, author: str, organization: str, walks: Walks):
        self._author, self._organization, self._walks = author, organization, walks
        self.lost = ""
        """Why an identifier that passed, or may yet pass, could not be compared."""

    async def mark(self, check: Check, is_strict: bool) -> Check:
        if check.result not in (Result.PASS, Result.TEMPERROR) or not check.domain:
            return check
        try:
            aligned = check.domain == self._author or (not is_strict and await self._is_related(check.domain))
        except Lost as lost:
            self.lost = self.lost or str(lost)
            return check
        return check.but(aligned=aligned)

    async def _is_related(self, domain: str) -> bool:
        if not self._organization:
            if domain.rpartition(".")[2] != self._author.rpartition(".")[2]:
                return False
            raise Lost(f"DNS did not answer for the organizational domain of {self._author}")
        # A stranger's name servers are not asked: by their silence he could turn a fail into a temperror.
        if not is_within(domain, self._organization):
            return False
        return await self._walks.organizational_domain(domain) == self._organization


def _outcome(author: str, found: Policy | None, spf: Check, dkim: Sequence[Check], lost: str) -> tuple[Result, str]:
    aligned = [check for check in (*dkim, spf) if check.aligned]
    passed = [check for check in aligned if check.result == Result.PASS]
    if found is None:
        return Result.NONE, f"{author} publishes no DMARC policy."
    if passed:
        return Result.PASS, f"{passed[0].domain} stands behind {author} ({passed[0].method} passed and is aligned)."
    lost = lost or found.doubt
    if aligned or lost:
        why = aligned[0].reason if aligned else f"{lost}."
        return Result.TEMPERROR, f"Whether {author} stands behind this mail could not be found out: {why}"
    return Result.FAIL, f"Neither SPF nor DKIM passed for {author}; its policy is {found.wanted}."
