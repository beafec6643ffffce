"""What is wrong is seen, told once, and over when it is over."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from gateway.models import Received
from gateway.status import watch as page
from gateway.status.watch import Rooms, Space, Watch
from gateway.store.database import Database, connect
from gateway.store.intake import Intake

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MIB = 1024 * 1024


class Gateway:
    """The rooms that a watch looks at, with a disk that a test fills and a store that it takes away."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.now = database, NOON
        self.disk: Space | OSError = Space(total=100_000 * MIB, free=50_000 * MIB)
        self.fault: Exception | None = None
        self.beats, self.has_beaten = 0, asyncio.Event()
        self.resolver = SimpleNamespace(is_away=False)
        self.intake = Intake(cast(Database, self))
        self.doors = SimpleNamespace(trouble="", store_trouble="", is_dns_away=False)
        rooms = cast(Rooms, SimpleNamespace(doors=self.doors, intake=self.intake, resolver=self.resolver,
                                            database=self))
        self.watch = Watch(rooms, folder, 200 * MIB, lambda: self.now, self.beat, self.space)
        self.watch.closed = ""

    def beat(self) -> None:
        self.beats += 1
        if self.beats == 3:
            self.has_beaten.set()

    def space(self, _folder: Path) -> Space:
        if isinstance(self.disk, OSError):
            raise self.disk
        return self.disk

    def has_free(self, mib: int, of: int = 100_000) -> bool:
        """Whether the door takes mail with so much room."""
        self.disk = Space(of * MIB, mib * MIB)
        self.watch.look_at_disk()
        return not self.intake.is_full

    async def write(self, work: Callable[..., Any]) -> Any:
        return await self._answer(self.database.write, work)

    async def read(self, work: Callable[..., Any]) -> Any:
        return await self._answer(self.database.read, work)

    async def _answer(self, way: Callable[..., Any], work: Callable[..., Any]) -> Any:
        if self.fault:
            raise self.fault
        return await way(work)


@pytest.fixture
async def gateway(migrated: Path, tmp_path: Path) -> AsyncIterator[Gateway]:
    shutil.copy(migrated, tmp_path)
    database = connect(f"sqlite:///{tmp_path}/frontdesk.db")
    yield Gateway(database, tmp_path)
    await database.close()


# ---- the disk ----


def test_with_hardly_any_room_no_mail_begins_and_with_room_again_it_does(gateway: Gateway) -> None:
    assert gateway.has_free(201)
    assert not gateway.has_free(199)
    assert "nearly full" in gateway.watch.reasons["disk"]
    assert gateway.has_free(251)
    assert gateway.watch.reasons == {}


def test_a_few_octets_more_do_not_make_the_door_go_to_and_fro(gateway: Gateway) -> None:
    assert not gateway.has_free(199)
    assert not gateway.has_free(249)
    assert gateway.has_free(251)
    assert gateway.has_free(201)


def test_of_a_small_disk_a_tenth_is_enough(gateway: Gateway) -> None:
    assert gateway.has_free(6, of=50)
    assert not gateway.has_free(4, of=50)


def test_nothing_need_be_free_when_the_operator_says_so(gateway: Gateway) -> None:
    gateway.watch.free = 0
    assert gateway.has_free(0)


def test_it_is_told_once_when_it_begins_and_once_when_it_is_over(gateway: Gateway) -> None:
    with capture_logs() as logs:
        for free in (500, 100, 90, 80, 500, 500):
            gateway.has_free(free)
    assert [(line["log_level"], line["event"].partition(":")[0], line["free"] // MIB) for line in logs] == [
        ("warning", f"the disk of {gateway.watch._folder} is nearly full", 100), ("info", "over", 500)]


def test_a_disk_that_cannot_be_looked_at_is_told_and_stops_nothing(gateway: Gateway) -> None:
    gateway.disk = OSError(5, "Input/output error")
    gateway.watch.look_at_disk()
    assert "Input/output error" in gateway.watch.reasons["disk"]
    assert not gateway.intake.is_full


def test_the_disk_that_is_looked_at_is_the_one_of_the_folder(tmp_path: Path) -> None:
    found = page.space(tmp_path)
    assert 0 < found.free < found.total


# ---- the store ----


async def test_a_store_that_does_not_answer_is_told_once_and_is_a_reason(gateway: Gateway) -> None:
    gateway.fault = OperationalError("SELECT", {}, Exception("connection refused"))
    with capture_logs() as logs:
        await gateway.watch.look_at_store()
        await gateway.watch.look_at_store()
        assert "connection refused" in gateway.watch.reasons["store"]
        gateway.fault = None
        await gateway.watch.look_at_store()
        await gateway.watch.look_at_store()
    assert gateway.watch.reasons == {}
    assert [line["log_level"] for line in logs] == ["error", "info"]


async def test_a_store_that_hangs_is_away(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "PATIENCE", 0.01)

    async def hang(_way: Any, _work: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(gateway, "_answer", hang)
    await gateway.watch.look_at_store()
    assert "store" in gateway.watch.reasons


async def test_a_store_that_took_no_mail_is_back_only_when_it_can_be_written_to(gateway: Gateway) -> None:
    gateway.intake.missed(OSError("read-only file system"))
    write, gateway.write = gateway.write, cast(Any, None)  # reading works, writing does not
    await gateway.watch.look_at_store()
    assert "store" in gateway.watch.reasons
    gateway.write = write  # type: ignore[method-assign]
    await gateway.watch.look_at_store()
    assert gateway.watch.reasons == {}


# ---- the desk, DNS, the door, the loop ----


async def test_a_mail_that_could_have_been_handled_long_ago_tells_that_the_desk_is_behind(gateway: Gateway) -> None:
    await gateway.database.write(lambda db: db.add(Received(kept_at=NOON, next_attempt=NOON)))
    gateway.now = NOON + timedelta(minutes=9)
    await gateway.watch.look_at_store()
    assert gateway.watch.reasons == {}
    gateway.now = NOON + timedelta(minutes=11)
    await gateway.watch.look_at_store()
    assert "desk" in gateway.watch.reasons


async def test_a_mail_that_is_tried_again_later_does_not(gateway: Gateway) -> None:
    later = NOON + timedelta(hours=2)
    await gateway.database.write(lambda db: db.add(Received(kept_at=NOON, next_attempt=later, attempts=3)))
    gateway.now = NOON + timedelta(hours=1)
    await gateway.watch.look_at_store()
    assert gateway.watch.reasons == {}


def test_name_servers_that_are_away_and_a_door_that_is_closed_are_reasons(gateway: Gateway) -> None:
    gateway.resolver.is_away, gateway.watch.closed = True, "the gateway is shutting down"
    assert gateway.watch.reasons == {"door": "the gateway is shutting down", "dns": "no name server answers"}


async def test_it_beats_while_the_loop_turns_and_measures_how_late_it_is(
        gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "PULSE", 0.001)
    gateway.watch.start()
    await asyncio.wait_for(gateway.has_beaten.wait(), 60)
    await gateway.watch.stop()
    assert sum(gateway.watch.lags.counts) >= 2
