"""Workers as processes of their own at one port, over real sockets, with the store of the gateway that started them."""

import asyncio
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from ports import free_port
from smtp.house import MAIL, NOON, SUPPORT, Client
from sqlalchemy import select
from structlog.testing import capture_logs

from gateway.authentication.resolver import DnsResolver
from gateway.config import Config
from gateway.doors.doors import Doors
from gateway.doors.process import HUNG, SILENT, Life, Process
from gateway.doors.wire import Keep, Word
from gateway.models import Received, columns
from gateway.smtp import tls
from gateway.smtp.figures import Figures
from gateway.store import raw
from gateway.store.database import Database, connect
from gateway.store.intake import Intake

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]  # each start is two processes


class Noting(Doors):
    """Notes which workers brought mails."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.brought: set[int] = set()

    def _hear(self, process: Process, life: Life, word: Word) -> None:
        if isinstance(word, Keep):
            self.brought.add(process.number)
        super()._hear(process, life, word)


class House:
    """What a gateway has beside its workers."""

    def __init__(self, config: Config, database: Database) -> None:
        self.config, self.database = config, database
        self.figures, self.intake, self.resolver = Figures(), Intake(database), DnsResolver(["127.0.0.1:9"])
        tls.context(config.smtp, config.site, NOON)  # the gateway's own door makes the certificate
        self.doors = Noting(config, self.figures, self.intake, self.resolver)
        self.clients: list[Client] = []

    @property
    def pids(self) -> list[int]:
        lives = [each._life for each in self.doors._processes]
        return [life._process.pid for life in lives if life]

    async def knock(self) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.config.smtp.listen[0].port))
        self.clients.append(client)
        return client

    async def enters(self) -> str:
        """What a new client is greeted with."""
        return (await (await self.knock()).reply())[:9]

    async def client(self) -> Client:
        return await (await self.knock()).greets()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Nothing that is waited for here is over in less than a second."""
        async with asyncio.timeout(100):
            while not is_so():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def is_back(self) -> None:
        await self.until(lambda: not self.doors.trouble)


@asynccontextmanager
async def opened(folder: Path, migrated: Path, **smtp: Any) -> AsyncIterator[House]:
    shutil.copy(migrated, folder)
    config = Config.model_validate({
        "site": {"data": folder}, "authentication": {"enabled": False},
        "smtp": {"listen": [f"127.0.0.1:{free_port()}"], "workers": 2, "connections_per_client": 100, **smtp}})
    database = connect(config.store.database_url(folder))
    house = House(config, database)
    try:
        await house.doors.start(lambda _: None)
        yield house
    finally:
        for client in house.clients:
            client.writer.close()
        await house.doors.drain()
        await house.intake.close()
        await house.resolver.close()
        await database.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> AsyncIterator[House]:
    """One for all that leave it as it was."""
    async with opened(tmp_path_factory.mktemp("house"), migrated) as house:
        yield house


def numbered(number: int, more: bytes = b"") -> bytes:
    return MAIL.replace(b"<1@", b"<%d@" % number) + more


async def test_mail_comes_in_by_all_and_goes_into_one_store(house: House) -> None:
    sent = 0
    while house.doors.brought != {1, 2}:
        sent += 1
        assert await (await house.client()).mails(numbered(sent)) == f"250 2.0.0 Kept as {sent}"
        assert sent < 60  # the system spreads them
    large = b"It goes on like this.\r\n" * 100_000
    assert await (await house.client()).mails(numbered(0, large)) == f"250 2.0.0 Kept as {sent + 1}"
    assert await (await house.client()).mails(numbered(1)) == "250 2.0.0 Kept as 1"  # it came again
    await house.until(lambda: house.figures.mails == {"250 2.0.0": sent + 2})
    received = columns(Received)
    ids = await house.database.read(lambda db: list(db.scalars(select(received.id).order_by(received.id))))
    assert ids == list(range(1, sent + 2))
    assert (await house.database.read(lambda db: raw.octets(db, sent + 1)) or b"").endswith(large)
    assert [each.name for each in (house.config.site.data / raw.FOLDER).iterdir()] == [str(sent + 1)]


async def test_limits_hold_for_all_together_and_a_killed_one_takes_its_clients_along(
        tmp_path: Path, migrated: Path) -> None:
    async with opened(tmp_path, migrated, connections_per_client=8, connections=10) as house:
        assert [await house.enters() for _ in range(9)] == ["220 mx.ex"] * 8 + ["421 4.7.0"]
        lost = house.pids[0]
        with capture_logs() as logs:
            os.kill(lost, signal.SIGKILL)
            await house.until(lambda: house.doors._processes[0].opening is None)
            assert house.doors.trouble.startswith("of 2 workers these take no mail: 1")
            await house.is_back()
        assert [(line["event"], line["code"]) for line in logs] == [("a worker has ended: it is started again", -9)]
        assert lost not in house.pids
        left = 0
        for client in house.clients[:8]:
            client.send(b"NOOP\r\n")
            with suppress(ConnectionError):
                left += (await client.reply()).startswith("250")
        assert [await house.enters() for _ in range(9 - left)] == ["220 mx.ex"] * (8 - left) + ["421 4.7.0"]


async def test_one_that_hangs_is_not_ready_and_at_last_killed(house: House) -> None:
    first, second = house.doors._processes
    hung = house.pids[0]
    os.kill(hung, signal.SIGSTOP)
    second._silence = 0  # whoever has a slow machine
    for _ in range(SILENT):
        first.count_second()
    assert house.doors.trouble == "of 2 workers these take no mail: 1"
    os.kill(hung, signal.SIGCONT)
    await house.is_back()
    assert hung in house.pids
    os.kill(hung, signal.SIGSTOP)
    first._silence = 0
    for _ in range(HUNG):
        first.count_second()
    await house.until(lambda: first.opening is None)
    await house.is_back()
    assert hung not in house.pids


async def test_a_new_config_reaches_each_and_a_fault_is_told(house: House, tmp_path: Path) -> None:
    """Also one that is just being started again."""
    os.kill(house.pids[0], signal.SIGKILL)
    await house.until(lambda: house.doors._processes[0].opening is None)
    await house.until(lambda: house.doors._processes[0].is_alive)
    site = house.config.site.model_copy(update={"support": (SUPPORT, "help@example.com")})
    await house.doors.configure(house.config.model_copy(update={"site": site}))
    await house.is_back()
    for _ in range(8):
        await (await house.client()).envelope("help@example.com")
    missing = house.config.smtp.model_copy(update={"certificate": tmp_path / "no.pem", "key": tmp_path / "no.pem"})
    with capture_logs() as logs:
        await house.doors.configure(house.config.model_copy(update={"smtp": missing}))
    assert sorted(line["worker"] for line in logs) == [1, 2]
    assert "No such file" in logs[0]["fault"]
    await (await house.client()).envelope("help@example.com")


async def begins(house: House) -> str:
    """What a new client hears to its MAIL."""
    client = await house.client()
    try:
        return await client.says("MAIL FROM:<alice@example.org>")
    finally:
        client.hang_up()


async def test_with_hardly_any_room_on_the_disk_none_lets_a_mail_begin(house: House) -> None:
    house.intake.is_full = True
    await house.until(lambda: all(each.is_full for each in house.doors._processes))
    while not (reply := await begins(house)).startswith("452"):  # the word is on its way
        assert reply.startswith("250")
    house.intake.is_full = False
    await house.until(lambda: not any(each.is_full for each in house.doors._processes))
    while not (reply := await begins(house)).startswith("250"):
        assert reply.startswith("452 4.3.1")


async def test_when_they_drain_who_is_idle_is_sent_away_and_who_sends_may_finish(
        tmp_path: Path, migrated: Path) -> None:
    async with opened(tmp_path, migrated) as house:
        sending, idle, pids = await house.client(), await house.client(), house.pids
        await sending.envelope()
        draining = asyncio.create_task(house.doors.drain())
        assert (await idle.reply()).startswith("421 ")
        assert await sending.data(MAIL) == "250 2.0.0 Kept as 1"
        await draining
        assert [pid for pid in pids if f"{pid}" in os.listdir("/proc")] == []
        with pytest.raises(ConnectionRefusedError):
            await house.knock()


async def test_a_unix_socket_and_one_that_was_given_are_everybodys(tmp_path: Path, migrated: Path) -> None:
    shutil.copy(migrated, tmp_path)
    path, given = tmp_path / "smtp", socket.create_server(("127.0.0.1", 0))
    at = f"127.0.0.1:{given.getsockname()[1]}"
    config = Config.model_validate({"site": {"data": tmp_path}, "authentication": {"enabled": False},
                                    "smtp": {"listen": [at, f"unix:{path}"], "workers": 2}})
    house = House(config, connect(config.store.database_url(tmp_path)))
    await house.doors.start({at: given}.get)
    try:
        assert house.doors.places == [at, f"unix:{path}"]
        assert path.stat().st_mode & 0o777 == 0o660
        assert (await (await house.client()).mails()) == "250 2.0.0 Kept as 1"
        os.kill(house.pids[0], signal.SIGKILL)
        await house.until(lambda: house.doors._processes[0].opening is None)
        await house.is_back()
        client = await Client(*await asyncio.open_unix_connection(path)).greets()
        assert (await client.mails(numbered(2))) == "250 2.0.0 Kept as 2"
        client.writer.close()
    finally:
        for each in house.clients:
            each.writer.close()
        await house.doors.drain()
        await house.resolver.close()
        await house.database.close()
    assert not path.exists()


@pytest.mark.parametrize("is_shared", [False, True], ids=["simply", "as workers of another gateway do"])
async def test_an_address_that_another_has_is_a_fault(tmp_path: Path, migrated: Path, is_shared: bool) -> None:
    with socket.socket() as another:
        another.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, is_shared)
        another.bind(("127.0.0.1", 0))
        another.listen()
        with pytest.raises(OSError, match="in use"):
            async with opened(tmp_path, migrated, listen=[f"127.0.0.1:{another.getsockname()[1]}"]):
                pass


async def test_workers_that_cannot_start_are_a_fault(
        tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(RuntimeError, match=r"worker [12] ended before it took mail: 1"):
        async with opened(tmp_path, migrated):
            pass
