"""The world around a gateway: customers with mail servers of their own, agents, DNS, time.

Everything is real except DNS and time: mails go over sockets to the door, letters come back over sockets through a
smarthost, rows are in a database. DNS is answered from a zone, time from a clock that stands still until it is moved.
"""

import asyncio
import email.policy
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from gateway.authentication.signer import Signer, SigningKey
from gateway.authentication.zone import ZoneResolver
from gateway.config import Config
from gateway.desk.acts import Acts
from gateway.models import Entry, History, Letter, Received, Request, columns
from gateway.service import Service
from gateway.store import requests

PATIENCE = 60.0
"""Seconds before a test gives up on something that should have come."""


class Clock:
    """Time as the gateway sees it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Zone(dict[str, Any]):
    """DNS: {name: {TYPE: [values]}}."""

    is_away = False
    """No name server answers."""

    def publish(self, domain: str, *, policy: str = "reject", spf: str = "v=spf1 ip4:127.0.0.1 -all",
                key: SigningKey | None = None) -> None:
        """A domain that does what a careful domain does."""
        self[domain] = {"TXT": [spf], "MX": [[10, f"mx.{domain}"]], "A": ["127.0.0.1"]}
        self[f"_dmarc.{domain}"] = {"TXT": [f"v=DMARC1; p={policy}"]}
        if key:
            self[key.name(domain)] = {"TXT": [key.record]}


class PostOffice:
    """A smarthost that takes the gateway's letters and keeps them for their recipients."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.refused: set[str] = set()
        """Recipients that do not exist: 550."""
        self.arrived = asyncio.Condition()

    async def handle_RCPT(self, _server: SMTP, _session: Session, envelope: Envelope, address: str,
                          _options: list[str]) -> str:
        if address in self.refused:
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        letter: EmailMessage = BytesParser(policy=email.policy.default).parsebytes(envelope.content or b"")  # type: ignore[assignment, arg-type]
        letter["X-Reverse-Path"] = envelope.mail_from
        letter["X-Recipient"] = envelope.rcpt_tos[0]
        async with self.arrived:
            self.letters.append(letter)
            self.arrived.notify_all()
        return "250 2.0.0 Taken"

    async def open(self) -> int:
        self._server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(self, hostname="smarthost.example.net", enable_SMTPUTF8=True), "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        self._server.close()
        await self._server.wait_closed()


class Customer:
    """Somebody with a mailbox at a domain whose server signs with DKIM."""

    def __init__(self, world: "World", address: str, name: str = "", *, signs: bool = True) -> None:
        self.world, self.address, self.name, self.signs = world, address, name, signs
        self.domain = address.rpartition("@")[2]
        self._read = 0

    async def writes(self, subject: str | None = None, text: str = "", *, to: str | tuple[str, ...] = (),
                     mail_from: str | None = None, attachments: tuple[tuple[str, bytes], ...] = (),
                     **fields: str) -> EmailMessage:
        """Send a mail; the gateway's work on it is done when this returns. Fields: In_Reply_To="<...>"."""
        mail = EmailMessage(policy=email.policy.SMTP)
        mail["From"] = f'"{self.name}" <{self.address}>' if self.name else self.address
        recipients = (to,) if isinstance(to, str) else to or (self.world.support,)
        mail["To"] = ", ".join(recipients)
        if subject is not None:
            mail["Subject"] = subject
        fields.setdefault("Date", self.world.clock.now.strftime("%a, %d %b %Y %H:%M:%S +0000"))
        fields.setdefault("Message_ID", f"<{self.world.serial()}@{self.domain}>")
        for field, value in fields.items():
            name = field.replace("_", "-")
            del mail[name]
            if value:
                mail[name] = value
        mail.set_content(text)
        for filename, content in attachments:
            mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=filename)
        await self.sends(mail.as_bytes(), recipients, self.address if mail_from is None else mail_from)
        return mail

    async def sends(self, content: bytes, recipients: tuple[str, ...], mail_from: str) -> None:
        """Hand over octets as they are, signed by the domain when it signs."""
        if self.signs:
            content = self.world.signer(self.domain).sign(content, self.world.clock.now.timestamp()) + content
        await self.world.deliver(content, mail_from, recipients, helo=f"mx.{self.domain}")

    async def replies(self, letter: EmailMessage, text: str, **more: Any) -> EmailMessage:
        """As a mail program does: to Reply-To, with the thread's fields, the letter quoted below."""
        quoted = "".join(f"> {line}\n" for line in body(letter).splitlines())
        return await self.writes(
            f"Re: {letter['Subject']}", f"{text}\n\nOn Mon, 23 Nov 2026 at 10:00, {letter['From']} wrote:\n{quoted}",
            to=str(letter["Reply-To"]), In_Reply_To=str(letter["Message-ID"]),
            References=f"{letter['References'] or ''} {letter['Message-ID']}".strip(), **more)

    async def receives(self) -> EmailMessage:
        """The next letter in the mailbox that was not read yet."""
        office = self.world.office

        def mine() -> list[EmailMessage]:
            return [each for each in office.letters if each["X-Recipient"].lower() == self.address.lower()]

        async with office.arrived, asyncio.timeout(PATIENCE):
            await office.arrived.wait_for(lambda: len(mine()) > self._read)
            self._read += 1
            return mine()[self._read - 1]

    async def mailbox(self) -> list[EmailMessage]:
        """All letters, once nothing is on its way any more."""
        await self.world.settle()
        return [each for each in self.world.office.letters if each["X-Recipient"].lower() == self.address.lower()]


class Agent:
    """Somebody who answers."""

    def __init__(self, world: "World", name: str) -> None:
        self.world, self.name, self.acts = world, name, Acts(world.service.desk)

    async def takes(self, queue: str | None = None) -> Request:
        request = await self.acts.next(queue, self.name)
        assert request is not None, f"nothing waits in {queue or 'any queue'}"
        return request

    async def answers(self, request: Request, text: str, seen: int | None = None) -> Entry:
        return await self._says("answer", request, text, seen)

    async def asks(self, request: Request, text: str) -> Entry:
        return await self._says("question", request, text, None)

    async def notes(self, request: Request, text: str) -> Entry:
        return await self._says("note", request, text, None)

    async def _says(self, kind: str, request: Request, text: str, seen: int | None) -> Entry:
        entry = await self.acts.say(kind, request.number, self.name, text, seen)
        await self.world.settle()
        return entry


class World:
    """One gateway and everybody around it."""

    support = "support@example.com"

    def __init__(self, folder: Path, database_url: str, **sections: dict[str, Any]) -> None:
        self.folder, self.database_url, self.sections = folder, database_url, sections
        self.clock, self.zone, self.office = Clock(), Zone(), PostOffice()
        self._signers: dict[str, Signer] = {}
        self._serial = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator["World"]:
        self.office_port = await self.office.open()
        config = self.configuration(f"127.0.0.1:{self.office_port}")
        self.service = Service(config, now=self.clock, resolver=_Live(self.zone))
        self.zone.publish("example.com")
        async with self.service.running():
            self.port = self.service.addresses[0][1]
            yield self
        await self.office.close()

    def configuration(self, smarthost: str) -> Config:
        plain: dict[str, dict[str, Any]] = {
            "site": {"data": self.folder / "var", "support": ["support@example.com", "help@example.com"]},
            "smtp": {"listen": ["127.0.0.1:0"]},
            "store": {"url": "sqlite" if self.database_url.startswith("sqlite") else self.database_url},
            "delivery": {"smarthost": smarthost, "starttls": "never"},
            "web": {"listen": ""}, "agents": {"listen": ""},
            "status": {"listen": ""},
        }
        return Config(**{name: {**plain.get(name, {}), **self.sections.get(name, {})}
                         for name in {*plain, *self.sections}})

    # ---- people ----

    def customer(self, address: str, name: str = "", *, policy: str = "reject") -> Customer:
        """A customer whose domain signs, publishes SPF and DMARC."""
        domain = address.rpartition("@")[2]
        self.zone.publish(domain, policy=policy, key=self.signer(domain).keys[0])
        return Customer(self, address, name)

    def stranger(self, address: str, name: str = "") -> Customer:
        """Somebody whose domain publishes nothing, so that nobody can tell whether it was really them."""
        self.zone[address.rpartition("@")[2]] = {"A": ["192.0.2.7"]}
        return Customer(self, address, name, signs=False)

    def forger(self, address: str, name: str = "") -> Customer:
        """Somebody else who uses this address without its domain's leave."""
        return Customer(self, address, name, signs=False)

    def agent(self, name: str) -> Agent:
        return Agent(self, name)

    def signer(self, domain: str) -> Signer:
        if domain not in self._signers:
            self._signers[domain] = Signer(domain, [SigningKey.make("s1", "ed25519")])
        return self._signers[domain]

    # ---- what happens ----

    def serial(self) -> int:
        self._serial += 1
        return self._serial

    async def deliver(self, content: bytes, mail_from: str, recipients: tuple[str, ...], helo: str) -> None:
        """One SMTP transaction with the door; raises smtplib's errors when it refuses."""
        def send() -> None:
            with smtplib.SMTP("127.0.0.1", self.port, local_hostname=helo, timeout=PATIENCE) as client:
                client.sendmail(mail_from, recipients, content)

        await asyncio.to_thread(send)
        await self.settle()

    async def settle(self) -> None:
        """Until the desk has nothing to do now and no letter is due."""
        await self.service.desk.settle()
        self.service.worker.wake()
        async with asyncio.timeout(PATIENCE):
            while await self.service.database.read(self._on_their_way):
                pass
        await self.service.desk.settle()

    def _on_their_way(self, db: Db) -> int:
        letter = columns(Letter)
        return len(db.scalars(select(Letter.id).where(  # type: ignore[arg-type]
            letter.state.in_(("waiting", "deferred")), letter.next_attempt <= self.clock.now)).all())

    async def passes(self, time: timedelta) -> None:
        """Time goes by, and what it makes due is done."""
        self.clock.now += time
        await self.settle()

    # ---- what is known ----

    async def requests(self) -> list[Request]:
        return list(await self.service.database.read(
            lambda db: db.scalars(select(Request).order_by(columns(Request).id)).all()))

    async def request(self) -> Request:
        """The one request there is."""
        (request,) = await self.requests()
        return request

    async def conversation(self, request: Request) -> list[Entry]:
        return list(await self.service.database.read(lambda db: requests.conversation(db, request.id or 0)))

    async def history(self, request: Request) -> list[History]:
        return list(await self.service.database.read(lambda db: requests.history(db, request.id or 0)))

    async def received(self) -> list[Received]:
        return list(await self.service.database.read(
            lambda db: db.scalars(select(Received).order_by(columns(Received).id)).all()))


class _Live:
    """Answers from the zone as it is now, though a test adds to it."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone

    @property
    def is_away(self) -> bool:
        return self.zone.is_away

    def recall(self, name: str, type: str) -> None:
        return None

    async def query(self, name: str, type: str) -> Any:
        return await ZoneResolver(self.zone).query(name, type)


def body(letter: EmailMessage) -> str:
    """The text part of a letter."""
    part = letter.get_body(("plain",))
    assert part is not None, "a letter has a text part"
    return str(part.get_content())
