"""What would happen to this mail, and why: `frontdesk explain` and `frontdesk authenticate`, for one mail or thousands.

The same code runs as for a mail at the door; nothing is kept, nothing is sent. A Question is a mail with the facts of
the connection that a file cannot hold; with --lines each line of standard input is one, as a JSON object.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.authentication.address import client_address
from gateway.authentication.author import Ours
from gateway.authentication.check import check, report
from gateway.authentication.decision import decide
from gateway.authentication.resolver import Resolver, ZoneResolver
from gateway.config import Config
from gateway.console.edge import has_database
from gateway.console.show import json_line
from gateway.mail.authres import UNCHECKED, Verdict
from gateway.mail.automatic import automatic, may_acknowledge
from gateway.mail.envelope import Envelope
from gateway.mail.message import Message, parse

if TYPE_CHECKING:
    from gateway.desk.pipeline import Desk

Zone = str | Mapping[str, Any]
Answer = dict[str, Any]

NOBODY = "127.0.0.1"
"""Client address when none is given: no domain on the internet lets it send, so nothing passes by accident."""
ZONES = 100
"""Zone files that are remembered; one that was written again is read again."""
LATEST = 250_000_000_000
"""A moment in the year 9892: what becomes due after it can still be written as a date."""


@dataclass(frozen=True, slots=True)
class Question:
    """One mail as if it came now. `mail_from` None and `rcpt` () are taken from the mail's own fields."""

    file: str
    mail_from: str | None = None
    rcpt: tuple[str, ...] = ()
    client_ip: str = NOBODY
    helo: str = ""
    zone: Zone | None = None
    """Path of a zone file, or the zone itself; None asks the name servers of the config."""
    now: float | None = None

    @classmethod
    def read(cls, line: bytes | str) -> "Question":
        """One line of standard input. Raises ValueError with a sentence."""
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"The line is not JSON: {error}.") from None
        if not isinstance(record, dict):
            raise ValueError("The line must hold a JSON object with the key file.")
        given = {key: record[key] for key in _KINDS if record.get(key) is not None}
        for key, value in given.items():
            if not isinstance(value, _KINDS[key]) or isinstance(value, bool):
                raise ValueError(f"The value of {key} cannot be used: {str(value)[:80]!r}.")
        if "file" not in given:
            raise ValueError("The key file is missing.")
        return cls(**{**given, "rcpt": _addresses(given.get("rcpt", ()))}).checked()

    def checked(self) -> "Question":
        """Raises ValueError for a client address or a moment that cannot be."""
        if self.now is not None and not 0 <= self.now <= LATEST:
            raise ValueError("The value of now must be seconds since 1970.")
        client = client_address(self.client_ip)
        if self.client_ip and client is None:
            raise ValueError(f"The client's address {self.client_ip[:80]!r} is no IP address.")
        return replace(self, client_ip=str(client or ""))

    def moment(self) -> float:
        return time.time() if self.now is None else float(self.now)


_KINDS: dict[str, Any] = {
    "file": str, "mail_from": str, "rcpt": list | str, "client_ip": str, "helo": str, "zone": str | dict,
    "now": int | float,
}  # fmt: skip


def _addresses(value: Any) -> tuple[str, ...]:
    addresses = [value] if isinstance(value, str) else list(value)
    if not all(isinstance(address, str) for address in addresses):
        raise ValueError("The value of rcpt must be a list of addresses.")
    return tuple(address.strip().removeprefix("<").removesuffix(">") for address in addresses)


class Authenticator:
    """Answers whose mail a file holds, with one resolver for all questions and one for each zone."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._dns: Any = None
        self._zones: dict[tuple[str, int], ZoneResolver] = {}

    async def answer(self, question: Question) -> Answer:
        """The object that `frontdesk authenticate --json` prints."""
        raw = _content(question.file)
        reverse_path = _return_path(parse(raw), question)
        return self.report(await self.verdict(raw, question, reverse_path), question, reverse_path)

    def report(self, verdict: Verdict, question: Question, reverse_path: str) -> Answer:
        return report(verdict, self._config.site.hostname, reverse_path=reverse_path, helo=question.helo,
                      client_ip=question.client_ip)

    async def verdict(self, raw: bytes, question: Question, reverse_path: str) -> Verdict:
        return await check(raw, client_ip=question.client_ip, helo=question.helo, reverse_path=reverse_path,
                           resolver=self._resolver(question.zone), now=question.moment(),
                           ours=Ours(self._config.site.domains, self._config.site.names))

    async def close(self) -> None:
        if self._dns is not None:
            await self._dns.close()

    def _resolver(self, zone: Zone | None) -> Resolver:
        if zone is None:
            return self._system()
        if not isinstance(zone, str):
            return ZoneResolver(zone)
        known_by = zone, _changed_at(zone)
        if known_by not in self._zones:
            if len(self._zones) >= ZONES:
                self._zones.clear()
            self._zones[known_by] = ZoneResolver.load(zone)
        return self._zones[known_by]

    def _system(self) -> Resolver:
        from gateway.foundation import build_resolver

        if self._dns is None:
            self._dns = build_resolver(self._config)
        resolver: Resolver = self._dns
        return resolver


class Explainer:
    """Answers what the desk would do with a file's mail."""

    def __init__(self, config: Config, desk: "Desk") -> None:
        self._config = config
        self._desk = desk
        self._authenticator = Authenticator(config)

    async def answer(self, question: Question) -> Answer:
        """The object that `frontdesk explain --json` prints."""
        raw = _content(question.file)
        message = parse(raw)
        envelope = self._envelope(message, question)
        verdict = await self._verdict(raw, question, envelope)
        door = decide(verdict, self._config.authentication, is_ours=verdict.author_domain in self._config.site.domains)
        if door.action in ("refuse", "defer"):
            decisions = [{"handler": "door", "decision": door.action, "code": door.code, "status": door.status,
                          "because": door.text}]
        else:
            now = datetime.fromtimestamp(question.moment(), UTC)
            explained = await self._desk.explain(raw, envelope, verdict, door.action == "quarantine", now)
            message, decisions = explained.mail.message, explained.decisions
        may, _ = may_acknowledge(message, envelope, self._config.site.support)
        return {
            "mail": described(message, envelope),
            "authentication": self._authenticator.report(verdict, question, envelope.reverse_path),
            "may_acknowledge": may,
            "decisions": decisions,
        }

    async def _verdict(self, raw: bytes, question: Question, envelope: Envelope) -> Verdict:
        if not self._config.authentication.enabled:
            return UNCHECKED
        return await self._authenticator.verdict(raw, question, envelope.reverse_path)

    def _envelope(self, message: Message, question: Question) -> Envelope:
        reverse_path = _return_path(message, question, message.from_email)
        recipients = question.rcpt or _ours(message, self._config.site.support)
        return Envelope(reverse_path, recipients, question.client_ip, question.helo)

    async def close(self) -> None:
        await self._authenticator.close()


def described(message: Message, envelope: Envelope) -> Answer:
    """What a mail says, as `explain` prints it."""
    return {
        "from_email": message.from_email,
        "from_name": message.from_name,
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
        "reply_text": message.reply_text,
        "language": message.language,
        "attachments": [
            {"filename": each.filename, "content_type": each.content_type, "size": each.size, "sha256": each.sha256,
             "real_type": each.real_type, "is_inline": each.is_inline, "findings": list(each.findings)}
            for each in message.attachments
        ],
        "findings": list(message.findings),
        "is_automatic": bool(automatic(message, envelope)),
        "is_bounce": message.is_bounce,
        "bounce": [{"recipient": each.recipient, "status": each.status, "hard": each.is_hard}
                   for each in message.bounce],
    }


def _return_path(message: Message, question: Question, otherwise: str = "") -> str:
    """MAIL FROM: as given, else what a mail server wrote into Return-Path when it delivered the file."""
    if question.mail_from is not None:
        return question.mail_from.strip().removeprefix("<").removesuffix(">")
    written = next((value for name, value in message.fields if name.lower() == "return-path"), None)
    return otherwise if written is None else written.strip().removeprefix("<").partition(">")[0]


def _ours(message: Message, support: tuple[str, ...]) -> tuple[str, ...]:
    """The addresses in To and Cc that are ours, else the first support address."""
    ours = {address.lower() for address in support}
    named = [address for address in (*message.to, *message.cc) if _untagged(address) in ours]
    return tuple(dict.fromkeys(named)) or support[:1]


def _untagged(address: str) -> str:
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _changed_at(file: str) -> int:
    """Nanoseconds; 0 for a file that is not there."""
    try:
        return Path(file).stat().st_mtime_ns
    except (OSError, ValueError):
        return 0


def _content(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except (OSError, ValueError) as error:
        raise ValueError(f"{file} cannot be read: {getattr(error, 'strerror', error)}.") from None


@asynccontextmanager
async def authenticator(config: Config) -> AsyncIterator[Authenticator]:
    opened = Authenticator(config)
    try:
        yield opened
    finally:
        await opened.close()


@asynccontextmanager
async def explainer(config: Config) -> AsyncIterator[Explainer]:
    """On the configured database when there is one, else on an empty one that is gone afterwards."""
    from gateway.foundation import open_database
    from gateway.rooms import build_desk

    async with AsyncExitStack() as stack:
        is_there = has_database(config)
        if not is_there:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="frontdesk-explain-")))
            site = config.site.model_copy(update={"data": folder})
            config = config.model_copy(update={"site": site})
        database = open_database(config)
        stack.push_async_callback(database.close)
        if not is_there:
            await database.migrate()
        opened = Explainer(config, build_desk(config, database))
        stack.push_async_callback(opened.close)
        yield opened


async def answer_lines(answer: Callable[[Question], Awaitable[Answer]]) -> None:
    """One answer for each line of standard input, in order; a bad line gives {"error": ...} and the next follows."""
    while line := await asyncio.to_thread(sys.stdin.buffer.readline):
        if line.strip():
            json_line(await _answer_line(answer, line))


async def _answer_line(answer: Callable[[Question], Awaitable[Answer]], line: bytes) -> Answer:
    try:
        return await answer(Question.read(line))
    except ValueError as error:
        return {"error": str(error)}
    except Exception as error:  # an edge: thousands of mails must not stop at one that shows a fault of ours
        return {"error": f"{type(error).__name__}: {error}"}
