"""A gateway in a process of its own with all it stands on, each of which can be broken."""

import asyncio
import os
import signal
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from crash import books
from crash.books import Books
from crash.disk import Disk
from crash.load import MAILS, Load, domain
from gateway_process import GatewayProcess
from nameserver import nameserver
from ports import free_port
from postfix import Postfix, relay
from postgres import PostgresServer

ZONE = {name: {"TXT": [text]} for serial in range(MAILS) for name, text in (
    (domain(serial), "v=spf1 ip4:127.0.0.1 -all"), (f"_dmarc.{domain(serial)}", "v=DMARC1; p=reject"))}  # fmt: skip


class Site:
    """disk: where its data lie, PostgreSQL's included."""

    def __init__(self, folder: Path, disk: Disk | None, server: PostgresServer | None) -> None:
        self.folder, self.disk, self.server = folder, disk, server
        self.load: Load | None = None
        """What comes in while a fault happens."""
        self.dns_port = free_port()
        self._dns: AbstractContextManager[str] | None = None
        self.database_url = server.create("crash") if server else f"sqlite:///{folder}/var/frontdesk.db"
        self.gateway = GatewayProcess(folder, self.database_url,
                                      f'[dns]\nnameservers = ["127.0.0.1:{self.dns_port}"]\n')

    async def settles(self) -> Books:
        """The books, once all is done and the gateway has stopped as it should."""
        await books.settled(self.database_url)
        assert await asyncio.to_thread(self.gateway.stop) == 0
        return await books.books(self.database_url, self.folder / "var" / "sent")

    async def kill_gateway(self) -> None:
        self.gateway.kill()
        await asyncio.to_thread(self.gateway.start)

    async def kill_postgres(self, seconds: float) -> None:
        """kill -9 of its first process; it is away for a while."""
        assert self.server
        self.server.kill()
        await asyncio.sleep(seconds)
        await self.start_postgres()

    async def start_postgres(self) -> None:
        """Again and again: what a killed one started may still be there for a moment, and then it refuses to start."""
        assert self.server
        async with asyncio.timeout(60):
            while True:
                try:
                    return await asyncio.to_thread(self.server.start)
                except RuntimeError:
                    await asyncio.sleep(0.1)

    async def freeze(self, processes: Iterable[int], seconds: float) -> None:
        """SIGSTOP and SIGCONT: a machine that is swapping, a debugger, a live migration."""
        frozen = list(processes)
        for process in frozen:
            os.kill(process, signal.SIGSTOP)
        await asyncio.sleep(seconds)
        for process in frozen:
            os.kill(process, signal.SIGCONT)

    def start_dns(self) -> None:
        self._dns = nameserver(ZONE, self.dns_port)
        self._dns.__enter__()

    @contextmanager
    def hung_dns(self) -> Iterator[None]:
        """Questions arrive there and are never answered."""
        self.stop_dns()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", self.dns_port))
            yield
        self.start_dns()

    def stop_dns(self) -> None:
        if self._dns:
            self._dns.__exit__(None, None, None)
        self._dns = None


@asynccontextmanager
async def site(folder: Path, kind: str, *, disk: int = 0) -> AsyncIterator[Site]:
    """kind: "sqlite" or "postgres". disk: megabytes of one of its own."""
    with ExitStack() as stack:
        own = Disk(folder / "image", _place(folder, kind), disk) if disk else None
        if own:
            stack.callback(own.remove)
        server = await asyncio.to_thread(PostgresServer, own.place if own else None) if kind == "postgres" else None
        if server:
            stack.callback(server.stop)
        site = Site(folder, own, server)
        site.start_dns()
        stack.callback(site.stop_dns)
        await asyncio.to_thread(site.gateway.start)
        stack.callback(site.gateway.end)
        yield site


def _place(folder: Path, kind: str) -> Path:
    # PostgreSQL's user may not look into the folders of pytest.
    return folder / "var" if kind == "sqlite" else Path(tempfile.mkdtemp(prefix="frontdesk-disk-", dir="/tmp"))


@asynccontextmanager
async def postfix(port: int) -> AsyncIterator[Postfix]:
    """One that hands on mail to the door at a port; it has none left when this ends."""
    server = Postfix({"example.com": relay(port)}, hostname="mx.example.org")
    await asyncio.to_thread(server.start)
    try:
        yield server
        await asyncio.to_thread(_empty, server)
    finally:
        await asyncio.to_thread(server.stop)


def _empty(server: Postfix) -> None:
    """Until it has brought everything."""
    deadline = time.monotonic() + 60
    while server.waiting:
        assert time.monotonic() < deadline, server.log[-3000:]
        time.sleep(0.1)
    assert "status=bounced" not in server.log
