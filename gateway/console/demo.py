"""A working day in a minute: real mails over SMTP to a gateway of its own, and what became of each.

The gateway runs in a temporary folder on a free port, with a zone in place of DNS; nothing of it is left behind. The
customers are told in gateway/demo_mails; here they are sent, followed and shown.
"""

import asyncio
import smtplib
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.rule import Rule
from rich.table import Table
from rich.text import Text
from sqlalchemy import func, select
from sqlalchemy.orm import Session as Db

from gateway.authentication.resolver import ZoneResolver
from gateway.config import Agents, Config, Delivery, Site, Smtp, Status, Web
from gateway.console import badges, conversation, plain, show
from gateway.console.demo_mails import AGENT, Story, Told, World
from gateway.console.edge import Failure
from gateway.desk.acts import Acts
from gateway.models import Customer, Entry, History, Letter, Received, Request, columns
from gateway.service import Service
from gateway.store import outbox, queue, requests, spool

ENTRY, HISTORY, LETTER = columns(Entry), columns(History), columns(Letter)
RECEIVED, REQUEST = columns(Received), columns(Request)
QUEUE = "technical"
"""The queue that the demo's agent works."""
PATIENCE = 30.0
"""Seconds in which the desk must have handled one mail."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mail."""

    story: Story
    reply: str
    """The door's reply at the end of the mail."""
    received: Received | None
    request: Request | None
    decisions: Sequence[History]


async def play() -> None:
    """Run the demo and print it."""
    with tempfile.TemporaryDirectory(prefix="frontdesk-demo-") as folder:
        world = World()
        service = Service(_config(Path(folder)), resolver=ZoneResolver(world.zone))
        async with service.running():
            show.say(Text(f"A gateway listens on port {service.addresses[0][1]}; its data is in {folder}.", show.QUIET))
            outcomes = [await _follow(service, world, story) for story in world.stories()]
            await _print(service, outcomes)
    show.say(Text("The gateway is closed and its folder is gone.", show.QUIET))


def _config(folder: Path) -> Config:
    return Config(site=Site(data=folder, agents={AGENT: "Kim Minji"}), smtp=Smtp(listen=("127.0.0.1:0",)),
                  delivery=Delivery(timeout=timedelta(seconds=5)), web=Web(listen=""), agents=Agents(listen=""),
                  status=Status(listen=""))


async def _follow(service: Service, world: World, story: Story) -> Outcome:
    """Send one mail (after the agent did what it answers), wait until the desk is idle, and see what it did."""
    database = service.database
    if story.agent_says:
        await _answer(service, story.agent_says)
    told = await database.read(_told)
    before = await database.read(_newest_mail)
    reply = await asyncio.to_thread(_send, service.addresses[0], world.write(story, told))
    await _idle(service)
    return await database.read(lambda db: _outcome(db, story, reply, before))


async def _answer(service: Service, text: str) -> None:
    acts = Acts(service.desk)
    request = await acts.next(QUEUE, AGENT)
    if request is None:
        raise Failure("The demo's agent found no request to answer.")
    await acts.say("answer", request.number, AGENT, text, request.last_entry)
    service.worker.wake()
    await _idle(service)


def _send(address: tuple[str, int], mail: tuple[str, str, bytes]) -> str:
    """One mail over SMTP with STARTTLS; the door's last reply."""
    reverse_path, recipient, content = mail
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the door's certificate is self-signed
    with smtplib.SMTP(*address, local_hostname="mail.example.org", timeout=PATIENCE) as client:
        client.starttls(context=context)
        client.ehlo()
        for code, said in (client.mail(reverse_path), client.rcpt(recipient)):
            if code != 250:
                return f"{code} {said.decode(errors='replace')}"
        code, said = client.data(content)
    return f"{code} {said.decode(errors='replace')}"


async def _idle(service: Service) -> None:
    async with asyncio.timeout(PATIENCE):
        while await service.database.read(_is_busy):  # noqa: ASYNC110 - rooms tell each other by rows, not by events
            await asyncio.sleep(0.02)


def _is_busy(db: Db) -> bool:
    return spool.counts(db)["kept"] > 0 or outbox.counts(db)["waiting"] > 0 or bool(outbox.bounced(db, 1))


def _told(db: Db) -> Told:
    """What customers know by now: the number and the addresses in the letters they got."""
    letters = db.scalars(select(Letter).order_by(LETTER.id)).all()
    numbers = {request.id: request.number for request in db.scalars(select(Request))}
    return Told([(each.recipient, numbers.get(each.request_id, ""), each.reverse_path, each.raw) for each in letters])


def _newest_mail(db: Db) -> int:
    return db.scalar(select(func.max(RECEIVED.id))) or 0


def _outcome(db: Db, story: Story, reply: str, before: int) -> Outcome:
    row = db.scalars(select(Received).where(RECEIVED.id > before)).one_or_none()
    if row is None:
        return Outcome(story, reply, None, None, ())
    decisions = db.scalars(select(History).where(HISTORY.received_id == row.id).order_by(HISTORY.id)).all()
    request = db.get(Request, row.request_id) if row.request_id else None
    db.expunge_all()
    return Outcome(story, reply, row, request, decisions)


# ---- what is printed -----------------------------------------------------------------------------------------------


async def _print(service: Service, outcomes: Sequence[Outcome]) -> None:
    database, zone, now = service.database, ZoneInfo(service.config.site.timezone), service.now()
    queues, rows, letters, longest = await database.read(_tables)
    show.say(Text(), Rule("The mails, and what the desk decided", align="left", style="dim"), _mails(outcomes))
    show.say(Text(), Rule("The agents' queues", align="left", style="dim"))
    show.queues(queues, now, zone)
    show.say(Text())
    show.queue(rows, now, "No request waits.")
    show.say(Text(), Rule("Our letters", align="left", style="dim"), _letters(letters))
    page = await database.read(lambda db: _loaded(db, longest))
    show.say(Text())
    conversation.show(page, now, zone, as_json=False, history=True, full=False)


def _mails(outcomes: Sequence[Outcome]) -> Table:
    made = show.table("Mail", "What became of it")
    for number, each in enumerate(outcomes, 1):
        subject = each.story.subject.format(number="the number")
        mail = Text.assemble((f"{number:>2}  {each.story.title}", "bold"), f"\n    {plain.line(subject, 50)}",
                             (f"\n    {each.story.author}\n", show.QUIET))
        made.add_row(mail, Text("\n").join(_became(each)))
    return made


def _became(outcome: Outcome) -> Iterator[Text]:
    """The door's word and the handlers', without the wakes that only keep time."""
    if outcome.received is None:
        yield Text.assemble(("door: ", show.OVERDUE), plain.line(outcome.reply))
        return
    number = f"  {outcome.request.number}" if outcome.request else ""
    yield Text.assemble("door: 250, ", badges.level(str(outcome.received.verdict["identity"])), (number, "bold"))
    for each in outcome.decisions:
        if each.decision != "wake":
            yield Text.assemble((f"{each.handler}: {each.decision}", "cyan"), f"  {plain.line(each.because)}")


def _letters(letters: Sequence[tuple[Letter, str]]) -> Table:
    made = show.table("To", "Letter", "Request", "Subject", "State")
    for letter, number in letters:
        made.add_row(plain.line(letter.recipient), letter.template, number, plain.line(letter.subject, 70),
                     show.delivery_state(letter))
    return made


Tables = tuple[list[queue.QueueLine], list[tuple[Request, Customer]], list[tuple[Letter, str]], Request]


def _tables(db: Db) -> Tables:
    """Queues, all living requests, all letters with their numbers, and the request in which most was said."""
    everything = db.scalars(select(Request).order_by(REQUEST.id)).all()
    now = everything[0].created_at
    queues = queue.counts(db, now)
    lines = [line for each in queues for line in queue.page(db, queue.Filter(queue=each.queue), now).lines]
    rows = requests.of_lines(db, [line.id for line in lines])
    numbers = {request.id: request.number for request in everything}
    letters = [(each, numbers.get(each.request_id, "")) for each in db.scalars(select(Letter).order_by(LETTER.id))]
    longest = max(everything, key=lambda request: db.scalar(
        select(func.count()).select_from(Entry).where(ENTRY.request_id == request.id)) or 0)
    db.expunge_all()
    return queues, rows, letters, longest


def _loaded(db: Db, request: Request) -> conversation.Page:
    page = conversation.load(db, request)
    db.expunge_all()
    return page
