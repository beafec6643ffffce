"""What the door has seen before, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func
from sqlmodel import select

from gateway.models import Deferral, Sighting
from gateway.store import seen
from gateway.store.database import Database

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def sight(database: Database, *signatures: str, at: datetime = NOON) -> None:
    await database.write(lambda db: seen.sight(db, signatures, at))


async def times(database: Database, *signatures: str, at: datetime = NOON) -> int:
    return await database.read(lambda db: seen.times(db, signatures, at))


async def deferred_since(database: Database, domain: str = "a.example", net: str = "192.0.2.0/24",
                         at: datetime = NOON) -> datetime:  # fmt: skip
    return await database.write(lambda db: seen.deferred_since(db, domain, net, at))


async def test_a_signature_is_counted_each_time_it_comes(database: Database) -> None:
    assert await times(database, "a" * 64) == 0
    await sight(database, "a" * 64)
    await sight(database, "a" * 64, "b" * 64, at=NOON + HOUR)
    assert await times(database, "a" * 64, at=NOON + HOUR) == 2
    assert await times(database, "b" * 64, at=NOON + HOUR) == 1


async def test_of_several_signatures_the_one_seen_most_counts(database: Database) -> None:
    await sight(database, "a" * 64)
    await sight(database, "a" * 64, "b" * 64)
    assert await times(database, "b" * 64, "c" * 64, "a" * 64) == 2


async def test_two_mails_of_one_batch_with_one_signature_are_two_sightings(database: Database) -> None:
    await sight(database, "a" * 64, "a" * 64)
    assert await times(database, "a" * 64) == 2


async def test_after_a_week_a_signature_is_new(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "SWEEP", 0)  # even where the old row is still there
    await sight(database, "a" * 64)
    assert await times(database, "a" * 64, at=NOON + 7 * DAY - HOUR) == 1
    assert await times(database, "a" * 64, at=NOON + 7 * DAY) == 0
    await sight(database, "a" * 64, at=NOON + 8 * DAY)
    assert await times(database, "a" * 64, at=NOON + 8 * DAY) == 1


async def test_what_is_too_old_is_forgotten(database: Database) -> None:
    await sight(database, "a" * 64, "b" * 64)
    await sight(database, "c" * 64, at=NOON + 8 * DAY)
    assert await database.read(lambda db: db.scalar(select(func.count()).select_from(Sighting))) == 1


async def test_who_is_deferred_again_keeps_his_first_time(database: Database) -> None:
    assert await deferred_since(database) == NOON
    assert await deferred_since(database, at=NOON + 4 * HOUR) == NOON


async def test_another_domain_or_net_begins_for_itself(database: Database) -> None:
    await deferred_since(database)
    assert await deferred_since(database, domain="b.example", at=NOON + HOUR) == NOON + HOUR
    assert await deferred_since(database, net="198.51.100.0/24", at=NOON + HOUR) == NOON + HOUR


@pytest.mark.parametrize("sweep", [0, 500])
async def test_who_stayed_away_for_days_begins_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch, sweep: int
) -> None:
    monkeypatch.setattr(seen, "SWEEP", sweep)
    await deferred_since(database)
    late = NOON + 3 * DAY
    assert await deferred_since(database, at=late) == late
    assert await database.read(lambda db: db.scalar(select(func.count()).select_from(Deferral))) == 1
