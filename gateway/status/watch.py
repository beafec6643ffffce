"""Watches over the gateway while it runs: room on the disk, the store, the desk, the loop itself.

What is wrong is told in the log once when it begins and once when it is over, and stands on /readyz in a sentence as
long as it lasts. With hardly any room on the disk the door lets no mail begin, until there is room again.
"""

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from gateway.authentication.answer import Resolver
from gateway.delivery.worker import Worker
from gateway.desk.pipeline import Desk
from gateway.doors.doors import Doors
from gateway.smtp.figures import Times
from gateway.smtp.server import Door
from gateway.store import holdings
from gateway.store.database import Database
from gateway.store.holdings import Holdings
from gateway.store.intake import Intake

log = structlog.get_logger()

PULSE = 1.0
"""Seconds between two looks at the disk and the loop."""
LOOK, LOOK_AWAY = 10.0, 2.0
"""Seconds between two looks at the store; while it is away."""
PATIENCE = 5.0
"""Seconds that the store has for an answer."""
BEHIND = timedelta(minutes=10)
"""A mail that could have been handled for so long tells that the desk does not come round."""
SMALL = 10
"""Of a small disk a tenth is enough room, whatever the setting says."""
ROOM = 1.25
"""So much more than the limit must be free before mail is taken again, so that it does not go to and fro."""


@dataclass(frozen=True)
class Rooms:
    """What is watched."""

    door: Door
    doors: Doors
    intake: Intake
    desk: Desk
    worker: Worker
    resolver: Resolver
    database: Database


@dataclass(frozen=True, slots=True)
class Space:
    """Octets of a disk."""

    total: int
    free: int


def space(folder: Path) -> Space:
    """The disk that a folder is on, as far as we may fill it."""
    usage = shutil.disk_usage(folder)
    return Space(usage.total, usage.free)


def least_free(free: int, total: int) -> int:
    """Octets that [store] free keeps of a disk."""
    return min(free, total // SMALL)


class Watch:
    """Looks at the rooms, and says what is wrong.

    free: octets that must be free under `folder`. beat: called while the loop turns.
    """

    def __init__(self, rooms: Rooms, folder: Path, free: int, now: Callable[[], datetime],
                 beat: Callable[[], None] = lambda: None, space: Callable[[Path], Space] = space) -> None:
        self.rooms, self.free = rooms, free
        self.holdings = Holdings()
        self.space = Space(0, 0)
        self.lags = Times()
        """How late the loop came to what was due."""
        self.closed = "the gateway is starting"
        """Why the door takes no mail at all; "" while it does."""
        self._folder, self._now, self._beat, self._space = folder, now, beat, space
        self._told: dict[str, str] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._feel_pulse()), asyncio.create_task(self._look_on())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def reasons(self) -> dict[str, str]:
        """Why the gateway is not ready, by room, each in a sentence; empty when it is."""
        is_dns_away = self.rooms.resolver.is_away or self.rooms.doors.is_dns_away
        found = {"door": self.closed or self.rooms.doors.trouble, **self._told, "store": self._store(),
                 "dns": "no name server answers" if is_dns_away else ""}
        return {room: reason for room, reason in found.items() if reason}

    def _store(self) -> str:
        trouble = self.rooms.intake.trouble or self.rooms.doors.store_trouble
        return f"the store is away: {trouble}" if trouble else ""

    async def _feel_pulse(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self.look_at_disk()
            self._beat()
            due = loop.time() + PULSE
            await asyncio.sleep(PULSE)
            self.lags.add(max(loop.time() - due, 0.0))

    async def _look_on(self) -> None:
        while True:
            await self.look_at_store()
            await asyncio.sleep(LOOK_AWAY if self.rooms.intake.trouble else LOOK)

    def look_at_disk(self) -> None:
        """Close the door to new mail before the disk is full, and open it when there is room again."""
        try:
            self.space = self._space(self._folder)
        except OSError as error:
            self._tell("disk", f"the disk of {self._folder} cannot be looked at: {error.strerror}")
            return
        least = least_free(self.free, self.space.total)
        is_full = self.space.free < (least * ROOM if self.rooms.intake.is_full else least)
        self.rooms.intake.is_full = is_full
        self._tell("disk", f"the disk of {self._folder} is nearly full: no mail is taken" if is_full else "",
                   free=self.space.free, least=least)

    async def look_at_store(self) -> None:
        """Count what it holds; once it failed, see whether it can be written to again."""
        intake, database = self.rooms.intake, self.rooms.database
        try:
            async with asyncio.timeout(PATIENCE):
                if intake.trouble:
                    await database.write(holdings.touch)
                self.holdings = await database.read(lambda db: holdings.look(db, self._now()))
        except Exception as error:  # whatever it is: a store that does not answer is away
            intake.missed(error)
            return
        intake.found()
        due = self.holdings.due_since
        is_behind = due is not None and self._now() - due > BEHIND
        self._tell("desk", "the desk is behind: mails wait to be handled" if is_behind else "",
                   waiting=self.holdings.kept, since=due)

    def _tell(self, room: str, trouble: str, **figures: object) -> None:
        before, self._told[room] = self._told.get(room, ""), trouble
        if trouble and not before:
            log.warning(trouble, **figures)
        elif before and not trouble:
            log.info(f"over: {before}", **figures)


def age(since: datetime | None, now: datetime) -> float:
    """Seconds; 0 where nothing waits."""
    return max((now - since.astimezone(UTC)).total_seconds(), 0.0) if since else 0.0
