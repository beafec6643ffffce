"""Several gateways keep mails in one store: each mail once, and each client has its 250."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
from gateway.store.intake import Intake, StoreAway

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


WAITING = text("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")


@asynccontextmanager
async def bringing(database: Database, *mails: Arrival) -> AsyncIterator[AsyncSession]:
    """Another gateway has written these mails and did not commit yet: who brings one of them too has to wait."""
    assert isinstance(database, Postgres)  # SQLite has one writer at a time
    async with AsyncSession(database._engine) as other:
        await other.run_sync(lambda db: insert_all(db, mails))
        yield other


async def who_waits(database: Database, many: int) -> set[int]:
    """The numbers of so many transactions that wait for another, as the server has them."""
    while True:
        found = await database.read(lambda db: db.scalars(WAITING).all())
        if len(found) == many:
            return set(found)


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("together", [1, 3])
async def test_a_mail_that_another_gateway_keeps_at_this_moment_has_its_250_too(
        database: Database, another: Database, together: int) -> None:
    intake = Intake(another)
    async with bringing(database, arrival(0)) as other:
        (id,) = await other.scalars(select(columns(Received).id))
        keeping = [asyncio.create_task(intake.keep(arrival(number))) for number in range(together)]
        await who_waits(database, 1)
        await other.commit()
    assert (await asyncio.gather(*keeping))[0] == id
    assert intake.trouble == ""
    assert await count(database) == together


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_the_same_mail_in_two_batches_at_once_is_kept_once(database: Database, another: Database) -> None:
    intake = Intake(another)
    async with bringing(database, arrival(0)) as other:
        first = [asyncio.create_task(intake.keep(arrival(0)))]
        await who_waits(database, 1)
        second = [asyncio.create_task(intake.keep(arrival(number))) for number in (0, 1)]
        await who_waits(database, 2)
        await other.rollback()  # it is the one of our own two that comes first who keeps it
    (id,), ids = await asyncio.gather(*first), await asyncio.gather(*second)
    assert ids[0] == id != ids[1]
    assert intake.trouble == ""
    assert await count(database) == 2


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_a_batch_that_fails_takes_no_other_with_it(database: Database, another: Database) -> None:
    intake = Intake(another)
    async with bringing(database, arrival(0), arrival(1)) as other:
        first = asyncio.create_task(intake.keep(arrival(0)))
        (lost,) = await who_waits(database, 1)
        second = asyncio.create_task(intake.keep(arrival(1)))
        await who_waits(database, 2)
        await database.read(lambda db: db.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": lost}))
        with pytest.raises(StoreAway):
            await first
        await other.rollback()
    assert await second
    assert intake.trouble == ""
    assert await count(database) == 1
