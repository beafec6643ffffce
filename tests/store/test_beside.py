"""Several gateways keep mails in one store: each mail once, and each client has its 250."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.mail.authres import UNCHECKED
from gateway.mail.envelope import Envelope
from gateway.models import Received, columns
from gateway.store.arrival import Arrival, digest
from gateway.store.batch import insert_all
from gateway.store.database import Database, Postgres, connect
from gateway.store.intake import Intake

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def arrival(number: int) -> Arrival:
    content = b"Received: x\r\n\r\n%d\r\n" % number
    envelope = Envelope("alice@example.org", ("support@example.com",), "192.0.2.1", "x.org")
    return Arrival(envelope, content, digest(f"<{number}@x>", envelope.recipients, content), UNCHECKED, False, NOON, 9)


async def count(database: Database) -> int:
    return await database.read(lambda db: db.scalar(select(func.count(columns(Received).id))) or 0)


@pytest.fixture
async def another(database: Database, database_url: str) -> AsyncIterator[Database]:
    """The same store as `database`, as another gateway has it."""
    another = connect(database_url)
    yield another
    await another.close()


async def test_what_two_bring_at_once_is_kept_once(database: Database, another: Database) -> None:
    intakes = [Intake(each) for each in (database, another)]
    ids = await asyncio.gather(*(intake.keep(arrival(number)) for number in range(40) for intake in intakes))
    assert ids[::2] == ids[1::2]
    assert await count(database) == len(set(ids)) == 40


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("together", [1, 3])
async def test_a_mail_that_another_gateway_keeps_at_this_moment_has_its_250_too(
        database: Database, another: Database, together: int) -> None:
    assert isinstance(database, Postgres)  # SQLite has one writer at a time
    intake = Intake(another)
    async with AsyncSession(database._engine) as first:
        (id,) = await first.run_sync(lambda db: insert_all(db, [arrival(0)]))
        keeping = [asyncio.create_task(intake.keep(arrival(number))) for number in range(together)]
        waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                     " AND datname = current_database()")
        while not await database.read(lambda db: db.scalar(waits)):
            pass
        await first.commit()
    assert (await asyncio.gather(*keeping))[0] == id
    assert intake.trouble == ""
    assert await count(database) == together
