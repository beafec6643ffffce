"""The lists of the agents' desk, on both databases: counts are kept, pages follow one another without a gap."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select

from gateway.models import ALIVE, Customer, DueTally, Request, Tally, columns
from gateway.store import claims, queue
from gateway.store.database import Database, Db, Sqlite
from gateway.store.queue import BadCursor, Filter

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
REQUEST, TALLY = columns(Request), columns(Tally)


@pytest.fixture
async def sqlite(migrated: Path, tmp_path: Path) -> AsyncIterator[Sqlite]:
    database = Sqlite(shutil.copy(migrated, tmp_path / "frontdesk.db"))
    yield database
    await database.close()


async def lay(database: Database, *requests: dict[str, Any]) -> None:
    def work(db: Db) -> None:
        customer = db.scalar(select(Customer)) or Customer(address="kim@example.org", name="Kim", created_at=NOON)
        db.add(customer)
        db.flush()
        first = (db.scalar(select(func.max(REQUEST.id))) or 0) + 1
        plain = {"customer_id": customer.id, "queue": "technical", "created_at": NOON, "changed_at": NOON}
        db.add_all(Request(**{"number": f"FD-2026-{first + place:07}", **plain, **values})
                   for place, values in enumerate(requests))  # fmt: skip

    await database.write(work)


async def listed(database: Database, filter: Filter, limit: int = 200, queues: set[str] | None = None) -> list[int]:
    page = await database.read(lambda db: queue.page(db, filter, NOON, limit, "", queues))
    return [line.id for line in page.lines]


async def all_pages(database: Database, filter: Filter, limit: int, queues: set[str] | None = None) -> list[int]:
    found: list[int] = []
    after = ""
    while True:
        page = await database.read(lambda db, after=after: queue.page(db, filter, NOON, limit, after, queues))  # type: ignore[misc]
        assert len(page.lines) <= limit
        found += [line.id for line in page.lines]
        if not page.next:
            return found
        after = page.next


def mixture(count: int = 90) -> list[dict[str, Any]]:
    """Every priority, with due times of which many are equal, and without; in three queues and every state."""
    states = ("new", "open", "pending", "answered", "resolved", "closed")
    return [{"priority": 1 + place * 7 % 5, "due": NOON + timedelta(hours=place % 4) if place % 3 else None,
             "queue": ("technical", "account", "general")[place % 3 if place % 2 else 0],
             "state": states[place % len(states)]} for place in range(count)]  # fmt: skip


# ---- pages ----


@pytest.mark.parametrize("limit", [1, 2, 7, 50])
async def test_pages_follow_one_another_without_a_gap_or_a_repetition(database: Database, limit: int) -> None:
    await lay(database, *mixture())
    alive = [each for each in enumerate(mixture(), 1) if each[1]["state"] not in ("resolved", "closed")]
    expected = sorted(alive, key=lambda each: (
        -each[1]["priority"], each[1]["due"] is None, each[1]["due"] or NOON, each[0]))  # fmt: skip
    assert await all_pages(database, Filter(), limit) == [id for id, _ in expected]
    for name in ("technical", "account"):
        of_queue = [id for id, values in expected if values["queue"] == name]
        assert await all_pages(database, Filter(queue=name), limit) == of_queue


@pytest.mark.parametrize("limit", [1, 7])
async def test_what_is_settled_is_listed_newest_first(database: Database, limit: int) -> None:
    await lay(database, *mixture())
    settled = [id for id, values in enumerate(mixture(), 1) if values["state"] in ("resolved", "closed")]
    assert await all_pages(database, Filter(state="settled"), limit) == settled[::-1]
    closed = [id for id, values in enumerate(mixture(), 1) if values["state"] == "closed"]
    assert await all_pages(database, Filter(state="closed"), limit) == closed[::-1]


async def test_a_page_goes_on_when_its_last_line_has_moved_meanwhile(database: Database) -> None:
    await lay(database, *({"priority": 3, "due": NOON + timedelta(hours=place)} for place in range(6)))
    first = await database.read(lambda db: queue.page(db, Filter(), NOON, 3))

    def move(db: Db) -> None:
        db.get_one(Request, 3).queue = "account"

    await database.write(move)
    second = await database.read(lambda db: queue.page(db, Filter(queue="technical"), NOON, 3, first.next))
    assert [line.id for line in second.lines] == [4, 5, 6]


async def test_filters_narrow_a_list(database: Database) -> None:
    await lay(
        database, {"category": "account", "identity": "failed"}, {"language": "ko"}, {"owner": "minji"},
        {"due": NOON - timedelta(hours=1)}, {"due": NOON - timedelta(hours=1), "state": "pending"},
        {"is_held": True}, {"verification": "verified"}, {"state": "answered"}, {"state": "closed"})  # fmt: skip
    assert await listed(database, Filter(category="account")) == [1]
    assert await listed(database, Filter(identity="failed")) == [1]
    assert await listed(database, Filter(language="ko")) == [2]
    assert await listed(database, Filter(owner="minji")) == [3]
    assert 3 not in await listed(database, Filter(owner=""))
    assert await listed(database, Filter(overdue=True)) == [4]
    assert await listed(database, Filter(held=True)) == [6]
    assert await listed(database, Filter(verification="verified")) == [7]
    assert await listed(database, Filter(state="answered")) == [8]
    assert await listed(database, Filter(state="waiting")) == [4, 1, 2, 3, 6, 7]
    assert await listed(database, Filter(state="closed", category="other")) == [9]
    assert await listed(database, Filter(state="any"), 3) != []
    assert await listed(database, Filter(state="no such state")) == []


@pytest.mark.parametrize("limit", [3, 50])
async def test_an_agents_own_and_what_is_held_follow_one_another_in_every_state(database: Database, limit: int) -> None:
    mixed = [values | {"owner": ("minji", "june", "")[place // 6 % 3], "is_held": place % 5 == 0}
             for place, values in enumerate(mixture())]  # fmt: skip
    await lay(database, *mixed)
    for state, states in {**queue.GROUPS, "": ALIVE, "pending": ("pending",), "closed": ("closed",)}.items():
        of_state = [(id, values) for id, values in enumerate(mixed, 1) if values["state"] in states]
        hers = {id for id, values in of_state if values["owner"] == "minji"}
        held = {id for id, values in of_state if values["is_held"]}
        for some, filter in ((hers, Filter(state=state, owner="minji")), (held, Filter(state=state, held=True))):
            among = [id for id in await all_pages(database, Filter(state=state), limit) if id in some]
            assert await all_pages(database, filter, limit) == among != []
        of_queue = {id for id, values in of_state if values["queue"] == "technical"} & hers
        assert set(await all_pages(database, Filter("technical", state, owner="minji"), limit)) == of_queue


async def plan(database: Sqlite, filter: Filter, after: str = "") -> str:
    """How a page is looked for, as SQLite plans it; PostgreSQL goes by how many there are."""
    def work(db: Db) -> str:
        asked: list[tuple[str, Any]] = []
        engine = db.connection().engine
        remember = lambda _c, _cursor, sql, values, _context, _many: asked.append((sql, values))  # noqa: E731
        event.listen(engine, "before_cursor_execute", remember)
        queue.page(db, filter, NOON, 50, after)
        event.remove(engine, "before_cursor_execute", remember)
        explained = db.connection().exec_driver_sql("EXPLAIN QUERY PLAN " + asked[-1][0], asked[-1][1])
        return "\n".join(row[3] for row in explained)

    return await database.read(work)


@pytest.mark.parametrize(("filter", "index"), [
    (Filter(owner="minji"), "request_owner"), (Filter(owner="minji", state="closed"), "request_of_owner"),
    (Filter(held=True), "request_held"), (Filter(state="pending"), "request_outstanding")])  # fmt: skip
async def test_what_is_few_among_many_is_read_by_an_index_of_its_own(
        sqlite: Sqlite, filter: Filter, index: str) -> None:
    await lay(sqlite, {"owner": "minji"})
    assert re.search(rf"INDEX {index} ", await plan(sqlite, filter))


@pytest.mark.parametrize(("state", "index"), [
    ("", "urgency"), ("waiting", "waiting"), ("open", "waiting"), ("pending", "outstanding"), ("closed", "settled")])
@pytest.mark.parametrize("filter", [
    Filter(), Filter(category="policy"), Filter(language="ko"), Filter(identity="failed"), Filter(owner=""),
    Filter(category="policy", language="ko", verification="asked")])  # fmt: skip
async def test_what_a_filter_leaves_out_is_not_fetched(sqlite: Sqlite, filter: Filter, state: str, index: str) -> None:
    await lay(sqlite, {})
    assert f"COVERING INDEX request_{index} " in await plan(sqlite, replace(filter, state=state))


@pytest.mark.parametrize("after", ["", "17.3", "17.3.1763899200000000"])
async def test_a_page_far_behind_is_not_sorted_together(sqlite: Sqlite, after: str) -> None:
    """What is sorted is what the queues brought, a page of each."""
    await lay(sqlite, {"queue": "technical"}, {"queue": "account"})
    assert (await plan(sqlite, Filter(), after)).count("TEMP B-TREE") == 1


async def test_an_agent_sees_only_the_queues_that_are_theirs(database: Database) -> None:
    await lay(database, {"queue": "technical"}, {"queue": "account"}, {"queue": "general"})
    assert await listed(database, Filter(), queues={"account", "general"}) == [2, 3]
    assert await listed(database, Filter(queue="technical"), queues={"account"}) == []
    assert [line.queue for line in await database.read(lambda db: queue.counts(db, NOON, {"account"}))] == ["account"]
    taken = await database.write(lambda db: claims.claim_next(db, None, "minji", NOON, timedelta(hours=1), {"general"}))
    assert taken is not None
    assert taken.id == 3
    other = {"general"}
    assert await database.write(lambda db: claims.claim_next(db, "account", "j", NOON, timedelta(1), other)) is None


async def test_a_desk_of_very_many_queues_is_listed_counted_and_claimed_from(database: Database) -> None:
    await lay(database, *({"queue": f"queue{each}", "priority": each % 5 + 1, "due": NOON - timedelta(hours=each % 2)}
                          for each in range(300)))  # fmt: skip
    found = await all_pages(database, Filter(state="waiting"), 250)
    assert (len(found), len(set(found)), found[0]) == (300, 300, 10)
    lines = await database.read(lambda db: queue.counts(db, NOON))
    assert (len(lines), sum(line.waiting for line in lines), sum(line.overdue for line in lines)) == (300, 300, 150)
    first = await database.write(lambda db: claims.claim_next(db, None, "minji", NOON, timedelta(hours=1)))
    assert first is not None
    assert first.id == 10


async def test_a_line_shows_the_customer_and_a_request_that_is_there(database: Database) -> None:
    await lay(database, {"subject": "로그인 오류", "due": NOON})
    (line,) = (await database.read(lambda db: queue.page(db, Filter(), NOON))).lines
    assert (line.customer, line.customer_name, line.subject) == ("kim@example.org", "Kim", "로그인 오류")
    assert (line.due, line.created_at, line.is_held, line.last_entry) == (NOON, NOON, False, 0)


@pytest.mark.parametrize("cursor", ["x", "1.2.3.4", "9" * 10, "1.9", "-1", "1.3.", "１", "1.3.99999999999999999999"])
async def test_a_cursor_of_somebody_elses_making_is_refused(database: Database, cursor: str) -> None:
    with pytest.raises(BadCursor):
        await database.read(lambda db: queue.page(db, Filter(), NOON, 5, cursor))


async def test_a_cursor_of_another_list_is_refused(database: Database) -> None:
    await lay(database, {}, {})
    with pytest.raises(BadCursor):
        await database.read(lambda db: queue.page(db, Filter(), NOON, 5, "17"))


async def test_a_cursor_beyond_all_times_is_an_empty_page(database: Database) -> None:
    await lay(database, {})
    with pytest.raises(BadCursor):
        await database.read(lambda db: queue.page(db, Filter(), NOON, 5, "17.3.999999999999999999"))


# ---- counts ----


async def counted(database: Database) -> dict[tuple[str, str], int]:
    def work(db: Db) -> dict[tuple[str, str], int]:
        rows = db.execute(select(TALLY.queue, TALLY.state, func.sum(TALLY.n)).group_by(TALLY.queue, TALLY.state))
        return {(name, state): n for name, state, n in rows if n}

    return await database.read(work)


async def test_counts_are_kept_whatever_changes_a_request(database: Database) -> None:
    await lay(database, {}, {}, {"queue": "account", "state": "closed"})
    assert await counted(database) == {("technical", "new"): 2, ("account", "closed"): 1}

    def change(db: Db) -> None:
        db.get_one(Request, 1).state = "open"
        db.get_one(Request, 2).queue = "account"
        db.get_one(Request, 3).subject = "changes nothing that is counted"

    await database.write(change)
    assert await counted(database) == {("technical", "open"): 1, ("account", "new"): 1, ("account", "closed"): 1}
    await database.write(lambda db: db.delete(db.get_one(Request, 3)))
    assert await counted(database) == {("technical", "open"): 1, ("account", "new"): 1}


async def test_the_lines_of_a_count_are_put_together_and_stay_few(database: Database) -> None:
    await lay(database, *({} for _ in range(40)))
    for place in range(40):
        await database.write(lambda db, place=place: [  # type: ignore[misc]
            setattr(each, "state", ("open", "new")[place % 2]) for each in db.scalars(select(Request))])
    assert await counted(database) == {("technical", "new"): 40}
    assert await database.read(lambda db: db.scalar(select(func.count()).select_from(Tally))) < 1100


async def test_a_transaction_that_fails_counts_nothing(database: Database) -> None:
    def fail(db: Db) -> None:
        db.add(Request(number="FD-2026-0000002", customer_id=1, queue="technical", created_at=NOON, changed_at=NOON))
        db.flush()
        raise RuntimeError("half way")

    await lay(database, {})
    with pytest.raises(RuntimeError):
        await database.write(fail)
    assert await counted(database) == {("technical", "new"): 1}


async def test_a_queue_tells_what_waits_what_is_overdue_and_since_when_the_oldest(database: Database) -> None:
    hour = timedelta(hours=1)
    await lay(
        database, {"created_at": NOON - 9 * hour, "state": "answered"}, {"created_at": NOON - 5 * hour},
        {"due": NOON - hour, "priority": 5}, {"due": NOON - hour, "priority": 1}, {"due": NOON + hour},
        {"queue": "account", "state": "closed"}, {"queue": "general", "state": "pending"})  # fmt: skip
    general, technical = await database.read(lambda db: queue.counts(db, NOON))
    assert (technical.queue, technical.waiting, technical.alive, technical.overdue, technical.oldest) == (
        "technical", 4, 5, 2, NOON - 5 * hour)
    assert (general.queue, general.waiting, general.alive, general.overdue, general.oldest) == (
        "general", 0, 1, 0, None)


async def overdue(database: Database, now: datetime = NOON) -> dict[str, int]:
    """By queue as it is counted, which is as many as the filter lists."""
    def work(db: Db) -> dict[str, int]:
        found = {line.queue: line.overdue for line in queue.counts(db, now)}
        for name, count in found.items():
            assert len(queue.page(db, Filter(queue=name, overdue=True), now, 1000).lines) == min(count, 1000)
        return found

    return await database.read(work)


async def test_as_many_are_overdue_as_the_filter_lists_at_any_moment(database: Database) -> None:
    dues = [NOON + timedelta(minutes=17 * place, microseconds=place % 3 - 1) for place in range(-30, 30)]
    await lay(database, *({"due": due, "priority": 1 + place % 5, "queue": ("technical", "account")[place % 2]}
                          for place, due in enumerate(dues)))  # fmt: skip
    half_past = timezone(timedelta(hours=5, minutes=30))
    moments = (*dues[::7], NOON - timedelta(microseconds=1), NOON, NOON + YEAR, NOON - YEAR)
    for now in (*moments, dues[20].astimezone(half_past)):
        assert sum((await overdue(database, now)).values()) == sum(due < now for due in dues)


async def test_overdue_is_counted_whatever_changes_a_request(database: Database) -> None:
    hour = timedelta(hours=1)
    await lay(database, *({"due": NOON - place * hour} for place in range(1, 7)), {"queue": "account"})
    assert await overdue(database) == {"technical": 6, "account": 0}

    def change(db: Db) -> None:
        db.get_one(Request, 1).due = NOON + hour
        db.get_one(Request, 2).queue = "account"
        db.get_one(Request, 3).state = "open"  # it waits as before
        db.get_one(Request, 4).state = "pending"
        db.get_one(Request, 5).due = None
        db.get_one(Request, 7).due = NOON - 40 * hour
        db.delete(db.get_one(Request, 6))

    await database.write(change)
    assert await overdue(database) == {"technical": 1, "account": 2}
    await database.write(lambda db: setattr(db.get_one(Request, 4), "state", "new"))
    assert await overdue(database) == {"technical": 2, "account": 2}


async def test_the_hours_of_what_falls_due_are_put_together_and_stay_few(database: Database) -> None:
    """Also those that are more than the lines after which they are put together."""
    await lay(database, *({"due": NOON - timedelta(hours=place)} for place in range(1, 1101)))
    for place in range(2):
        await database.write(lambda db, place=place: [  # type: ignore[misc]
            setattr(each, "state", ("pending", "open")[place]) for each in db.scalars(select(Request))])
    assert await overdue(database) == {"technical": 1000 + 100}
    assert await database.read(lambda db: db.scalar(select(func.count()).select_from(DueTally))) < 1100 + 1024


async def test_agents_who_work_at_once_count_each_overdue_request_once(database: Database) -> None:
    await lay(database, *({"due": NOON - timedelta(hours=place % 3 + 1)} for place in range(60)))

    async def settle(id: int) -> None:
        def work(db: Db) -> None:
            request = db.get_one(Request, id)
            request.state, request.due = ("pending", None) if id % 2 else ("open", request.due)

        await database.write(work)

    await asyncio.gather(*(settle(id) for id in range(1, 61)))
    assert await overdue(database) == {"technical": 30}
