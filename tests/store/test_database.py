"""Both databases keep what a transaction wrote, and nothing of one that failed."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from ports import free_port
from postgres import PostgresServer
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlmodel import SQLModel, select

from gateway.models import Customer, Received
from gateway.store.database import ASKERS, Database, Db, Postgres, connect, is_of_values
from gateway.store.migrations import run

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def customer(address: str, at: datetime = NOON) -> Customer:
    return Customer(address=address, created_at=at)


def addresses(db: Db) -> list[str]:
    return list(db.scalars(select(Customer.address).order_by(Customer.address)))


async def test_what_was_committed_is_there(database: Database) -> None:
    await database.write(lambda db: db.add(customer("a@example.com")))
    assert await database.read(addresses) == ["a@example.com"]


async def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    def fail(db: Db) -> None:
        db.add(customer("a@example.com"))
        db.flush()
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        await database.write(fail)
    assert await database.read(addresses) == []


async def test_a_time_goes_in_with_any_zone_and_comes_out_in_utc(database: Database) -> None:
    seoul = NOON.astimezone(timezone(timedelta(hours=9)))
    await database.write(lambda db: db.add(customer("a@example.com", seoul)))
    stored = await database.read(lambda db: db.scalars(select(Customer.created_at)).one())
    assert stored == NOON
    assert stored.tzinfo is UTC


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="without a zone"):
        await database.write(lambda db: db.add(customer("a@example.com", datetime(2026, 1, 1))))  # noqa: DTZ001


async def test_a_word_outside_the_closed_set_is_refused_by_the_database(database: Database) -> None:
    with pytest.raises(IntegrityError):
        await database.write(lambda db: db.add(Received(kept_at=NOON, next_attempt=NOON, state="lost")))


async def test_two_who_wait_for_each_other_are_both_done(database: Database) -> None:
    addresses = ("kim@example.org", "lee@example.org")
    await database.write(lambda db: db.add_all(Customer(address=each, created_at=NOON) for each in addresses))

    def name(db: Db, first: str, then: str, name: str) -> None:
        for address in (first, then):
            db.execute(text("UPDATE customer SET name = name || :name WHERE address = :address"),
                       {"name": name, "address": address})
            if db.connection().dialect.name == "postgresql":
                db.execute(text("SELECT pg_sleep(0.2)"))

    await asyncio.gather(database.write(lambda db: name(db, *addresses, "a")),
                         database.write(lambda db: name(db, *reversed(addresses), "b")))
    named = await database.read(lambda db: db.scalars(text("SELECT name FROM customer")).all())
    assert [sorted(each) for each in named] == [["a", "b"]] * 2


async def test_migrating_twice_changes_nothing(database: Database) -> None:
    await database.write(lambda db: db.add(customer("a@example.com")))
    await database.migrate()
    assert await database.read(addresses) == ["a@example.com"]


async def test_the_revisions_make_exactly_the_tables_of_models_py(database: Database) -> None:
    def differences(db: Db) -> list[object]:
        context = MigrationContext.configure(db.connection(), opts={"compare_type": False})
        by_expression = ("request_urgency", "request_waiting", "request_outstanding", "finding")
        found = compare_metadata(context, SQLModel.metadata)
        return [each for each in found if not any(name in repr(each) for name in by_expression)]

    import warnings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SQLite cannot reflect an index over an expression
        assert await database.read(differences) == []


async def test_work_does_not_begin_while_the_server_is_away() -> None:
    database = connect(f"postgresql://frontdesk@127.0.0.1:{free_port()}/nobody")
    begun: list[Db] = []
    with pytest.raises(OSError, match="Connect"):
        await database.write(begun.append)
    assert begun == []
    await database.close()


ONLY_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


async def ask(database: Database, question: str) -> object:
    return await database.read(lambda db: db.scalar(text(question)))


@ONLY_POSTGRESQL
async def test_after_the_server_went_away_one_question_fails_at_most(database: Database, database_url: str) -> None:
    await asyncio.gather(*(ask(database, "SELECT pg_sleep(0.1)") for _ in range(4)))
    operator = connect(database_url)
    assert await ask(operator, f"SELECT bool_and(pg_terminate_backend(pid, 5000)) {OTHERS}")
    with pytest.raises(DBAPIError):
        await ask(database, "SELECT 1")
    assert await asyncio.gather(*(ask(database, "SELECT 1") for _ in range(8))) == [1] * 8
    await operator.close()


@ONLY_POSTGRESQL
async def test_of_very_many_questions_at_once_few_connections_are_kept(database: Database) -> None:
    assert isinstance(database, Postgres)
    assert await asyncio.gather(*(ask(database, "SELECT 1") for _ in range(40))) == [1] * 40
    assert 0 < database._engine.pool.checkedout() <= ASKERS  # type: ignore[attr-defined]
    await database.close()
    assert database._engine.pool.checkedout() == 0  # type: ignore[attr-defined]


@ONLY_POSTGRESQL
async def test_a_question_that_nobody_waits_for_any_longer_answers_no_other(
        database: Database, database_url: str) -> None:
    operator = connect(database_url)
    asking = asyncio.create_task(ask(database, "SELECT pg_sleep(60)"))
    while not await ask(operator, f"SELECT count(*) {OTHERS} AND query = 'SELECT pg_sleep(60)' AND state = 'active'"):
        pass
    asking.cancel()
    assert await asyncio.gather(*(ask(database, "SELECT 1") for _ in range(8))) == [1] * 8
    with pytest.raises(asyncio.CancelledError):
        await asking
    await operator.close()


@pytest.mark.parametrize("address", ["\0@example.com", "\ud800@example.com"])
async def test_values_that_postgresql_cannot_take_are_no_fault_of_its_own(
        postgres: PostgresServer, address: str) -> None:
    database = connect(postgres.create(f"values_{len(address)}_{ord(address[0])}"))
    await database.migrate()
    with pytest.raises(DBAPIError) as caught:
        await database.write(lambda db: db.add(customer(address)))
    assert is_of_values(caught.value)
    with pytest.raises(DBAPIError) as caught:
        await database.write(lambda db: db.execute(text("SELECT * FROM no_such_table")))
    assert not is_of_values(caught.value)
    await database.close()


def test_the_newest_revision_is_the_one_that_alembic_would_go_to() -> None:
    config = Config()
    config.set_main_option("script_location", str(run.HERE))
    assert run.newest() == set(ScriptDirectory.from_config(config).get_heads())


async def test_a_start_that_finds_everything_there_changes_nothing_and_needs_no_alembic(database_url: str) -> None:
    words = f"""import asyncio, sys
from gateway.store.database import connect
async def start():
    database = connect({database_url!r})
    await database.migrate()
    await database.close()
asyncio.run(start())
sys.exit("alembic" in sys.modules)"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", words, cwd=Path(__file__).parents[2])
    assert await process.wait() == 0
