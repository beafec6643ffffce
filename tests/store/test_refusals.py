"""What the door sent away, on both databases: gathered, written behind its back, bounded."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.store import refusals
from gateway.store.database import Database
from gateway.store.refusals import Refusals, Refused, insert_all, listing

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def refused(sender: str = "kim@example.org", **more: Any) -> Refused:
    return Refused(**{"at": NOON, "client_ip": "192.0.2.1", "reply": "550 5.1.1 No such mailbox here",
                      "reverse_path": sender, **more})  # fmt: skip


async def found(database: Database, sender: str = "") -> list[Any]:
    return list(await database.read(lambda db: listing(db, sender)))


async def test_a_refusal_is_written_with_all_that_is_known(database: Database) -> None:
    gathered = Refusals(database)
    gathered.note(refused("Kim@Example.org", helo="mx.example.org", recipients=("a@example.com", "b@example.com"),
                          author="KIM@example.net", size=99))  # fmt: skip
    await gathered.close()
    (row,) = await found(database)
    assert (row.at, row.client_ip, row.helo, row.reverse_path, row.recipients, row.author, row.size, row.reply) == (
        NOON, "192.0.2.1", "mx.example.org", "kim@example.org", ["a@example.com", "b@example.com"], "kim@example.net",
        99, "550 5.1.1 No such mailbox here")  # fmt: skip


async def test_the_newest_is_told_first_and_a_sender_is_found_by_envelope_and_from(database: Database) -> None:
    rows = [refused("a@x.org"), refused("b@x.org", author="a@x.org"), refused("c@x.org")]
    await database.write(lambda db: insert_all(db, rows))
    assert [row.reverse_path for row in await found(database)] == ["c@x.org", "b@x.org", "a@x.org"]
    assert [row.reverse_path for row in await found(database, "A@X.org")] == ["b@x.org", "a@x.org"]


async def test_what_is_too_old_or_too_much_is_forgotten(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await database.write(lambda db: insert_all(db, [refused("old@x.org", at=NOON - timedelta(days=31))]))
    await database.write(lambda db: insert_all(db, [refused("new@x.org")]))
    assert [row.reverse_path for row in await found(database)] == ["new@x.org"]
    monkeypatch.setattr(refusals, "MOST", 2)
    for number in range(4):
        await database.write(lambda db, number=number: insert_all(db, [refused(f"{number}@x.org")]))  # type: ignore[misc]
    assert len(await found(database)) == 3


async def test_strange_octets_are_stored_as_text(database: Database) -> None:
    await database.write(lambda db: insert_all(db, [refused("a\x00\udcff@x.org", helo="\x00")]))
    assert len(await found(database)) == 1


async def test_a_flood_is_counted_and_not_kept_whole(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "GATHERED", 10)
    gathered = Refusals(database)
    for _ in range(50):
        gathered.note(refused())
    await gathered.close()
    assert len(await found(database)) == 10
    assert gathered.counts == {"550 5.1.1": 50}


async def test_a_store_that_is_away_hurts_nobody() -> None:
    class Away:
        def __init__(self) -> None:
            self.asked = asyncio.Event()

        async def write(self, work: Callable[..., Any]) -> Any:
            self.asked.set()
            raise OSError("the disk is gone")

    away = Away()
    gathered = Refusals(away)  # type: ignore[arg-type]
    gathered.note(refused())
    await gathered.close()
    assert away.asked.is_set()
