"""A worker: takes mail in a process of its own, until the gateway that started it says no more or is gone."""

import asyncio
import gc
import mmap
import signal
import socket
from contextlib import suppress

import structlog

from gateway import logs
from gateway.config import Config, ConfigError
from gateway.doors import wire
from gateway.doors.wire import Change, Disk, Kept, Open, Report, Start, Taken, Word
from gateway.foundation import build_capabilities, build_resolver, clock, open_database
from gateway.smtp.crowd import Crowd
from gateway.smtp.server import Door
from gateway.store import holdings
from gateway.store.intake import Intake

log = structlog.get_logger()

PULSE = 1.0
"""Seconds between two reports."""
PATIENCE = 5.0
"""Seconds that a store that was away has for an answer."""


async def serve(wire_end: socket.socket) -> None:
    """The whole life of a worker. `wire_end`: on which the gateway speaks."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # who sends them to all processes means the gateway, which tells us
    reader, writer = await asyncio.open_unix_connection(sock=wire_end)
    start = await wire.read(reader)
    if isinstance(start, Start):
        logs.configure(start.config.log, worker=start.number)
        await Worker(start, writer).work(reader)
    writer.close()


class Worker:
    """A door with what it needs; the store is everybody's."""

    def __init__(self, start: Start, writer: asyncio.StreamWriter) -> None:
        config = _share(start.config)
        self._number, self._given, self._writer = start.number, start.given, writer
        self._database, self._resolver = open_database(config), build_resolver(config)
        self._intake = Intake(self._database, lambda: self._say(Kept()), backlog=config.store.backlog,
                              is_alone=False)
        crowd = Crowd(mmap.mmap(start.crowd, 0), start.number - 1, start.key)
        self._door = Door(config.site, config.smtp, config.authentication, self._intake, self._resolver,
                          build_capabilities(config), clock, crowd)

    async def work(self, reader: asyncio.StreamReader) -> None:
        await self._door.start(self._socket)
        self._say(Open(self._door.places, self._door.addresses))
        gc.collect()
        gc.freeze()
        reporting = asyncio.create_task(self._report_on())
        while word := await wire.read(reader):
            self._obey(word)
        await self._door.drain()
        await self._intake.close()
        reporting.cancel()
        self._report()
        await self._resolver.close()
        await self._database.close()

    def _socket(self, at: str) -> socket.socket | None:
        return socket.socket(fileno=self._given[at]) if at in self._given else None

    def _say(self, word: Word) -> None:
        if not self._writer.is_closing():
            self._writer.write(wire.packed(word))

    def _obey(self, word: Word) -> None:
        if isinstance(word, Disk):
            self._intake.is_full = word.is_full
        elif isinstance(word, Change):
            self._say(Taken(self._change(_share(word.config))))

    def _change(self, config: Config) -> str:
        try:
            self._door.configure(config.site, config.smtp, config.authentication, build_capabilities(config))
        except (ConfigError, OSError) as error:
            return str(error)
        self._intake.backlog = config.store.backlog
        logs.configure(config.log, worker=self._number)
        return ""

    async def _report_on(self) -> None:
        while True:
            await asyncio.sleep(PULSE)
            self._report()
            if self._intake.trouble:
                await self._look_at_store()

    def _report(self) -> None:
        refusals = self._intake.refusals.counts
        self._say(Report(self._door.figures.take(), refusals.copy(), self._resolver.take(), self._door.sessions,
                         self._intake.octets, self._intake.trouble, self._resolver.is_away))
        refusals.clear()

    async def _look_at_store(self) -> None:
        """So that it is known to be back before the next mail comes."""
        with suppress(Exception):  # whatever it is: the store is still away
            async with asyncio.timeout(PATIENCE):
                await self._database.write(holdings.touch)
            self._intake.found()


def _share(config: Config) -> Config:
    """What one of so many workers may do of what the config allows them all. Connections are counted together."""
    smtp, store, count = config.smtp, config.store, config.smtp.workers
    return config.model_copy(update={
        "smtp": smtp.model_copy(update={"unknown_recipients": max(1, smtp.unknown_recipients // count)}),
        "store": store.model_copy(update={"backlog": store.backlog // count})})
