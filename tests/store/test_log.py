"""SQLite's log (write-ahead log): what commits leave in it goes into the database beside them, and it stays short."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session as Db

from gateway.store.database import LOG, Sqlite

PATIENCE = 120
"""Seconds after which nothing more is expected; on the busiest machine it takes a few."""


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Sqlite]:
    database = Sqlite(tmp_path / "frontdesk.db")
    await database.write(lambda db: _do(db, "CREATE TABLE mail (content BLOB)"))
    yield database
    await database.close()


def _do(db: Db, words: str) -> None:
    db.execute(text(words))


async def keep(sqlite: Sqlite, octets: int) -> None:
    await sqlite.write(lambda db: _do(db, f"INSERT INTO mail VALUES (zeroblob({octets}))"))


async def test_what_was_committed_goes_into_the_database_while_nothing_is_asked_of_it(sqlite: Sqlite) -> None:
    await keep(sqlite, LOG // 4)
    async with asyncio.timeout(PATIENCE):
        while sqlite.path.stat().st_size < LOG // 4:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_log_that_has_become_long_is_begun_anew_under_a_busy_writer(sqlite: Sqlite) -> None:
    log = sqlite.path.with_name("frontdesk.db-wal")

    def beginning() -> bytes:
        """Its header, which is another each time."""
        with log.open("rb") as file:
            return file.read(32)

    await sqlite.write(lambda db: db.info["driver"].execute("PRAGMA wal_autocheckpoint = 0"))  # no commit does it
    first = beginning()
    for _ in range(5):
        await keep(sqlite, LOG // 4)
    async with asyncio.timeout(PATIENCE):
        while beginning() == first:
            await keep(sqlite, 10_000)


async def test_after_a_transaction_that_failed_the_next_one_is_as_new(sqlite: Sqlite) -> None:
    await sqlite.write(lambda db: _do(db, "CREATE TABLE once (word TEXT UNIQUE)"))
    for _ in range(2):
        with pytest.raises(OperationalError):
            await sqlite.write(lambda db: _do(db, "INSERT INTO nowhere VALUES (1)"))
        with pytest.raises(OperationalError):
            await sqlite.write(lambda db: db.info["driver"].execute("INSERT INTO nowhere VALUES (1)"))
        with pytest.raises(OperationalError):
            await sqlite.read(lambda db: _do(db, "SELECT * FROM nowhere"))
    await keep(sqlite, 10)
    assert await sqlite.read(lambda db: db.scalar(text("SELECT count(*) FROM mail"))) == 1


async def test_what_is_written_while_reading_is_not_kept(sqlite: Sqlite) -> None:
    await sqlite.read(lambda db: _do(db, "INSERT INTO mail VALUES (zeroblob(10))"))
    await sqlite.read(lambda db: db.info["driver"].execute("INSERT INTO mail VALUES (zeroblob(10))"))
    assert await sqlite.read(lambda db: db.scalar(text("SELECT count(*) FROM mail"))) == 0
