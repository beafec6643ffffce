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
from gateway.doors.handover import Handover
from gateway.doors.wire import Change, Disk, Done, Finish, Open, Report, Start, Taken, Wire, Word
from gateway.foundation import build_capabilities, build_resolver, clock, open_database
from gateway.smtp.crowd import Crowd
from gateway.smtp.server import Door
from gateway.store import holdings

log = structlog.get_logger()

PULSE = 1.0
"""Seconds between two reports."""
PATIENCE = 5.0
"""Seconds that a store that was away has for an answer."""


async def serve(words: socket.socket, files: socket.socket) -> None:
    """The whole life of a worker. words: on which the gateway speaks. files: on which it gets those of large mails."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # who sends them to all processes means the gateway, which tells us
    files.setblocking(False)
    heard: asyncio.Queue[Word] = asyncio.Queue()
    wire = await Wire.over(words, heard.put_nowait)
    wire.cut.add_done_callback(lambda _: heard.put_nowait(Finish()))
    if isinstance(start := await heard.get(), Start):
        worker = Worker(start, wire, files)
        while not heard.empty():
            worker.obey(heard.get_nowait())
        await worker.work()
    wire.close()
    await wire.cut


class Worker:
    """A door with what it needs. It reads in the store itself; mails are kept by the gateway."""

    def __init__(self, start: Start, wire: Wire, files: socket.socket) -> None:
        logs.configure(start.config.log, worker=start.number)
        config = _share(start.config)
        self._number, self._given, self._wire = start.number, start.given, wire
        self._finishing = asyncio.Event()
        self._database, self._resolver = open_database(config), build_resolver(config)
        self._intake = Handover(self._database, wire.say, files, config.store.backlog)
        crowd = Crowd(mmap.mmap(start.crowd, 0), start.number - 1, start.key)
        self._door = Door(config.site, config.smtp, config.authentication, self._intake, self._resolver,
                          build_capabilities(config), clock, crowd)
        wire.hear = self.obey
        wire.cut.add_done_callback(self._lose)

    async def work(self) -> None:
        await self._door.start(self._socket)
        self._wire.say(Open(self._door.places, self._door.addresses))
        gc.collect()
        gc.freeze()
        reporting = asyncio.create_task(self._report_on())
        await self._finishing.wait()
        await self._door.drain()
        await self._intake.close()
        reporting.cancel()
        self._report()
        await self._resolver.close()
        await self._database.close()

    def _lose(self, _: object) -> None:
        """The gateway is gone."""
        self._intake.give_up()
        self._finishing.set()

    def _socket(self, at: str) -> socket.socket | None:
        return socket.socket(fileno=self._given[at]) if at in self._given else None

    def obey(self, word: Word) -> None:
        if isinstance(word, Done):
            self._intake.settle(word)
        elif isinstance(word, Finish):
            self._finishing.set()
        elif isinstance(word, Disk):
            self._intake.is_full = word.is_full
        elif isinstance(word, Change):
            self._wire.say(Taken(self._change(_share(word.config))))

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
        self._wire.say(Report(self._door.figures.take(), refusals.copy(), self._resolver.take(), self._door.sessions,
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
