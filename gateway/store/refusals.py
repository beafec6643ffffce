"""What the door sent away, one row each, so that "where is my mail" has an answer.

Nobody waits for these rows and no mail hangs on them: they are gathered, and written by the batch behind the door's
back. A flood of refusals costs bounded memory and bounded disk; what is beyond that is counted only.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.orm import Session as Db

from gateway.models import Refusal, columns
from gateway.store.database import Database, storable

log = structlog.get_logger()

REMEMBERED = timedelta(days=30)
MOST = 100_000
"""Rows that are kept, whatever their age."""
GATHERED = 1000
"""Refusals that wait to be written; more of them within PAUSE are only counted."""
PAUSE = 1.0
"""Seconds between two batches."""

_refusal = columns(Refusal).__table__


@dataclass(frozen=True, slots=True)
class Refused:
    """One refusal, as the row will have it."""

    at: datetime
    client_ip: str
    reply: str
    helo: str = ""
    reverse_path: str = ""
    recipients: tuple[str, ...] = ()
    author: str = ""
    size: int = 0


class Refusals:
    """Gathers refusals and writes them. `counts`: how many there were, by enhanced status."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._gathered: list[Refused] = []
        self._writer: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self.counts: Counter[str] = Counter()

    def note(self, refused: Refused) -> None:
        self.counts[refused.reply[:9]] += 1
        if len(self._gathered) >= GATHERED:
            return
        self._gathered.append(refused)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all(), name="refusals")

    async def close(self) -> None:
        """Write what is gathered."""
        self._closing.set()
        if self._writer:
            await asyncio.wait([self._writer])

    async def _write_all(self) -> None:
        while self._gathered:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), PAUSE)
            await self._write()

    async def _write(self) -> None:
        rows, self._gathered = self._gathered, []
        try:
            await self._database.write(lambda db: insert_all(db, rows))
        except Exception as error:  # rows for the curious: no mail and no session may suffer for them
            log.warning("refusals not written", count=len(rows), error=f"{type(error).__name__}: {str(error)[:300]}")


def insert_all(db: Db, rows: Sequence[Refused]) -> None:
    """Insert them, and forget what is too old or too much."""
    if not rows:
        return
    last = db.execute(select(func.max(_refusal.c.id))).scalar_one() or 0
    db.execute(delete(_refusal).where(or_(_refusal.c.at < rows[-1].at - REMEMBERED, _refusal.c.id <= last - MOST)))
    db.execute(insert(_refusal), [_row(each) for each in rows])


def _row(refused: Refused) -> dict[str, object]:
    plain = replace(refused, reverse_path=refused.reverse_path.lower(), author=refused.author.lower())
    row: dict[str, object] = storable({name: getattr(plain, name) for name in Refused.__dataclass_fields__})
    return row


def listing(db: Db, sender: str = "", limit: int = 200) -> Sequence[Refusal]:
    """The newest first; those of one reverse-path or author when an address is given."""
    query = select(Refusal).order_by(_refusal.c.id.desc()).limit(limit)
    if sender:
        query = query.where(or_(_refusal.c.reverse_path == sender.lower(), _refusal.c.author == sender.lower()))
    return db.scalars(query).all()
