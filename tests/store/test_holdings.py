"""What the store holds, on both databases, counted by small indexes: asking costs the same after a million mails."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import event, text

from gateway.models import Customer, Letter, Received, Request
from gateway.store.database import Database, Db
from gateway.store.holdings import Holdings, look, touch

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def mail(state: str, kept_at: datetime = NOON, next_attempt: datetime = NOON) -> Received:
    return Received(kept_at=kept_at, state=state, next_attempt=next_attempt)


def letter(state: str, created_at: datetime = NOON) -> Letter:
    return Letter(created_at=created_at, recipient="kim@example.net", raw=b"", next_attempt=NOON, state=state)


def request(number: str, queue: str, state: str, due: datetime | None = None) -> Request:
    return Request(number=number, customer_id=1, queue=queue, state=state, due=due, created_at=NOON, changed_at=NOON)


async def held(database: Database, *rows: Any) -> Holdings:
    def work(db: Db) -> None:
        db.add(Customer(id=1, address="kim@example.net", created_at=NOON))
        db.flush()
        db.add_all(rows)

    await database.write(work)
    return await database.read(lambda db: look(db, NOON))


async def test_an_empty_store_holds_nothing(database: Database) -> None:
    assert await held(database) == Holdings()


async def test_mails_that_wait_are_counted_with_the_oldest_and_handled_ones_are_not(database: Database) -> None:
    found = await held(database, mail("handled", NOON - 9 * HOUR), mail("kept", NOON - 2 * HOUR, NOON + HOUR),
                       mail("kept", NOON - HOUR, NOON - HOUR), mail("shunted", NOON - 8 * HOUR), mail("dropped"))
    assert (found.kept, found.shunted) == (2, 1)
    assert found.oldest_kept == NOON - 2 * HOUR
    assert found.due_since == NOON - HOUR


async def test_letters_under_way_are_counted_by_state_with_the_oldest(database: Database) -> None:
    found = await held(database, letter("sent", NOON - 9 * HOUR), letter("bounced"), letter("waiting"),
                       letter("waiting"), letter("deferred", NOON - HOUR))
    assert found.letters == {"waiting": 2, "deferred": 1}
    assert found.oldest_letter == NOON - HOUR


async def test_living_requests_are_counted_by_queue_and_state(database: Database) -> None:
    found = await held(database, request("1", "technical", "new", NOON - HOUR),
                       request("2", "technical", "new", NOON + HOUR), request("3", "technical", "open", NOON - HOUR),
                       request("4", "general", "answered", NOON - HOUR), request("5", "general", "closed"))
    assert found.requests == {("technical", "new"): 2, ("technical", "open"): 1, ("general", "answered"): 1}
    assert found.overdue == {"technical": 2, "general": 0}


async def test_no_question_walks_through_all_that_ever_was(database: Database) -> None:
    """SQLite says SCAN of a table without an index for that; PostgreSQL decides by the numbers, so it is not asked."""
    def plans(db: Db) -> list[str]:
        connection, found = db.connection(), []
        if connection.dialect.name != "sqlite":
            return []

        @event.listens_for(connection, "before_cursor_execute")
        def explain(_c: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            found.extend(row[3] for row in cursor.fetchall())

        look(db, NOON)
        return found

    assert [plan for plan in await database.read(plans) if plan.startswith("SCAN") and " USING " not in plan] == []


async def test_touching_writes_and_is_there_again_and_again(database: Database) -> None:
    for _ in range(3):
        await database.write(touch)
    times = await database.read(lambda db: db.scalar(text("SELECT value FROM counter WHERE name = 'watch'")))
    assert times == 3
