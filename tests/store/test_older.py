"""A database of an older version: what is in it is counted and found as what comes after the upgrade."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from postgres import PostgresServer
from sqlalchemy import column, insert, table, text
from sqlalchemy.exc import DBAPIError

from gateway.models import Moment
from gateway.store import queue
from gateway.store.database import Database, Db, connect
from gateway.store.migrations import run
from gateway.store.queue import Filter

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BEFORE = "0005"
ROWS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("customer", {"id": 1, "address": "kim@example.org", "name": "김민수", "language": "ko", "created_at": NOON}),
    ("request", {
        "id": 1, "number": "FD-2026-0000015", "customer_id": 1, "subject": "결제 오류", "state": "open",
        "category": "policy", "language": "ko", "queue": "general", "priority": 3, "owner": "", "identity": "none",
        "due": NOON - timedelta(hours=2),
        "identity_because": "", "verification": "", "verification_because": "", "on_file": "", "is_held": False,
        "created_at": NOON, "changed_at": NOON, "resolution": "", "reopened": 0, "last_entry": 1}),
    ("entry", {
        "id": 1, "request_id": 1, "at": NOON, "kind": "mail", "author": "kim@example.org", "subject": "결제 오류",
        "text": "전액환불해주세요\n> 이전 글", "reply_text": "전액환불해주세요", "message_id": "", "identity": "none"}),
    ("entry", {
        "id": 2, "request_id": 1, "at": NOON, "kind": "letter", "author": "acknowledge", "subject": "Re",
        "text": "Your number is here", "reply_text": "", "message_id": "", "identity": ""}),
)  # fmt: skip


@pytest.fixture(params=["sqlite", "postgres"])
async def older(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database as the version before left it, with one request."""
    postgres: PostgresServer = request.getfixturevalue("postgres")
    name = request.node.name.partition("[")[0]
    url = f"sqlite:///{tmp_path / 'old.db'}" if request.param == "sqlite" else postgres.create(name)
    database = connect(url)

    def lay(db: Db) -> None:
        run.upgrade(db.connection(), BEFORE)
        for name, values in ROWS:
            typed = [column(each, Moment() if isinstance(value, datetime) else None) for each, value in values.items()]
            db.execute(insert(table(name, *typed)).values(values))

    await database.write(lay)
    yield database
    await database.close()


async def test_what_was_there_before_is_counted_and_found(older: Database) -> None:
    await older.migrate()
    (line,) = await older.read(lambda db: queue.counts(db, NOON))
    assert (line.queue, line.waiting, line.alive, line.overdue) == ("general", 1, 1, 1)
    for words in ("환불", "민수", "kim@example.org", "FD-2026-0000015"):
        page = await older.read(lambda db, words=words: queue.page(db, Filter(words=words), NOON))  # type: ignore[misc]
        assert [each.number for each in page.lines] == ["FD-2026-0000015"], words
    assert (await older.read(lambda db: queue.page(db, Filter(words="your number"), NOON))).lines == []


async def test_an_upgrade_that_breaks_off_leaves_what_was_there(older: Database) -> None:
    """Killed, or the disk was full: the next start upgrades."""
    await older.write(lambda db: db.execute(text("CREATE TABLE taught (in_the_way INTEGER)")))
    with pytest.raises(DBAPIError, match="taught"):
        await older.migrate()
    await older.write(lambda db: db.execute(text("DROP TABLE taught")))
    await older.migrate()
    assert len(await older.read(lambda db: queue.counts(db, NOON))) == 1
