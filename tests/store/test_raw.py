"""Bodies of large mails in files: as whole as in a row, and nothing is left of what was not kept."""

import asyncio
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.mail.authres import UNCHECKED
from gateway.mail.envelope import Envelope
from gateway.mail.large import LargeMail
from gateway.store import events, raw
from gateway.store.arrival import Arrival
from gateway.store.database import Database, Sqlite, connect
from gateway.store.intake import Intake, StoreAway

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HEADER, BODY = b"Subject: x\r\n\r\n", b"0123456789\r\n" * 30_000
TRACE = b"Return-Path: <a@x>\r\n"


def large_mail(folder: Path, body: bytes = BODY) -> LargeMail:
    large = LargeMail(folder)
    large.add(HEADER + body)
    return large


def arrival(folder: Path, digest: str | None = None, body: bytes = BODY) -> Arrival:
    large = large_mail(folder, body)
    return Arrival(Envelope("a@x", ("b@x",)), TRACE + HEADER, digest, UNCHECKED, False, NOON, large.size, large=large)


def small(digest: str) -> Arrival:
    return Arrival(Envelope("a@x", ("b@x",)), b"small", digest, UNCHECKED, False, NOON, 5)


async def octets(database: Database, id: int) -> bytes | None:
    return await database.read(lambda db: raw.octets(db, id))


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / raw.FOLDER).iterdir())


@pytest.fixture
def folder(tmp_path: Path, migrated: Path) -> Path:
    """A data folder with a SQLite file."""
    shutil.copy(migrated, tmp_path)
    return tmp_path


@pytest.fixture
async def sqlite(folder: Path) -> Any:
    database = connect(f"sqlite:///{folder}/frontdesk.db")
    yield database
    await database.close()


async def test_a_large_mail_is_read_as_it_came_from_both_databases(database: Database, tmp_path: Path) -> None:
    id = await Intake(database).keep(arrival(tmp_path))
    assert await octets(database, id) == TRACE + HEADER + BODY
    (kept,) = await database.read(lambda db: events.next_kept(db, NOON, 10, 10))
    assert (kept.id, kept.content) == (id, TRACE + HEADER + BODY)
    assert await octets(database, id + 1) is None


async def test_on_sqlite_the_body_is_in_a_file_and_not_in_the_database(sqlite: Sqlite, folder: Path) -> None:
    id = await Intake(sqlite).keep(arrival(folder))
    assert files(folder) == [str(id)]
    assert (folder / raw.FOLDER / str(id)).read_bytes() == HEADER + BODY
    assert (folder / raw.FOLDER / str(id)).stat().st_mode & 0o077 == 0
    await sqlite.close()
    assert BODY[:1000] not in (folder / "frontdesk.db").read_bytes()


async def test_a_file_on_another_disk_is_copied(folder: Path) -> None:
    with pytest.raises(OSError, match="cross-device"):
        (Path("/dev/shm") / "frontdesk-probe").hardlink_to(folder / "frontdesk.db")
    large = large_mail(Path("/dev/shm"))
    large.name(folder / "17")
    assert (folder / "17").read_bytes() == HEADER + BODY
    assert (folder / "17").stat().st_mode & 0o077 == 0


async def test_a_large_mail_that_comes_again_is_kept_once(sqlite: Sqlite, folder: Path) -> None:
    intake = Intake(sqlite)
    ids = await asyncio.gather(*(intake.keep(arrival(folder, "same")) for _ in range(3)))
    assert len({*ids, await intake.keep(arrival(folder, "same"))}) == 1
    assert files(folder) == [str(ids[0])]


class Failing:
    """A database whose commit fails once, when all its work is done."""

    def __init__(self, database: Database) -> None:
        self.database, self.fails = database, True

    async def write(self, work: Callable[..., Any]) -> Any:
        return await self.database.write(lambda db: self._work(db, work))

    def _work(self, db: Any, work: Callable[..., Any]) -> Any:
        done = work(db)
        if self.fails:
            self.fails = False
            raise OSError("disk full")
        return done


async def test_of_a_mail_that_was_not_kept_no_file_is_left(sqlite: Sqlite, folder: Path) -> None:
    intake = Intake(Failing(sqlite))  # type: ignore[arg-type]
    with pytest.raises(StoreAway):
        await intake.keep(arrival(folder))
    assert await intake.keep(small("next")) == 1
    assert files(folder) == []


async def test_what_a_killed_process_left_is_removed_and_what_is_kept_stays(sqlite: Sqlite, folder: Path) -> None:
    first = await Intake(sqlite).keep(arrival(folder))
    for left in range(first + 1, first + 4):
        (folder / raw.FOLDER / str(left)).write_bytes(b"left by a batch that was cut off")
    restarted = Intake(sqlite)
    second = await restarted.keep(arrival(folder, body=b"second\r\n" * 50_000))
    await restarted.keep(small("third"))
    assert files(folder) == [str(first), str(second)]
    assert await octets(sqlite, second) == TRACE + HEADER + b"second\r\n" * 50_000


async def test_a_file_that_somebody_removed_is_a_fault_of_its_mail_and_stops_nobody(
    sqlite: Sqlite, folder: Path
) -> None:
    intake = Intake(sqlite)
    id, other = await intake.keep(arrival(folder)), await intake.keep(small("other"))
    (folder / raw.FOLDER / str(id)).unlink()
    with pytest.raises(FileNotFoundError):
        await octets(sqlite, id)
    kept = await sqlite.read(lambda db: events.next_kept(db, NOON, 10, 10**9))
    assert [(each.id, type(each.fault)) for each in kept] == [(id, FileNotFoundError), (other, type(None))]


async def test_a_folder_that_cannot_be_written_keeps_no_mail(sqlite: Sqlite, folder: Path) -> None:
    (folder / raw.FOLDER).write_text("in the way")
    intake = Intake(sqlite)
    with pytest.raises(StoreAway):
        await intake.keep(arrival(folder))
    assert await sqlite.read(lambda db: events.next_kept(db, NOON, 10, 10)) == []
