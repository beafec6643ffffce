"""The policy table: what the door does about a mail, by its verdict and [authentication] of config.toml. No I/O."""

from dataclasses import dataclass, replace
from typing import Protocol

from gateway.authentication import arc
from gateway.authentication.names import to_ascii
from gateway.mail.authres import UNCHECKED, Identity, Result, Verdict


class AuthenticationSettings(Protocol):
    """[authentication] of config.toml: "accept", "quarantine", "refuse" or "defer" for each case."""

    @property
    def broken_author(self) -> str: ...
    @property
    def dmarc_reject(self) -> str: ...
    @property
    def dmarc_reject_through_list(self) -> str: ...
    @property
    def dmarc_quarantine(self) -> str: ...
    @property
    def own_domain(self) -> str: ...
    @property
    def temporary_error(self) -> str: ...
    @property
    def no_dns(self) -> str: ...
    @property
    def replay(self) -> str: ...
    @property
    def replay_sightings(self) -> int: ...
    @property
    def trusted_sealers(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Decision:
    """What the door does: accept, quarantine, refuse or defer, with the reply where it is one of the last two."""

    action: str
    code: int = 250
    status: str = "2.0.0"
    text: str = ""
    is_for_now: bool = False
    """Name servers did not answer: who comes again for long enough is let in all the same."""


ACCEPT = Decision("accept")


def decide(
    verdict: Verdict, policy: AuthenticationSettings, *, is_ours: bool = False, times_seen: int = 0
) -> Decision:
    """What the table says of one mail.

    is_ours: the author's domain is one of our own, and the mail came from outside. times_seen: how many mails with one
    of its signatures were kept within a week.
    """
    domain = verdict.author_domain
    if verdict == UNCHECKED:
        return ACCEPT
    if verdict.dmarc.result == Result.PERMERROR:
        several = "from-several-domains" in verdict.findings
        return _decision(policy.broken_author, "5.7.1" if several else "5.6.0", verdict.dmarc.reason)
    if times_seen >= policy.replay_sightings:
        return _decision(policy.replay, "5.7.1", f"Mails with this signature came {times_seen} times within a week.")
    if verdict.identity.is_proven:
        return ACCEPT
    if verdict.identity == Identity.UNKNOWN:
        return _decide_unknown(verdict, policy)
    if is_ours:
        return _decision(policy.own_domain, "5.7.1", f"Mail from {domain} must be signed by {domain}.")
    if verdict.dmarc.result == Result.FAIL:
        return _decide_failed(verdict, policy)
    return ACCEPT


def _decide_unknown(verdict: Verdict, policy: AuthenticationSettings) -> Decision:
    if verdict.no_dns:
        return _for_now(policy.no_dns, "4.4.3", "Our name servers do not answer, so the sender cannot be checked.")
    why = f"DNS does not answer for {verdict.author_domain}; please try again later."
    return _for_now(policy.temporary_error, "4.7.0", why)


def _decide_failed(verdict: Verdict, policy: AuthenticationSettings) -> Decision:
    domain = verdict.author_domain
    said = f"{domain} asks to {{}} mail that neither SPF nor DKIM ties to it, and nothing ties this mail to it (DMARC)."
    if verdict.dmarc.policy == "quarantine":
        return _decision(policy.dmarc_quarantine, "5.7.26", said.format("quarantine"))
    if verdict.dmarc.policy != "reject":
        return ACCEPT
    if verdict.arc.result == Result.TEMPERROR and verdict.arc.domain in map(to_ascii, policy.trusted_sealers):
        why = f"DNS does not answer for the seal of {verdict.arc.domain}; please try again later."
        return _for_now(policy.temporary_error, "4.7.0", why)
    vouched = arc.softens(verdict.seals, policy.trusted_sealers, domain)
    if vouched or "list-mark" in verdict.findings:
        return _decision(policy.dmarc_reject_through_list, "5.7.26", said.format("reject"))
    return _decision(policy.dmarc_reject, "5.7.26", said.format("reject"))


def _decision(action: str, status: str, text: str) -> Decision:
    detail = status.partition(".")[2]
    if action == "refuse":
        return Decision(action, 550, f"5.{detail}", text)
    if action == "defer":
        return Decision(action, 451, f"4.{detail}" if status[0] == "4" else "4.7.0", text)
    return Decision(action)


def _for_now(action: str, status: str, text: str) -> Decision:
    return replace(_decision(action, status, text), is_for_now=True)
