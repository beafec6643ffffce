"""What is decided in each phase: is this a mailbox of ours, and is this mail kept?

aiosmtpd calls these hooks; each answers with a Reply. The order at the end of DATA is: whose mail it is (within a
budget), what policy makes of that, then the store, then 250.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from gateway.authentication.answer import Resolver
from gateway.authentication.author import Ours
from gateway.authentication.check import Opening, check
from gateway.authentication.decision import Decision, decide
from gateway.config import Authentication, Site
from gateway.mail.authres import DNS_LOST, UNCHECKED, Identity, Result, Verdict
from gateway.mail.envelope import NULL_PATH, Envelope, domain_of
from gateway.mail.receipt import Receipt, compose
from gateway.smtp import policy, trace
from gateway.smtp.limits import sender_net
from gateway.smtp.options import wish
from gateway.smtp.path import Path
from gateway.smtp.policy import Mailboxes, Reply
from gateway.smtp.reader import Data
from gateway.smtp.session import Session
from gateway.smtp.strangers import fault_of_client, fault_of_haste
from gateway.smtp.transfer import SHOWN
from gateway.store.arrival import Arrival, digest
from gateway.store.intake import Intake, StoreAway, StoreBehind, StoreFull

log = structlog.get_logger()

CHECK_SECONDS = 12.0
"""Authentication keeps a budget of 10 seconds itself; this is the belt to those braces."""
_TROUBLES = {StoreBehind: policy.STORE_BEHIND, StoreFull: policy.STORE_FULL}
UNDECIDED = Verdict(Identity.UNKNOWN, "The check of the sender's domain failed on our side.")


class Hooks:
    """The hooks of one door, shared by all its sessions."""

    def __init__(
        self,
        site: Site,
        authentication: Authentication,
        intake: Intake,
        resolver: Resolver,
        mailboxes: Mailboxes,
        now: Callable[[], datetime],
    ) -> None:
        self._site, self._authentication = site, authentication
        self._intake, self._resolver, self._mailboxes, self._now = intake, resolver, mailboxes, now
        self._ours = Ours(site.domains, site.names)

    async def handle_RCPT(self, server: Session, session: Any, envelope: Any, recipient: Path) -> Reply:
        own_ip = server.own_ip if recipient.literal else ""
        address = self._mailboxes.find(recipient, own_ip)
        if address is None:
            log.info("recipient refused", client=server.client_ip, recipient=str(recipient)[:SHOWN],
                     reverse_path=envelope.mail_from[:SHOWN])  # fmt: skip
            return self._mailboxes.refusal(recipient, own_ip)
        smtp = server.house.smtp
        if (smtp.dnsbl or smtp.greylist) and (hurdle := await self._hurdle(server, envelope.mail_from, address)):
            return hurdle
        if address.lower() not in (known.lower() for known in envelope.rcpt_tos):
            envelope.rcpt_tos.append(address)
        return policy.RECIPIENT_OK

    async def _hurdle(self, server: Session, reverse_path: str, address: str) -> Reply | None:
        if server.is_relay or self._mailboxes.is_open_to_all(address):
            return None
        smtp, client = server.house.smtp, server.client_ip
        return await fault_of_client(client, smtp.dnsbl, self._resolver) or await fault_of_haste(
            client, reverse_path, address, smtp.greylist, self._intake, self._now()
        )

    async def handle_MAIL(self, server: Session, session: Any, envelope: Any) -> Reply:
        if self._intake.is_full:  # before the mail is on its way, not in the middle of it
            return policy.STORE_FULL
        if self._authentication.enabled:
            server.opening = Opening(server.client_ip, session.host_name, envelope.mail_from, self._resolver,
                                     self._now().timestamp())  # fmt: skip
        return policy.SENDER_OK

    def header_came(self, server: Session, header: bytes) -> None:
        """Of a mail whose body is still on its way."""
        if server.opening:
            server.opening.header_came(header)

    async def handle_DATA(self, server: Session, session: Any, envelope: Any) -> Reply:
        data: Data = envelope.content
        raw, facts = data.content, _facts(server, session, envelope)
        try:
            known_by = digest(trace.message_id(raw), facts.recipients, data.large or raw)
            verdict, decision = await self._judge(data, facts, known_by, server.opening)
            server.verdict = verdict
            if decision.action in ("refuse", "defer"):
                return Reply(decision.code, decision.status, decision.text)
            now = self._now()
            content = trace.stored(raw, facts, verdict, self._site.hostname, server.tls, now)
            is_quarantined = decision.action == "quarantine"
            receipt = None if is_quarantined else self._receipt(server, facts, verdict, raw)
            arrival = Arrival(facts, content, known_by, verdict, is_quarantined, kept_at=now, size=data.size,
                              receipt=receipt, large=data.large)  # fmt: skip
            server.kept_as = await self._intake.keep(arrival)
        except StoreAway as trouble:
            return _TROUBLES.get(type(trouble), policy.STORE_AWAY)
        return Reply(250, "2.0.0", f"Kept as {server.kept_as}")

    def _receipt(self, server: Session, facts: Envelope, verdict: Verdict, raw: bytes) -> Receipt | None:
        """For who asked to be told of the arrival, and is proven: another's reverse-path may be a third person's."""
        asked = wish(server.mail_options, server.recipient_options)
        if asked is None or not _is_senders(facts.reverse_path, verdict):
            return None
        return compose(asked, raw[: raw.find(b"\r\n\r\n") + 2], reverse_path=facts.reverse_path,
                       postmaster=f"postmaster@{domain_of(self._site.support[0])}", hostname=self._site.hostname,
                       message_id=f"<{secrets.token_hex(16)}@{self._site.hostname}>", now=self._now())  # fmt: skip

    async def _judge(
        self, data: Data, facts: Envelope, known_by: str | None, opening: Opening | None
    ) -> tuple[Verdict, Decision]:
        if not self._authentication.enabled:
            return UNCHECKED, Decision("accept")
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                verdict = await check(data.octets, client_ip=facts.client_ip, helo=facts.helo,
                                      reverse_path=facts.reverse_path, resolver=self._resolver,
                                      now=self._now().timestamp(), ours=self._ours, opening=opening)  # fmt: skip
        except Exception:  # a mail on which the check itself breaks is not lost, and is not trusted
            log.exception("check failed", client=facts.client_ip, reverse_path=facts.reverse_path[:SHOWN])
            return UNDECIDED, Decision("quarantine")
        if self._mailboxes.is_bounce(facts):
            # Many a real bounce fails DMARC: the null path has no domain but the host's own.
            return verdict, Decision("accept")
        return await self._decide(verdict, facts, known_by)

    async def _decide(self, verdict: Verdict, facts: Envelope, known_by: str | None) -> tuple[Verdict, Decision]:
        """What policy makes of the verdict, and of what the store remembers of such mails. Raises StoreAway."""
        times_seen = 0
        if verdict.signatures:
            times_seen = await self._intake.times_seen(verdict.signatures, known_by, self._now())
        if times_seen:
            verdict = _with_finding(verdict, "signature-seen-before")
        is_ours = verdict.author_domain in self._site.domains
        decision = decide(verdict, self._authentication, is_ours=is_ours, times_seen=times_seen)
        if decision.action == "defer" and decision.is_for_now and await self._waited(verdict, facts):
            action = "accept" if verdict.identity == Identity.UNKNOWN else "quarantine"
            return _with_finding(verdict, DNS_LOST), Decision(action)
        return verdict, decision

    async def _waited(self, verdict: Verdict, facts: Envelope) -> bool:
        """True when this sender was told to come again for so long that he is let in."""
        now = self._now()
        domain = verdict.author_domain or domain_of(facts.reverse_path)
        since = await self._intake.deferred_since(domain, sender_net(facts.client_ip), now)
        return now - since >= self._authentication.defer_for


def _is_senders(reverse_path: str, verdict: Verdict) -> bool:
    """True when the domain of the reverse-path itself was proven, by SPF or as the author's own."""
    if reverse_path == NULL_PATH or not verdict.identity.is_proven:
        return False
    is_spf = verdict.spf.result == Result.PASS and verdict.spf.detail == "mailfrom"
    return is_spf or domain_of(reverse_path) == verdict.author_domain


def _with_finding(verdict: Verdict, finding: str) -> Verdict:
    return replace(verdict, findings=(*verdict.findings, finding))


def _facts(server: Session, session: Any, envelope: Any) -> Envelope:
    """The envelope as the rest of the house knows it. "with" words: RFC 3848, with SMTPUTF8 RFC 6531 section 4.3."""
    kind = "LMTP" if server.is_lmtp else "SMTP"
    base = f"UTF8{kind}" if envelope.smtp_utf8 else "ESMTP" if session.extended_smtp and kind == "SMTP" else kind
    return Envelope(
        reverse_path=envelope.mail_from,
        recipients=tuple(envelope.rcpt_tos),
        client_ip=server.client_ip,
        helo=session.host_name,
        tls=bool(server.tls),
        protocol=base + ("S" if server.tls and base != "SMTP" else ""),
    )
