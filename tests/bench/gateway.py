"""Our gateway on one core for the benches: door, authentication, store, desk. The zone is in memory, the clients are a
process of their own (tests/bench/clients) on another core."""

import asyncio
import gc
import json
import os
import random
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway import logs
from gateway.authentication.resolver import ZoneResolver
from gateway.authentication.signer import Signer, SigningKey
from gateway.config import Config, Log, Site, Smtp, Store
from gateway.console.edge import HANDOVER
from gateway.desk.pipeline import Desk
from gateway.foundation import open_database
from gateway.rooms import build_desk
from gateway.smtp.server import Door
from gateway.store import outbox, spool
from gateway.store.database import Database
from gateway.store.intake import Intake
from tests.bench import senders
from tests.signing import sign

DOMAINS = 50
CLIENTS_CORE, OUR_CORE = min(os.sched_getaffinity(0)), max(os.sched_getaffinity(0))
KEY = SigningKey.make("s1", "rsa")
PROSE = ("Since yesterday I cannot log in to the app.", "It says error when the screen comes up.", "What can I do?",
         "Please have a look at it.", "My order came late, and the parcel was open.", "Nobody answered so far.",
         "Thank you for your help in advance.")  # fmt: skip


def mail(number: int, octets: int) -> bytes:
    """Signed by its author's domain, in prose; for every author only one."""
    domain, chance = senders.domain_of(number % DOMAINS), random.Random(number)
    lines = [" ".join(chance.choices(PROSE, k=2)) for _ in range(octets // 68)]
    header = (f"From: Joe {number} <joe{number}@{domain}>\r\nTo: support@example.com\r\nSubject: Cannot log in\r\n"
              f"Date: Mon, 23 Nov 2026 12:00:00 +0900\r\nMessage-ID: <{number}@{domain}>\r\nMIME-Version: 1.0\r\n"
              "Content-Type: text/plain; charset=utf-8\r\n\r\n")  # fmt: skip
    return sign(header.encode() + "\r\n".join(lines).encode() + b"\r\n", domain=domain,
                names="from:to:subject:date:message-id:mime-version:content-type")  # fmt: skip


def write_mails(path: Path, first: int, count: int, octets: int) -> Path:
    """So many mails, a NUL between them; no two calls with the same numbers in one store, for each is kept once."""
    with path.open("wb") as file:
        for number in range(first, first + count):
            file.write((b"\0" if number > first else b"") + mail(number, octets))
    return path


def zone() -> dict[str, Any]:
    """The senders' domains, whose mail comes from here."""
    names = senders.zone(DOMAINS)
    for number in range(DOMAINS):
        names[f"d.{senders.domain_of(number)}"] = {"TXT": ["v=spf1 ip4:127.0.0.1 -all"]}
    return names


@contextmanager
def quiet(folder: Path) -> Iterator[None]:
    """The log is written as in production, but into a file."""
    before, sys.stderr = sys.stderr, (folder / "log").open("a", encoding="utf-8", buffering=1)
    logs.configure(Log(format="json"))
    try:
        yield
    finally:
        sys.stderr.close()
        sys.stderr = before


@dataclass(frozen=True)
class Left:
    """What clients saw."""

    seconds: float
    waits: list[float]
    """Seconds from the end of each mail to its 250, sorted."""

    def wait(self, part: float) -> float:
        """Milliseconds that so many of them waited at most."""
        return self.waits[min(int(len(self.waits) * part), len(self.waits) - 1)] * 1000


async def leave(port: int, mails: Path, connections: int, rate: float = 0) -> Left:
    """Clients leave these mails; rate: so many a second, else as fast as they can."""
    words = ("taskset", "-c", str(CLIENTS_CORE), sys.executable, "-m", "tests.bench.clients",
             str(port), str(mails), str(connections), str(rate))
    clients = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    said, _ = await clients.communicate()
    assert clients.returncode == 0
    return Left(**json.loads(said))


@dataclass(frozen=True)
class Gateway:
    """Running."""

    config: Config
    database: Database
    desk: Desk
    port: int

    @property
    def handled(self) -> int:
        return self.desk.figures.events["mail", "handled"]

    async def until_handled(self) -> None:
        while (await self.database.read(spool.counts))["kept"]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)

    async def sign(self, count: int) -> int:
        """Sign so many letters as the worker would; how many there were."""
        signer, now = Signer("example.com", [KEY]), datetime.now(UTC)
        letters = await self.database.write(lambda db: outbox.claim(db, now, self.config.desk.lease, count))
        for letter in letters:
            signer.sign(letter.raw, now.timestamp())
        return len(letters)


@asynccontextmanager
async def opened(folder: Path, url: str, watch: Callable[[Database, Desk], None] | None = None,
                 works: bool = True) -> AsyncIterator[Gateway]:
    """works: the desk takes up what comes in."""
    sys.setswitchinterval(HANDOVER)
    config = Config(site=Site(data=folder), store=Store(url=url),
                    smtp=Smtp(listen=("127.0.0.1:0",), connections=500, connections_per_client=500))  # fmt: skip
    database = open_database(config)
    await database.migrate()
    desk = build_desk(config, database, _now)
    intake = Intake(database, desk.wake)
    door = Door(config.site, config.smtp, config.authentication, intake, ZoneResolver(zone()),
                desk.office.capabilities, _now)  # fmt: skip
    await door.start()
    if watch:
        watch(database, desk)
    working = asyncio.create_task(desk.run()) if works else None
    gc.collect()
    gc.freeze()  # as the service does when it has started
    try:
        yield Gateway(config, database, desk, int(door.addresses[0][1]))
    finally:
        await desk.stop()
        if working:
            await working
        await door.drain()
        await intake.close()
        await database.close()


def _now() -> datetime:
    return datetime.now(UTC)
