"""One mail, all methods, one verdict.

check() is a function of the mail, the client, the resolver and the moment: the door, `frontdesk authenticate` and the
tests call it alike. What the door does about a verdict stands in decision.py.
"""

import asyncio
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from mmap import mmap
from typing import Any

from gateway.authentication import arc, author, dkim, dmarc, iprev, key
from gateway.authentication.answer import Budget, Resolver
from gateway.authentication.author import NOTHING_OF_OURS, Author, Ours
from gateway.authentication.canonical import body_hashes
from gateway.authentication.fields import BROKEN, Header, split, with_wire_ends
from gateway.authentication.measure import Counted, measured, milliseconds_since
from gateway.authentication.names import to_ascii
from gateway.authentication.signature import Signature
from gateway.authentication.spf import check as check_spf
from gateway.mail.authres import Check, Identity, Result, Verdict, write
from gateway.mail.envelope import domain_of

SECONDS = 10.0
"""What one mail's checks may take from the end of DATA; then what is still open is a temperror."""
QUERIES, ENVELOPE_QUERIES = 60, 140
"""What the author's domain may make us ask, and what all signers; what the client and the reverse path may: a record
as long as SPF allows (spf.py), and ten names of the client."""
IPREV_SECONDS = 0.5
"""So long the client's name is waited for when all else is known."""
MAX_TEXT = 600


class Opening:
    """What can be asked as soon as MAIL names the sender: SPF, the client's name, the DMARC record likely needed; and
    the keys as soon as the header is here.

    It goes on while the mail is still on its way. close() it when no mail comes.
    """

    def __init__(self, client_ip: str, helo: str, reverse_path: str, resolver: Resolver, now: float):
        # Each has its own: a sender's long record must not use up what the author's policy is asked with.
        self.envelope = Budget(resolver, SECONDS, ENVELOPE_QUERIES)
        self.signers = Budget(resolver, SECONDS, QUERIES)
        self.author = Budget(resolver, SECONDS, QUERIES)
        self._now = now
        self.spf = asyncio.ensure_future(
            measured(lambda asked: check_spf(client_ip, helo, reverse_path, asked, now), self.envelope)
        )
        self.iprev = asyncio.ensure_future(measured(lambda asked: iprev.check(client_ip, asked), self.envelope))
        self._tasks: list[asyncio.Future[Any]] = [self.spf, self.iprev]
        if domain := to_ascii(domain_of(reverse_path)):
            self._ask(self.author, dmarc.record_name(domain))

    def header_came(self, block: bytes) -> None:
        """Ask for the keys of its signatures, and for the policy of its author. block: the header, without the empty
        line behind it."""
        header, _ = split(block)
        self.ask_keys(dkim.read(header, self._now), arc.read(header, self._now))
        if domain := _author(header, NOTHING_OF_OURS).domain:
            for name in dmarc.record_names(domain):
                self._ask(self.author, name)

    def ask_keys(self, signatures: Iterable[Signature | Check], chain: arc.Chain | Check) -> None:
        """All of them side by side, so that what needs them may go on one after the other."""
        keys = [key.name(each.selector, each.domain) for each in signatures if isinstance(each, Signature)]
        for name in (*keys, *arc.key_names(chain)):
            self._ask(self.signers, name)

    def _ask(self, budget: Budget, name: str) -> None:
        """What is known by then costs neither a question nor a task."""
        if budget.recall(name, "TXT") is None:
            self._tasks.append(asyncio.ensure_future(budget.query(name, "TXT")))

    def renew(self) -> None:
        """The message is here: the time begins anew."""
        for budget in (self.envelope, self.signers, self.author):
            budget.renew(SECONDS)

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        for budget in (self.envelope, self.signers, self.author):
            budget.close()


async def check(
    raw: bytes | mmap,
    *,
    client_ip: str,
    helo: str,
    reverse_path: str,
    resolver: Resolver,
    now: float,
    ours: Ours = NOTHING_OF_OURS,
    opening: Opening | None = None,
) -> Verdict:
    """Everything DNS says about a mail. Never raises; SECONDS at most, and next to nothing when DNS is away.

    raw: the message with CRLF line ends, in memory or in a file. now: seconds since the epoch. ours: what a display
    name must not claim.
    opening: what began at MAIL for the same envelope; it is closed here.
    """
    opening = opening or Opening(client_ip, helo, reverse_path, resolver, now)
    opening.renew()
    header, body = split(with_wire_ends(raw))
    whose = _author(header, ours)
    dmarc_began, counted = time.perf_counter(), Counted(opening.author)
    walks = dmarc.Walks(counted)
    try:
        checks = await _ask(header, body, whose, walks, opening, now)
        outcome = await _dmarc(whose, checks, walks)
    finally:
        await walks.close()
        opening.close()
    cost = milliseconds_since(dmarc_began)
    outcome = _shown_all(outcome, cost, counted.queries)
    findings = (*header.findings, *whose.findings, *_signed_for_others(checks, header, ours))
    return _verdict(whose, findings, checks, outcome, is_away=opening.author.is_away)


@dataclass(frozen=True, slots=True)
class _Checks:
    spf: Check
    iprev: Check
    dkim: tuple[Check, ...]
    arc: arc.Outcome
    signatures: Sequence[Signature | Check]
    """What the checks of dkim read, in the same order."""


def _author(header: Header, ours: Ours) -> Author:
    whose = author.read(header, ours)
    broken = BROKEN.intersection(header.findings)
    if not broken:
        return whose
    # Another parser may see another author: none is believed.
    return Author(trouble=f"The header is broken ({', '.join(sorted(broken))}).", findings=whose.findings)


async def _ask(
    header: Header, body: memoryview, whose: Author, walks: dmarc.Walks, opening: Opening, now: float
) -> _Checks:
    """SPF and iprev are under way; keys and the way up from the author's domain are asked meanwhile."""
    signatures, chain = dkim.read(header, now), arc.read(header, now)
    wanted = {each.body_key for each in signatures if isinstance(each, Signature)}
    if isinstance(chain, arc.Chain):
        wanted |= chain.body_keys
    opening.ask_keys(signatures, chain)
    if whose.domain:
        walks.policy(whose.domain)
    bodies = await body_hashes(body, wanted)
    signed = await dkim.verify(signatures, header, bodies, opening.signers)
    sealed = await arc.verify(chain, header, bodies, opening.signers)
    return _Checks(await opening.spf, await _iprev(opening), signed, sealed, signatures)


async def _iprev(opening: Opening) -> Check:
    """The client's name decides nothing, so nobody waits long for it."""
    if opening.iprev.done():
        return opening.iprev.result()
    try:
        return await asyncio.wait_for(opening.iprev, IPREV_SECONDS)
    except TimeoutError:
        return Check("iprev", Result.TEMPERROR, reason="DNS did not answer in time for the name of the client.")


async def _dmarc(whose: Author, checks: _Checks, walks: dmarc.Walks) -> dmarc.Outcome:
    if not whose.domain:
        return dmarc.Outcome(Check("dmarc", Result.PERMERROR, reason=whose.trouble), checks.spf, checks.dkim, "")
    return await dmarc.check(whose.domain, checks.spf, checks.dkim, walks)


def _signed_for_others(checks: _Checks, header: Header, ours: Ours) -> list[str]:
    """A signed To or Cc that names us was meant for us; a mail without one may have been passed on (a replay)."""
    passed = [each for each, check in zip(checks.signatures, checks.dkim, strict=True) if check.result == Result.PASS]
    if not passed or not ours.domains:
        return []
    names = [[name for name in each.names if name in (b"to", b"cc")] for each in passed if isinstance(each, Signature)]
    meant = b" ".join(field.value.lower() for each in names for field in header.signed(each))
    return [] if _addresses_of(ours).search(meant) else ["signed-for-others"]


@lru_cache(maxsize=8)
def _addresses_of(ours: Ours) -> re.Pattern[bytes]:
    us = "|".join(map(re.escape, ours.domains)).encode()
    return re.compile(rb"@(?:%b)\.?(?![a-z0-9.-])" % us)


def _verdict(
    whose: Author, findings: tuple[str, ...], checks: _Checks, outcome: dmarc.Outcome, *, is_away: bool
) -> Verdict:
    identity, because = _identity(outcome, is_away)
    return Verdict(
        identity, because, whose.address, whose.domain, outcome.organizational_domain, outcome.spf, outcome.dkim,
        _shown(checks.arc.check), outcome.dmarc, _shown(checks.iprev), checks.arc.seals, findings, is_away,
    )  # fmt: skip


def _shown_all(outcome: dmarc.Outcome, milliseconds: float, queries: int) -> dmarc.Outcome:
    """The same to be shown, with what DMARC cost."""
    found = outcome.dmarc.but(milliseconds=milliseconds, queries=queries)
    signed = tuple(map(_shown, outcome.dkim))
    return dmarc.Outcome(_shown(found), _shown(outcome.spf), signed, outcome.organizational_domain)


def _shown(check: Check) -> Check:
    """The check with nothing in it that a terminal, a log or a database would stumble over."""
    texts = (check.domain, check.reason, check.selector, check.detail, check.explanation)
    together = "".join(texts)
    if together.isprintable() and len(together) <= MAX_TEXT:
        return check
    domain, reason, selector, detail, explanation = map(_printable, texts)
    return check.but(domain=domain, reason=reason, selector=selector, detail=detail, explanation=explanation)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text[:MAX_TEXT])


def _identity(outcome: dmarc.Outcome, is_away: bool) -> tuple[Identity, str]:
    """How far the author's domain stands behind the mail, and whose word that is."""
    everything = (*outcome.dkim, outcome.spf)
    passed = [check for check in everything if check.result == Result.PASS]
    aligned = [check for check in passed if check.aligned]
    lost = [check for check in everything if check.aligned and check.result == Result.TEMPERROR]
    dmarc = outcome.dmarc
    if dmarc.result in (Result.PASS, Result.NONE) and aligned:
        proof = Identity.VERIFIED_DKIM if aligned[0].method == "dkim" else Identity.VERIFIED_SPF
        return proof, aligned[0].reason
    if dmarc.result == Result.FAIL and dmarc.policy != "none":
        return Identity.FAILED, dmarc.reason
    if is_away:
        return Identity.UNKNOWN, "No name server answers: nothing can be learnt about any sender."
    if dmarc.result == Result.TEMPERROR or lost:
        return Identity.UNKNOWN, dmarc.reason if dmarc.result == Result.TEMPERROR else lost[0].reason
    if dmarc.result == Result.NONE and passed:
        return Identity.WEAK, f"{passed[0].reason} But that is not the author's domain, {dmarc.domain}."
    return Identity.NONE, dmarc.reason


def report(
    verdict: Verdict, authserv_id: str = "localhost", *, reverse_path: str = "", helo: str = "", client_ip: str = ""
) -> dict[str, Any]:
    """A verdict as `frontdesk authenticate --json` prints it."""
    field = write(verdict, authserv_id, reverse_path=reverse_path, helo=helo, client_ip=client_ip)
    aligned = {check.method: None for check in (verdict.spf, *verdict.dkim) if check.aligned and check.result == "pass"}
    return {
        "spf": {"result": verdict.spf.result.value, "domain": verdict.spf.domain,
                "explanation": verdict.spf.explanation},
        "dkim": [{"result": check.result.value, "domain": check.domain, "selector": check.selector,
                  "reason": check.reason} for check in verdict.dkim],
        "arc": {"result": verdict.arc.reported.value},
        "dmarc": {"result": verdict.dmarc.result.value, "policy": verdict.dmarc.policy,
                  "from_domain": verdict.author_domain, "aligned": list(aligned)},
        "iprev": {"result": verdict.iprev.result.value, "name": verdict.iprev.domain},
        "verdict": verdict.identity.value,
        "because": verdict.because,
        "authentication_results": re.sub(r"\r\n[ \t]*", " ", field.decode("ascii")).strip(),
        "structure": list(verdict.findings),
        "checks": [_cost(check) for check in (verdict.spf, *verdict.dkim, verdict.arc, verdict.dmarc, verdict.iprev)],
    }  # fmt: skip


def _cost(check: Check) -> dict[str, Any]:
    """A check in full, with what it took."""
    names = ("method", "domain", "selector", "bits", "aligned", "reason", "milliseconds", "queries")
    return {"result": check.result.value} | {name: getattr(check, name) for name in names}
