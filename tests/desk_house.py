"""A desk on a database, with a clock that stands still: mails are laid into the store as the door leaves them."""

from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import desk_values as values
from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from gateway.config import Config, Site
from gateway.desk.acts import Acts
from gateway.desk.handler import Handler
from gateway.desk.pipeline import Desk
from gateway.models import Entry, History, Letter, RawMail, Received, Request, Verification, Wake, columns
from gateway.rooms import build_desk
from gateway.store.database import Database

T = TypeVar("T")


class House:
    """One desk on a database, or two."""

    def __init__(self, database: Database, folder: Path, *handlers: tuple[str, Handler]) -> None:
        self.database, self.now = database, values.NOON
        self._config, self._handlers = Config(site=Site(data=folder, agents={"minji": "Kim Minji"})), handlers
        self.desk = self._build()
        self.acts = Acts(self.desk)

    def _build(self) -> Desk:
        desk = build_desk(self._config, self.database, self._clock)
        desk.journey = [*self._handlers, *desk.journey]
        return desk

    @cached_property
    def desks(self) -> list[Desk]:
        """The desk and a second one beside it."""
        return [self.desk, self._build()]

    def _clock(self) -> Any:
        return self.now

    async def keep(self, text: str = "Since yesterday the app says error 1042.", subject: str = "Cannot log in", *,
                   recipient: str = "support@example.com", **more: Any) -> int:
        """A mail as the door leaves it; the id of its row. Takes what desk_values.mail takes."""
        mail = values.mail(text, subject, to=recipient, **more)
        row = Received(kept_at=self.now, reverse_path=mail.envelope.reverse_path, recipients=[recipient],
                       size=len(mail.message.raw), verdict=mail.verdict.as_json(), next_attempt=self.now,
                       quarantined=mail.is_quarantined)

        def work(db: Db) -> int:
            db.add(row)
            db.flush()
            db.add(RawMail(received_id=row.id or 0, content=mail.message.raw))
            return row.id or 0

        return await self.database.write(work)

    async def writes(self, text: str = "Since yesterday the app says error 1042.", subject: str = "Cannot log in",
                     **more: Any) -> Request:
        """A mail kept and handled; the newest request."""
        more.setdefault("Message_ID", f"<{len(await self.all(Received))}@example.org>")
        await self.keep(text, subject, **more)
        await self.desk.settle()
        return (await self.all(Request))[-1]

    async def passes(self, time: timedelta) -> None:
        self.now += time
        await self.desk.settle()

    async def bounces(self, letter: Letter, reply: str = "550 5.1.1 No such user") -> None:
        """Delivery gave it up."""
        def work(db: Db) -> None:
            row = db.get_one(Letter, letter.id)
            row.state, row.reply, row.settled_at = "bounced", reply, self.now

        await self.database.write(work)

    async def all(self, table: type[T]) -> list[T]:
        order = columns(table).id  # type: ignore[arg-type]
        return list(await self.database.read(lambda db: db.scalars(select(table).order_by(order)).all()))

    async def received(self) -> list[Received]:
        return await self.all(Received)

    async def requests(self) -> list[Request]:
        return await self.all(Request)

    async def request(self, number: str) -> Request:
        return next(each for each in await self.requests() if each.number == number)

    async def entries(self) -> list[Entry]:
        return await self.all(Entry)

    async def history(self) -> list[History]:
        return await self.all(History)

    async def letters(self) -> list[Letter]:
        return await self.all(Letter)

    async def verifications(self) -> list[Verification]:
        return await self.all(Verification)

    async def wakes(self) -> list[Wake]:
        return await self.all(Wake)

    async def change(self, work: Callable[[Db], T]) -> T:
        return await self.database.write(work)


