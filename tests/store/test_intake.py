"""The intake on both databases: one commit for all who wait, each mail once, a bad one alone."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from gateway.mail.authres import UNCHECKED, Check, Result
from gateway.mail.envelope import Envelope
from gateway.models import Received
from gateway.store import raw
from gateway.store.arrival import Arrival, digest
from gateway.store.database import Database
from gateway.store.intake import Intake, StoreAway, StoreBehind

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def arrival(number: int, **changes: Any) -> Arrival:
    content = b"Received: x\r\n\r\n%d\r\n" % number
    envelope = Envelope("alice@example.org", ("support@example.com",), "192.0.2.1", "x.org")
    made = Arrival(envelope, content, digest(f"<{number}@x>", envelope.recipients, content), UNCHECKED, False, NOON, 9)
    return replace(made, **changes)


class Counting:
    """A database that counts its transactions, and lets the first one wait."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.count = 0
        self.faults: list[Exception] = []
        self.entered, self.go_on = asyncio.Event(), asyncio.Event()

    async def write(self, work: Callable[..., Any]) -> Any:
        self.count += 1
        self.entered.set()
        await self.go_on.wait()
        if self.faults:
            raise self.faults.pop(0)
        return await self.database.write(work)


class Slow(Counting):
    """The loop hears of no transaction before it may."""

    async def write(self, work: Callable[..., Any]) -> Any:
        self.count += 1
        done = await self.database.write(work)
        self.entered.set()
        await self.go_on.wait()
        return done


@pytest.fixture
def counting(database: Database) -> Counting:
    return Counting(database)


async def rows(database: Database) -> list[Any]:
    return await database.read(lambda db: list(db.execute(select(Received.__table__).order_by("id"))))


async def contents(database: Database) -> dict[int, bytes]:
    ids = [row.id for row in await rows(database)]
    return await database.read(lambda db: {id: raw.octets(db, id) or b"" for id in ids})


async def test_a_kept_mail_is_there_with_all_that_was_known(database: Database) -> None:
    verdict = replace(UNCHECKED, author="김@example.org", spf=Check("spf", Result.PASS, "example.org"))
    mail = arrival(1, verdict=verdict, quarantined=True, content=bytes(range(256)))
    id = await Intake(database).keep(mail)
    (row,) = await rows(database)
    assert (row.id, row.kept_at, row.next_attempt, row.state) == (id, NOON, NOON, "kept")
    assert (row.reverse_path, row.recipients, row.client_ip, row.helo, row.size, row.quarantined, row.digest) == (
        "alice@example.org", ["support@example.com"], "192.0.2.1", "x.org", 9, True, mail.digest)  # fmt: skip
    assert type(verdict).from_json(row.verdict) == verdict
    assert await contents(database) == {id: bytes(range(256))}


async def test_all_who_come_before_it_begins_share_one_transaction(counting: Counting) -> None:
    intake = Intake(counting)  # type: ignore[arg-type]
    keeping = [asyncio.create_task(intake.keep(arrival(0)))]
    await counting.entered.wait()
    keeping += [asyncio.create_task(intake.keep(arrival(number))) for number in range(1, 20)]
    await asyncio.sleep(0)
    counting.go_on.set()
    ids = await asyncio.gather(*keeping)
    assert counting.count == 1
    assert len(set(ids)) == 20
    stored = await contents(counting.database)
    assert [stored[id] for id in ids] == [arrival(number).content for number in range(20)]


async def test_one_more_transaction_begins_before_the_end_of_the_last_is_heard_of(database: Database) -> None:
    slow = Slow(database)
    intake = Intake(slow)  # type: ignore[arg-type]
    keeping = []
    for first in (0, 5, 10):
        slow.entered.clear()
        keeping += [asyncio.create_task(intake.keep(arrival(number))) for number in range(first, first + 5)]
        if first < 10:
            await slow.entered.wait()
    for _ in range(10):
        await asyncio.sleep(0)
    assert slow.count == 2
    slow.go_on.set()
    assert await asyncio.gather(*keeping) == list(range(1, 16))
    assert slow.count == 3


async def test_the_desk_is_woken_once_per_transaction(database: Database) -> None:
    woken: list[int] = []
    intake = Intake(database, lambda: woken.append(1))
    await asyncio.gather(*(intake.keep(arrival(number)) for number in range(5)))
    assert woken == [1]


async def test_the_same_mail_is_kept_once_across_batches(database: Database) -> None:
    intake = Intake(database)
    first = await intake.keep(arrival(1))
    assert await intake.keep(arrival(2)) != first
    assert await intake.keep(arrival(1)) == first
    assert len(await rows(database)) == 2


async def test_the_same_mail_is_kept_once_within_a_batch(database: Database) -> None:
    intake = Intake(database)
    ids = await asyncio.gather(*(intake.keep(arrival(number)) for number in (1, 2, 1, 3, 1)))
    assert len(await rows(database)) == 3
    assert ids[0] == ids[2] == ids[4]
    assert len(set(ids)) == 3


async def test_the_same_mail_through_two_doors_is_kept_once(database: Database) -> None:
    doors = [Intake(database) for _ in range(4)]
    ids = await asyncio.gather(*(door.keep(arrival(number)) for number in range(5) for door in doors))
    assert len(await rows(database)) == 5
    assert len(set(ids)) == 5


async def test_without_a_digest_every_mail_is_new(database: Database) -> None:
    intake = Intake(database)
    ids = await asyncio.gather(*(intake.keep(arrival(1, digest=None)) for _ in range(3)))
    assert len(set(ids)) == 3


async def test_a_bad_mail_does_not_hurt_the_others(database: Database) -> None:
    intake = Intake(database)
    bad = arrival(2, kept_at=datetime(2026, 1, 1))  # noqa: DTZ001
    found = await asyncio.gather(*(intake.keep(each) for each in (arrival(1), bad, arrival(3))), return_exceptions=True)
    assert isinstance(found[1], StoreAway)
    assert len(await rows(database)) == 2
    assert {found[0], found[2]} == {row.id for row in await rows(database)}


async def test_one_who_stops_waiting_does_not_hurt_the_others(counting: Counting) -> None:
    intake = Intake(counting)  # type: ignore[arg-type]
    keeping = [asyncio.create_task(intake.keep(arrival(number))) for number in range(3)]
    await counting.entered.wait()
    keeping[1].cancel()
    counting.go_on.set()
    found = await asyncio.gather(*keeping, return_exceptions=True)
    assert isinstance(found[1], asyncio.CancelledError)
    stored = await contents(counting.database)
    assert [stored[found[number]] for number in (0, 2)] == [arrival(0).content, arrival(2).content]


async def test_a_store_that_is_away_is_told_to_all_at_once_and_comes_back(counting: Counting) -> None:
    counting.go_on.set()
    counting.faults = [OperationalError("INSERT", {}, Exception("disk is full"))]
    intake = Intake(counting)  # type: ignore[arg-type]
    found = await asyncio.gather(*(intake.keep(arrival(number)) for number in range(5)), return_exceptions=True)
    assert [type(each) for each in found] == [StoreAway] * 5
    assert counting.count == 1
    assert await rows(counting.database) == []
    assert await intake.keep(arrival(1)) > 0


async def test_text_that_no_database_takes_is_written_otherwise(database: Database) -> None:
    envelope = Envelope("a\0@x.org", ("b\ud800@x.org",), "192.0.2.1", "\0")
    verdict = replace(UNCHECKED, because="x\0\udfff")
    await Intake(database).keep(arrival(1, envelope=envelope, verdict=verdict))
    (row,) = await rows(database)
    assert (row.reverse_path, row.recipients, row.helo) == ("a\ufffd@x.org", ["b\ufffd@x.org"], "\ufffd")
    assert row.verdict["because"] == "x\ufffd\ufffd"


async def test_a_mail_of_many_octets_is_kept_whole(database: Database) -> None:
    content = b"x" * 20_000_000
    intake = Intake(database)
    ids = await asyncio.gather(*(intake.keep(arrival(number, content=content)) for number in range(2)))
    assert {len(each) for each in (await contents(database)).values()} == {20_000_000}
    assert len(set(ids)) == 2


def test_a_digest_is_of_message_id_recipients_and_content() -> None:
    one = digest("<1@x>", ["a@x", "B@x"], b"text")
    assert one == digest("<1@x>", ["b@x", "a@x"], b"text")
    assert len({one, digest("<2@x>", ["a@x", "b@x"], b"text"), digest("<1@x>", ["a@x"], b"text"),
                digest("<1@x>", ["a@x", "b@x"], b"texts")}) == 4  # fmt: skip
    assert digest("", ["a@x"], b"text") is None


async def test_more_than_may_wait_for_the_disk_is_told_to_come_again(counting: Counting) -> None:
    intake = Intake(counting, backlog=40)  # type: ignore[arg-type]
    first = asyncio.create_task(intake.keep(arrival(1, content=b"x" * 30)))
    await counting.entered.wait()
    with pytest.raises(StoreBehind):
        await intake.keep(arrival(2, content=b"x" * 20))
    fits = asyncio.create_task(intake.keep(arrival(3, content=b"x" * 10)))
    counting.go_on.set()
    assert [await first, await fits] == [1, 2]
    assert await intake.keep(arrival(4, content=b"x" * 99)) == 3
