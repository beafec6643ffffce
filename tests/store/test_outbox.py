"""The outbox loses no letter, gives none to two workers, and keeps the order within a request."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm.exc import DetachedInstanceError

from gateway.models import Customer, Letter, Request
from gateway.store import outbox
from gateway.store.database import Database, Db, connect

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LEASE = timedelta(minutes=10)
LATER = NOON + timedelta(hours=1)


def letter(recipient: str, request_id: int | None = None, due: datetime = NOON, state: str = "waiting") -> Letter:
    return Letter(request_id=request_id, created_at=NOON, recipient=recipient, raw=b"Subject: x\r\n\r\nx\r\n",
                  next_attempt=due, state=state)


def request(number: str) -> Request:
    return Request(number=number, customer_id=1, created_at=NOON, changed_at=NOON)


async def put(database: Database, *letters: Letter) -> list[int]:
    def work(db: Db) -> list[int]:
        if db.get(Customer, 1) is None:
            db.add(Customer(id=1, address="kim@example.net", created_at=NOON))
            db.flush()
            db.add_all([request("FD-1"), request("FD-2")])
            db.flush()
        for each in letters:
            db.add(each)
            db.flush()
        return [each.id or 0 for each in letters]

    return await database.write(work)


async def claimed(database: Database, now: datetime = NOON, limit: int = 10) -> list[str]:
    letters = await database.write(lambda db: outbox.claim(db, now, LEASE, limit))
    return [each.recipient for each in letters]


async def settled(database: Database, letter_id: int, state: str, next_attempt: datetime | None = None) -> bool:
    return await database.write(lambda db: outbox.settle(db, letter_id, state, "250 OK", NOON, next_attempt))


async def get(database: Database, letter_id: int) -> Letter:
    found = await database.read(lambda db: db.get(Letter, letter_id))
    assert found is not None
    return found


async def test_a_letter_is_claimed_when_it_is_due_longest_due_first(database: Database) -> None:
    await put(database, letter("b@x", due=NOON), letter("c@x", due=LATER), letter("a@x", due=NOON - LEASE))
    assert await claimed(database) == ["a@x", "b@x"]


async def test_no_more_than_the_limit_are_claimed(database: Database) -> None:
    await put(database, *(letter(f"{number}@x") for number in range(5)))
    assert await claimed(database, limit=2) == ["0@x", "1@x"]
    assert await claimed(database, limit=2) == ["2@x", "3@x"]


async def test_a_claimed_letter_is_nobody_elses_until_the_lease_ends(database: Database) -> None:
    [one] = await put(database, letter("a@x"))
    assert await claimed(database) == ["a@x"]
    assert await claimed(database, NOON + LEASE - timedelta(seconds=1)) == []
    assert await claimed(database, NOON + LEASE) == ["a@x"]
    assert (await get(database, one)).attempts == 2


async def test_a_claim_that_was_rolled_back_counts_for_nothing(database: Database) -> None:
    [one] = await put(database, letter("a@x"))

    def fail(db: Db) -> None:
        outbox.claim(db, NOON, LEASE, 10)
        db.flush()
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        await database.write(fail)
    assert (await get(database, one)).attempts == 0
    assert await claimed(database) == ["a@x"]


async def test_letters_of_one_request_go_one_after_the_other(database: Database) -> None:
    first, second, _ = await put(database, letter("a@x", 1), letter("b@x", 1), letter("c@x", 2))
    assert await claimed(database) == ["a@x", "c@x"]
    assert await claimed(database) == []
    await settled(database, first, "sent")
    assert await claimed(database) == ["b@x"]
    await settled(database, second, "bounced")
    assert await claimed(database) == []


async def test_a_deferred_letter_holds_back_the_later_ones_of_its_request(database: Database) -> None:
    first, _ = await put(database, letter("a@x", 1), letter("b@x", 1))
    assert await claimed(database) == ["a@x"]
    await settled(database, first, "deferred", LATER)
    assert await claimed(database) == []
    assert await claimed(database, LATER) == ["a@x"]


async def test_letters_without_a_request_wait_for_nobody(database: Database) -> None:
    await put(database, letter("a@x"), letter("b@x"))
    assert await claimed(database) == ["a@x", "b@x"]


async def test_two_workers_never_get_the_same_letter(database: Database) -> None:
    await put(database, *(letter(f"{number}@x", 1 + number % 2 if number < 20 else None) for number in range(60)))
    rounds = await asyncio.gather(*(claimed(database, limit=7) for _ in range(12)))
    given = [each for one in rounds for each in one]
    assert len(given) == len(set(given))
    assert len([each for each in given if int(each.split("@")[0]) < 20]) == 2


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_a_second_worker_passes_over_what_the_first_is_just_claiming(database: Database) -> None:
    await put(database, *(letter(f"{number}@x") for number in range(4)))
    engine = database._engine  # type: ignore[attr-defined]
    async with engine.begin() as first:
        held = (await first.execute(text("SELECT id FROM letter ORDER BY id LIMIT 2 FOR UPDATE"))).all()
        assert len(held) == 2
        assert await claimed(database) == ["2@x", "3@x"]


async def test_settling_records_what_the_next_host_said(database: Database) -> None:
    [one] = await put(database, letter("a@x"))
    await claimed(database)
    assert await settled(database, one, "sent")
    found = await get(database, one)
    assert (found.state, found.reply, found.settled_at, found.claimed_until) == ("sent", "250 OK", NOON, None)


async def test_a_worker_that_outlived_its_lease_cannot_undo_a_sent_letter(database: Database) -> None:
    [one] = await put(database, letter("a@x"))
    await claimed(database)
    await claimed(database, NOON + LEASE)
    assert await settled(database, one, "sent")
    assert not await settled(database, one, "deferred", LATER)
    assert (await get(database, one)).state == "sent"


async def test_a_lease_is_lengthened_only_while_the_letter_is_in_hand(database: Database) -> None:
    one, two, three = await put(database, letter("a@x"), letter("b@x"), letter("c@x", due=LATER))
    await claimed(database)
    await settled(database, two, "sent")
    assert await database.write(lambda db: outbox.renew(db, [one, two, three], LATER)) == 1
    assert await claimed(database, LATER - timedelta(seconds=1)) == []
    assert await claimed(database, LATER) == ["a@x", "c@x"]


async def test_the_next_due_moment_heeds_leases_and_the_order_within_a_request(database: Database) -> None:
    assert await database.read(outbox.next_due) is None
    first, _, third = await put(database, letter("a@x", 1, LATER), letter("b@x", 1), letter("c@x"))
    assert await database.read(outbox.next_due) == NOON
    await claimed(database)
    assert await database.read(outbox.next_due) == NOON + LEASE
    await settled(database, third, "sent")
    assert await database.read(outbox.next_due) == LATER
    await settled(database, first, "bounced")
    assert await database.read(outbox.next_due) == NOON


async def test_a_bounced_letter_is_told_until_it_was_reported(database: Database) -> None:
    one, two, _ = await put(database, letter("a@x"), letter("b@x"), letter("c@x"))
    await settled(database, one, "bounced")
    await settled(database, two, "bounced")
    assert [each.id for each in await database.read(lambda db: outbox.bounced(db, 10))] == [one, two]
    assert [each.id for each in await database.read(lambda db: outbox.bounced(db, 1))] == [one]

    def report(db: Db) -> None:
        outbox.bounced(db, 1)[0].is_reported = True

    await database.write(report)
    assert [each.id for each in await database.read(lambda db: outbox.bounced(db, 10))] == [two]


async def test_the_listing_goes_page_by_page_and_leaves_the_octets(database: Database) -> None:
    ids = await put(database, *(letter(f"{number}@x") for number in range(5)))
    await settled(database, ids[1], "sent")
    first = await database.read(lambda db: outbox.listing(db, limit=2))
    assert [each.id for each in first] == ids[:2]
    second = await database.read(lambda db: outbox.listing(db, limit=2, after=ids[1]))
    assert [each.id for each in second] == ids[2:4]
    assert [each.id for each in await database.read(lambda db: outbox.listing(db, "sent", limit=9))] == [ids[1]]
    with pytest.raises(DetachedInstanceError):
        _ = first[0].raw


async def test_retry_makes_every_deferred_letter_due_at_once(database: Database) -> None:
    one, two, three = await put(database, letter("a@x"), letter("b@x"), letter("c@x"))
    await settled(database, one, "deferred", LATER)
    await settled(database, two, "bounced")
    await settled(database, three, "sent")
    assert await database.write(lambda db: outbox.retry(db, None, NOON)) == 1
    assert await claimed(database) == ["a@x"]


async def test_a_bounced_letter_is_tried_again_only_when_it_is_named(database: Database) -> None:
    one, two = await put(database, letter("a@x"), letter("b@x"))
    await settled(database, one, "bounced")
    await settled(database, two, "sent")
    assert await database.write(lambda db: outbox.retry(db, two, NOON)) == 0
    assert await database.write(lambda db: outbox.retry(db, one, NOON)) == 1
    assert (await get(database, one)).settled_at is None
    assert await claimed(database) == ["a@x"]


async def test_every_state_is_counted(database: Database) -> None:
    assert await database.read(outbox.counts) == {"waiting": 0, "deferred": 0, "sent": 0, "bounced": 0}
    one, _, three = await put(database, letter("a@x"), letter("b@x"), letter("c@x"))
    await settled(database, one, "sent")
    await settled(database, three, "deferred", LATER)
    assert await database.read(outbox.counts) == {"waiting": 1, "deferred": 1, "sent": 1, "bounced": 0}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_claim_reads_the_index_of_unsettled_letters_not_every_letter_ever_sent(database_url: str) -> None:
    database = connect(database_url)
    await database.migrate()
    query = outbox._unblocked(outbox.select(outbox.LETTER.id)).where(outbox.LETTER.next_attempt <= NOON)

    def plan(db: Db) -> str:
        sql = str(query.compile(db.get_bind(), compile_kwargs={"literal_binds": True}))
        return " ".join(row[3] for row in db.execute(text(f"EXPLAIN QUERY PLAN {sql}")))

    assert "INDEX letter_to_send" in await database.read(plan)
    await database.close()
