"""Killed at any moment, the worker neither loses a letter nor sends one again that it had recorded as sent."""

import asyncio
import email
import random
import sys
from collections import Counter
from datetime import UTC, datetime

import pytest
from peer import Peer

from gateway.models import Letter
from gateway.store import outbox
from gateway.store.database import Database, connect

pytestmark = pytest.mark.crash
LETTERS, KILLS, CONNECTIONS = 120, 6, 5
WORKER = """
import asyncio, sys
from datetime import UTC, datetime, timedelta
from gateway.authentication.resolver import ZoneResolver
from gateway.config import Delivery, Site
from gateway.delivery.worker import Worker
from gateway.store.database import connect
url, port, connections = sys.argv[1:]
settings = Delivery(smarthost=f"127.0.0.1:{port}", connections=int(connections), retry_first=timedelta(seconds=1))
worker = Worker(connect(url), settings, Site(), ZoneResolver({}), lambda: datetime.now(UTC), None, lambda: None,
                lease=timedelta(seconds=1))
asyncio.run(worker.run())
"""


def letter(name: str) -> Letter:
    now = datetime.now(UTC)
    return Letter(created_at=now, reverse_path="b@example.com", recipient="kim@example.net", next_attempt=now,
                  raw=f"Subject: {name}\r\n\r\nx\r\n".encode())


def arrived(peer: Peer) -> Counter[str]:
    return Counter(str(email.message_from_bytes(each)["Subject"]) for each in peer.letters)


async def recorded(database: Database) -> set[str]:
    """Subjects of the letters that the outbox knows as sent."""
    letters = await database.write(lambda db: outbox.listing(db, "sent", limit=LETTERS))
    return {f"l{each.id}" for each in letters}


async def start(url: str, peer: Peer) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, url, str(peer.port), str(CONNECTIONS), stdout=asyncio.subprocess.DEVNULL)


async def test_a_worker_killed_again_and_again_loses_nothing_and_repeats_only_what_was_under_way(
        database_url: str) -> None:
    database = connect(database_url)
    await database.migrate()
    await database.write(lambda db: db.add_all([letter(f"l{number}") for number in range(1, LETTERS + 1)]))
    known: Counter[str] = Counter()
    chance = random.Random(20261123)
    async with Peer().listening() as peer:
        for kill in range(KILLS):
            worker = await start(database_url, peer)
            more = (kill + 1) * LETTERS // (KILLS + 1) + chance.randrange(5)
            async with asyncio.timeout(60):
                await peer.arrives(more)
            worker.kill()
            await worker.wait()
            counted = arrived(peer)
            known |= Counter({name: counted[name] for name in await recorded(database)})
        worker = await start(database_url, peer)
        async with asyncio.timeout(60):
            while len(await recorded(database)) < LETTERS:  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.05)
        worker.kill()
        await worker.wait()
    await database.close()
    last = arrived(peer)
    print(f"{LETTERS} letters, {KILLS} kills: {last.total()} arrivals, {last.total() - len(last)} twice")
    assert len(last) == LETTERS
    assert {name: last[name] for name in known} == dict(known)
    assert last.total() - LETTERS <= KILLS * CONNECTIONS
