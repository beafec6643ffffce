"""What days came to is kept, and never tells anything else than what would be counted. On both databases."""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession as AsyncDb
from sqlalchemy.orm import Session as Db
from sqlmodel import SQLModel

from gateway.models import Customer, Figure, KeptDay, LateChange, Letter, Request, Taught, columns
from gateway.store import days
from gateway.store.database import Database, Postgres
from gateway.store.days import Span

SEOUL = ZoneInfo("Asia/Seoul")
DAY = timedelta(days=1)
MONDAY = datetime(2026, 11, 16, tzinfo=SEOUL)
NOW = MONDAY + 7 * DAY + timedelta(hours=9)
WEEK = Span(MONDAY, MONDAY + 8 * DAY, SEOUL)
"""Its last day is not over."""
KEPT = columns(KeptDay)


def some(db: Db) -> None:
    """Requests of a week with all that is told of them."""
    chance, more = random.Random(7), list[SQLModel]()
    db.add(Customer(id=1, address="a@example.org", created_at=MONDAY))
    db.flush()
    for id in range(1, 61):
        at = MONDAY + timedelta(minutes=chance.randrange(60 * 24 * 7), microseconds=chance.randrange(10**6))
        ends = [at + timedelta(microseconds=chance.randrange(1, 10**12)) if chance.random() < 0.7 else None
                for _ in range(2)]
        db.add(Request(id=id, number=str(id), customer_id=1, created_at=at, changed_at=at, answered_at=ends[0],
                       resolved_at=ends[1], queue=chance.choice(("billing", "technical")),
                       category=chance.choice(("policy", "환불", "other")), identity=chance.choice(("none", "some")),
                       reopened=chance.randrange(3), rating=chance.choice((None, 1, 5))))
        more += [Figure(at=at, request_id=id, name="feedback", value=chance.randrange(2)),
                 Taught(request_id=id, at=at, category="policy", queue="billing", said_category=chance.choice("ab")),
                 letter(id, at, chance.choice(("sent", "bounced")))]
    db.flush()
    db.add_all(more)
    db.add(letter(None, MONDAY, "sent"))


def letter(request: int | None, at: datetime, state: str) -> Letter:
    return Letter(request_id=request, created_at=at, recipient="a@example.org", raw=b"", state=state, next_attempt=at)


def told(db: Db, span: Span = WEEK) -> list[object]:
    """All that reports are made of, in an order of its own."""
    lines: list[object] = [*days.opened(db, span), *days.letters(db, span), *days.decided(db, span)]
    return sorted(lines, key=str)


def counted(db: Db, span: Span = WEEK) -> list[object]:
    """The same, whatever is kept."""
    lines = [(piece.day, line) if kind is days.OPENED else line for kind in (days.OPENED, days.LETTERS, days.DECIDED)
             for piece in days._lived(db, kind, span) for line in kind.count(db, piece.since, piece.until)]
    return sorted(lines, key=str)


async def kept(database: Database) -> int:
    return len(await database.read(lambda db: db.scalars(select(KeptDay.kind)).all()))


@pytest.fixture
async def store(database: Database) -> Database:
    """A week that is kept."""
    await database.write(some)
    await days.keep(database, WEEK, NOW)
    return database


async def test_what_is_kept_is_what_was_counted(store: Database) -> None:
    assert await kept(store) == 3 * 7
    assert await store.read(told) == await store.read(counted)


async def test_what_is_kept_is_not_counted_again(store: Database) -> None:
    await store.write(lambda db: db.execute(text("UPDATE kept_day SET lines = '[]' WHERE kind = 'letters'")))
    assert await store.read(lambda db: days.letters(db, WEEK)) == []


async def test_a_day_is_not_kept_before_it_is_over(database: Database) -> None:
    await database.write(some)
    await days.keep(database, WEEK, MONDAY + DAY - timedelta(seconds=1))
    assert await kept(database) == 0
    await days.keep(database, WEEK, MONDAY + DAY)
    assert await kept(database) == 3


async def test_parts_of_days_are_counted(store: Database) -> None:
    part = Span(MONDAY + timedelta(hours=7), MONDAY + 2 * DAY + timedelta(hours=3), SEOUL)
    whole = {line.requests for _, line in await store.read(lambda db: days.opened(db, WEEK))}
    assert await store.read(lambda db: told(db, part)) == await store.read(lambda db: counted(db, part))
    assert whole


async def test_days_without_anything_at_both_ends_are_not_kept(database: Database) -> None:
    await database.write(some)
    await days.keep(database, Span(MONDAY - 900 * DAY, MONDAY + 200 * DAY, SEOUL), MONDAY + 100 * DAY)
    assert await kept(database) == 3 * 7


async def test_days_of_another_zone_take_the_place_of_those_across_them(store: Database) -> None:
    there = ZoneInfo("America/New_York")
    week = Span(datetime(2026, 11, 17, tzinfo=there), datetime(2026, 11, 20, tzinfo=there), there)
    assert await store.read(lambda db: told(db, week)) == await store.read(lambda db: counted(db, week))
    await days.keep(store, week, NOW)
    assert await store.read(lambda db: told(db, week)) == await store.read(lambda db: counted(db, week))
    rows = await store.read(lambda db: db.execute(select(KEPT.kind, KEPT.since, KEPT.until)).all())
    for kind, since, until in rows:
        assert not [each for each in rows if each[0] == kind and since < each[1] < until]


async def test_who_may_see_one_queue_is_told_of_it_only(store: Database) -> None:
    lines = await store.read(lambda db: days.opened(db, WEEK, ["billing"]))
    everything = await store.read(lambda db: days.opened(db, WEEK))
    assert lines == [each for each in everything if each[1].queue == "billing"]
    assert len(lines) < len(everything)
    assert {each.queue for each in await store.read(lambda db: days.letters(db, WEEK, ["billing"]))} == {"billing"}
    assert await store.read(lambda db: days.decided(db, WEEK, ["technical"])) == []


def changed(**values: object) -> Callable[[Db], None]:
    def change(db: Db) -> None:
        for name, value in values.items():
            setattr(db.get_one(Request, 9), name, value)
    return change


def reopened(db: Db) -> None:
    request = db.get_one(Request, 9)
    request.reopened = 0 if request.reopened else 1


def deleted_letter(db: Db) -> None:
    db.delete(db.scalars(select(Letter).where(columns(Letter).request_id == 9)).one())


def bounced(db: Db) -> None:
    each = db.scalars(select(Letter).where(columns(Letter).request_id == 9)).one()
    each.state = "sent" if each.state == "bounced" else "bounced"


def taught_otherwise(db: Db) -> None:
    lesson = db.get_one(Taught, 9)
    lesson.category, lesson.at = "a", MONDAY + 3 * DAY


LATE: dict[str, Callable[[Db], object]] = {  # one after the other
    "answered": changed(answered_at=NOW), "resolved": changed(resolved_at=NOW), "rated": changed(rating=3),
    "reopened": reopened, "another category": changed(category="moved"),
    "another queue": changed(queue="moved"), "proven": changed(identity="moved"),
    "feedback": lambda db: db.add(Figure(at=NOW, request_id=9, name="feedback", value=1)),
    "bounced": bounced, "letter taken back": deleted_letter, "taught otherwise": taught_otherwise,
    "lesson forgotten": lambda db: db.delete(db.get_one(Taught, 9)),
    "old request entered": lambda db: db.add(Request(id=99, number="x", customer_id=1, created_at=MONDAY,
                                                     changed_at=NOW)),
    "old letter entered": lambda db: db.add(letter(1, MONDAY, "sent")),
    "old lesson entered": lambda db: db.add(Taught(request_id=61, at=MONDAY, category="a", queue="b",
                                                   said_category="a")),
}  # fmt: skip


async def test_late_changes_are_told(store: Database) -> None:
    await store.write(lambda db: db.add(Request(id=61, number="61", customer_id=1, created_at=NOW, changed_at=NOW)))
    for name, change in LATE.items():
        before = await store.read(told)
        await store.write(change)
        after = await store.read(told)
        assert after != before, name
        assert after == await store.read(counted), name
        assert await kept(store) >= 3 * 7 - 2, name  # the other days stay
        await days.keep(store, WEEK, NOW)
        assert await kept(store) == 3 * 7, name
        assert await store.read(told) == after, name


async def test_of_a_day_of_requests_only_what_changed_is_counted_again(store: Database) -> None:
    await store.write(lambda db: db.execute(text("UPDATE kept_day SET lines = '[]' WHERE kind = 'opened'")))
    await store.write(lambda db: db.add(Request(id=61, number="61", customer_id=1, created_at=MONDAY, changed_at=NOW,
                                                queue="billing", category="policy", rating=4)))
    (day, line), = await store.read(lambda db: days.opened(db, WEEK))
    assert (day, line.queue, line.requests, line.ratings) == (MONDAY.date(), "billing", 1, {"4": 1})


def something(chance: random.Random) -> Callable[[Db], object]:
    """Whatever may come to be known of a request of the week, or be taken back."""
    id, when = chance.randrange(1, 61), MONDAY + chance.random() * 9 * DAY
    change, value = chance.choice([
        ("answered_at", chance.choice((when, when, None))), ("resolved_at", chance.choice((when, when, None))),
        ("queue", chance.choice(("billing", "new"))), ("category", chance.choice(("policy", "환불", "new"))),
        ("identity", chance.choice(("none", "some", "new"))), ("reopened", chance.randrange(3)),
        ("rating", chance.choice((None, 1, 2))), ("feedback", chance.randrange(2)), ("came", when)])  # fmt: skip
    if change == "feedback":
        return lambda db: db.add(Figure(at=NOW, request_id=id, name="feedback", value=value))
    if change == "came":
        return lambda db: db.add(Request(id=int(when.timestamp()), number=str(when), customer_id=1,
                                         created_at=when, changed_at=when))
    return lambda db: setattr(db.get_one(Request, id), change, value)


async def test_whatever_changes_the_figures_are_those_of_a_new_count(store: Database) -> None:
    chance, noted = random.Random(3), set[int]()
    for _ in range(25):
        acts = [something(chance) for _ in range(40)]
        await store.write(lambda db, acts=acts: [act(db) for act in acts])  # type: ignore[misc]
        noted.add(await store.read(lambda db: len(db.scalars(select(columns(LateChange).id)).all())))
        assert await store.read(told) == await store.read(counted)
        if chance.random() < 0.5:
            await days.keep(store, WEEK, NOW)
            assert await store.read(told) == await store.read(counted)
    assert await store.read(lambda db: max(n for *_, n in db.execute(
        select(KEPT.since, KEPT.until, days._changes())))) < 3 * days.MANY
    assert max(noted) > days.MANY


async def test_what_was_noted_goes_with_its_day(store: Database) -> None:
    await store.write(changed(rating=3))
    assert await store.read(lambda db: db.scalars(select(columns(LateChange).n)).all()) == [-1, 1]
    there = ZoneInfo("America/New_York")
    await days.keep(store, Span(MONDAY.astimezone(there), NOW.astimezone(there), there), NOW)
    assert await store.read(lambda db: db.scalars(select(columns(LateChange).n)).all()) == []


async def test_days_of_a_changing_clock_are_kept_as_they_are_counted(database: Database) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    sunday = datetime(2026, 10, 25, tzinfo=berlin)  # 25 hours
    span = Span(sunday - DAY, sunday + 2 * DAY, berlin)

    def enter(db: Db) -> None:
        db.add(Customer(id=1, address="a@example.org", created_at=MONDAY))
        db.flush()
        for hour in range(96):
            at = span.since.astimezone(UTC) + timedelta(hours=hour - 12)
            db.add(Request(number=str(hour), customer_id=1, created_at=at, changed_at=at))

    await database.write(enter)
    await days.keep(database, span, NOW)
    await database.write(lambda db: db.execute(text("UPDATE request SET rating = 5")))
    lines = await database.read(lambda db: days.opened(db, span))
    assert [(day.day, line.requests, line.ratings) for day, line in lines] == [
        (24, 24, {"5": 24}), (25, 25, {"5": 25}), (26, 24, {"5": 24})]


async def test_what_is_no_figure_leaves_days_kept(store: Database) -> None:
    await store.write(changed(state="closed", due=NOW, owner="minji", resolution="silent", closed_at=NOW))
    await store.write(lambda db: db.add(Figure(at=NOW, request_id=9, name="rating", value=1)))
    await store.write(lambda db: db.execute(text("UPDATE letter SET attempts = 3, reply = 'x'")))
    assert await kept(store) == 3 * 7


async def test_what_was_rolled_back_changed_nothing(store: Database) -> None:
    def fail(db: Db) -> None:
        changed(rating=3)(db)
        db.flush()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await store.write(fail)
    assert await kept(store) == 3 * 7


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)  # SQLite has one writer at a time
async def test_a_day_is_not_kept_while_somebody_changes_it(database: Database) -> None:
    assert isinstance(database, Postgres)
    await database.write(some)
    async with AsyncDb(database._engine) as other, other.begin():
        await other.execute(text("UPDATE request SET rating = 4 WHERE id = 9"))
        await days.keep(database, WEEK, NOW)
        assert await kept(database) == 0
    await days.keep(database, WEEK, NOW)
    assert await kept(database) == 3 * 7
    assert await database.read(told) == await database.read(counted)


WAITS = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_what_a_customer_says_of_a_request_that_is_just_moved_counts_where_it_goes(store: Database) -> None:
    assert isinstance(store, Postgres)
    async with AsyncDb(store._engine) as other:
        await other.execute(text("UPDATE request SET queue = 'moved' WHERE id = 9"))
        says = asyncio.create_task(store.write(LATE["feedback"]))
        while not says.done() and not await store.read(lambda db: db.scalar(WAITS)):
            pass
        await other.commit()
        await says
    assert await store.read(told) == await store.read(counted)
    assert "moved" in {line.queue for _, line in await store.read(lambda db: days.opened(db, WEEK))}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # a full disk, as SQLite would tell it
async def test_where_nothing_can_be_written_days_are_counted(database: Database) -> None:
    await database.write(some)
    await database.write(lambda db: db.execute(text(
        "CREATE TRIGGER full BEFORE INSERT ON kept_day BEGIN SELECT RAISE(ABORT, 'no room'); END")))
    await days.keep(database, WEEK, NOW)
    assert await kept(database) == 0
    assert len(await database.read(lambda db: days.opened(db, WEEK))) > 7


def test_a_day_that_a_zone_left_out_is_no_day() -> None:
    apia = ZoneInfo("Pacific/Apia")  # there was no 30 December 2011
    span = Span(datetime(2011, 12, 29, tzinfo=apia), datetime(2012, 1, 1, tzinfo=apia), apia)
    pieces = [*days._pieces(span)]
    assert [(each.day.day, (each.until - each.since) / DAY) for each in pieces] == [(29, 1.0), (31, 1.0)]
    assert pieces[0].since == span.since.astimezone(UTC)
