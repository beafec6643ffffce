"""What stands in the database when the command is tried: words of strangers, everywhere."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.orm import Session as Db

from gateway.desk import number
from gateway.models import Attachment, Customer, Entry, History, Letter, Received, Request
from gateway.store.database import Database, connect

NOW = datetime.now(UTC)
NUMBER, OTHER, NOWHERE = (number.compose("FD", 2026, running) for running in (1, 2, 3))
HOSTILE = "\x1b]0;pwned\x07\x1b[2J[bold]x[/bold]"
MAIL = b"From: Kim <kim@example.org>\r\nTo: support@example.com\r\nSubject: Cannot log in\r\n\r\nError 42.\r\n"
ZONE = {"example.org": {"TXT": ["v=spf1 ip4:192.0.2.0/24 -all"]}}


@cache
def migrated() -> bytes:
    """An empty database file."""
    with TemporaryDirectory() as folder:
        asyncio.run(_with(f"sqlite:///{folder}/frontdesk.db", lambda database: database.migrate()))
        return (Path(folder) / "frontdesk.db").read_bytes()


def keep(folder: Path, work: Callable[[Db], None]) -> None:
    """Put rows into the database of ./var."""
    (folder / "var").mkdir()
    (folder / "var" / "frontdesk.db").write_bytes(migrated())
    asyncio.run(_with(f"sqlite:///{folder}/var/frontdesk.db", lambda database: database.write(work)))


async def _with(url: str, work: Callable[[Database], Awaitable[None]]) -> None:
    database = connect(url)
    await work(database)
    await database.close()


def a_hostile_request(db: Db) -> None:
    """One request whose every word a stranger chose, a second one, and a mail that was given up."""
    customer = Customer(address="minji@example.kr", name=f"김민지 {HOSTILE}", language="ko", created_at=NOW)
    db.add(customer)
    db.flush()
    first = Request(number=NUMBER, customer_id=customer.id or 0, subject=f"로그인이 안 돼요 {HOSTILE}", state="open",
                    queue="technical", category="technical", priority=4, due=NOW - timedelta(hours=3), owner="kim",
                    identity="verified-dkim", identity_because="A signature of example.kr is good.", language="ko",
                    verification="expired", verification_because="Not verified: nobody answered our letter in time.",
                    on_file=f"Not on file: neither the address {HOSTILE}", created_at=NOW - timedelta(days=1),
                    changed_at=NOW, last_entry=1)
    second = Request(number=OTHER, customer_id=customer.id or 0, subject="환불", queue="technical", created_at=NOW,
                     changed_at=NOW, due=NOW + timedelta(hours=30, minutes=5), identity="none")
    db.add_all([first, second])
    db.flush()
    letter = Letter(request_id=first.id, template="acknowledgement", created_at=NOW, recipient="minji@example.kr",
                    raw=b"x", next_attempt=NOW, state="bounced", reply=f"550 5.1.1 {HOSTILE}", settled_at=NOW)
    db.add(letter)
    db.flush()
    odd = Received(id=2, kept_at=NOW, next_attempt=NOW, state="handled", verdict={
        "findings": ["display-name-our-name", "subject-duplicated", f"new-word {HOSTILE}"]})
    db.add(odd)
    db.flush()
    mail = Entry(request_id=first.id or 0, at=NOW, kind="mail", author=f"minji@example.kr{HOSTILE}",
                 text=f"오류 42 {HOSTILE}\n\n> old words", reply_text=f"오류 42 {HOSTILE}", identity="verified-dkim",
                 received_id=odd.id)
    db.add_all([mail, Entry(request_id=first.id or 0, at=NOW, kind="letter", author="acknowledge", text="We have it.",
                            letter_id=letter.id)])
    db.flush()
    name = f"a\u202egpj.exe{HOSTILE}"
    db.add(Attachment(entry_id=mail.id or 0, filename=name, content_type="image/png", size=123_456))
    db.add(History(at=NOW, request_id=first.id, event="received", handler="route", decision="place",
                   because=f"Rule 3 {HOSTILE}"))
    db.add(Received(id=1, kept_at=NOW, reverse_path="", recipients=[f"support@example.com{HOSTILE}"], state="shunted",
                    next_attempt=NOW, attempts=5, reason="KeyError"))
