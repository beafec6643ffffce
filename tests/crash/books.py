"""What the store and the outbox say after the load and the faults: each 250 is kept once and answered once."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from pathlib import Path

from crash.load import MAILS, Load, mail, sender
from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from gateway.models import Letter, Received, Request, columns
from gateway.store import raw
from gateway.store.database import connect
from gateway.store.outbox import counts as outbox_counts
from gateway.store.spool import counts as spool_counts


@dataclass(frozen=True)
class Books:
    kept: Counter[str]
    """Reverse-path: mails."""
    whole: set[str]
    """Reverse-paths of mails whose every octet is there."""
    unhandled: int
    proven: set[int]
    """Requests of a sender whose domain vouched for the mail."""
    numbers: list[str]
    acknowledged: Counter[int]
    """Request: acknowledgements."""
    sent: int
    files: Counter[str]
    """Message-ID of a letter: how often it went out."""

    def agree(self, load: Load) -> None:
        """Every mail that was promised is kept, once; nothing else is; each has one request, one number, one answer."""
        assert set(load.confirmed) == set(range(MAILS))
        assert self.kept == dict.fromkeys(map(sender, range(MAILS)), 1)
        assert self.whole == self.kept.keys()
        assert self.unhandled == 0
        assert len(self.numbers) == len(set(self.numbers)) == MAILS
        assert set(self.acknowledged.values()) <= {1}
        assert self.proven <= self.acknowledged.keys()
        assert len(self.files) == self.sent == len(self.acknowledged)
        assert set(self.files.values()) <= {1}

    def __str__(self) -> str:
        return (f"{self.kept.total()} mails kept, {len(self.numbers)} requests, {len(set(self.numbers))} numbers, "
                f"{self.acknowledged.total()} acknowledgements of {len(self.proven)} due, {self.files.total()} letters "
                f"out, {self.unhandled} mails not handled")


async def settled(database_url: str) -> None:
    """Until the desk has handled all that is kept and every letter is out."""
    database = connect(database_url)
    async with asyncio.timeout(300):
        while True:
            spool, outbox = await database.read(lambda db: (spool_counts(db), outbox_counts(db)))
            if not spool["kept"] and not outbox.get("waiting") and not outbox.get("deferred"):
                break
            await asyncio.sleep(0.2)
    await database.close()


async def books(database_url: str, letters: Path) -> Books:
    """letters: the folder where those of the gateway end."""
    files = await asyncio.to_thread(_message_ids, letters)
    database = connect(database_url)
    read = await database.read(lambda db: _books(db, files))
    await database.close()
    return read


def _message_ids(letters: Path) -> Counter[str]:
    return Counter(BytesHeaderParser().parsebytes(each.read_bytes())["Message-ID"] for each in letters.glob("*.eml"))


def _books(db: Db, files: Counter[str]) -> Books:
    letter, received, request = columns(Letter), columns(Received), columns(Request)
    return Books(
        kept=Counter(db.scalars(select(received.reverse_path))),
        whole={path for id, path in db.execute(select(received.id, received.reverse_path)) if _is_whole(db, id, path)},
        unhandled=len(db.scalars(select(received.id).where(received.state != "handled")).all()),
        proven=set(db.scalars(select(request.id).where(request.identity.startswith("verified")))),
        numbers=list(db.scalars(select(request.number))),
        acknowledged=Counter(db.scalars(
            select(letter.request_id).where(letter.template.startswith("acknowledgement")))),
        sent=len(db.scalars(select(letter.id).where(letter.state == "sent")).all()),
        files=files)


def _is_whole(db: Db, id: int, reverse_path: str) -> bool:
    serial = int(reverse_path.partition("@c")[2].partition(".")[0])
    return (raw.octets(db, id) or b"").endswith(mail(serial).partition(b"\r\n\r\n")[2])
