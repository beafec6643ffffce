"""All workers, in the gateway that started them: kept alive, counted, told of a new config, and drained with it."""

import asyncio
import mmap
import os
import secrets
from contextlib import suppress

import structlog

from gateway.authentication.answer import Resolver
from gateway.authentication.resolver import DnsResolver
from gateway.config import Config
from gateway.doors.places import Given, Places
from gateway.doors.process import Life, Process
from gateway.doors.wire import Disk, Done, Keep, Open, Report, Start, Word, fault_of
from gateway.smtp import crowd
from gateway.smtp.figures import Figures
from gateway.store.intake import Intake, StoreAway

log = structlog.get_logger()

FIRST, LONGEST = 0.1, 30.0
"""Seconds before a worker is started again; they double for one that does not live for LONGEST."""
DRAINED = 15.0
"""Seconds beyond [smtp] drain that a worker has for what it still writes."""
NONE = -1
"""No file."""


class Doors:
    """None of them with `workers = 1`: then the gateway's own door takes mail, and nothing here does anything.

    intake: it keeps the mails of all workers. figures, resolver: to which is added what they count.
    """

    def __init__(self, config: Config, figures: Figures, intake: Intake, resolver: Resolver) -> None:
        count = config.smtp.workers if config.smtp.workers > 1 else 0
        self.config = config
        self._figures, self._intake, self._resolver = figures, intake, resolver
        self._processes = [Process(number + 1, self._hear) for number in range(count)]
        self._places = Places()
        self._memory, self._key = NONE, secrets.token_bytes(16)
        """What they count clients with (gateway.smtp.crowd): an open file, and a secret."""
        self._closing, self._changing = asyncio.Event(), asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._keeping: set[asyncio.Task[None]] = set()
        self._started: dict[int, asyncio.Future[None]] = {}
        """Workers that have not been open yet."""

    @property
    def places(self) -> list[str]:
        """Where a worker listens, as in config.toml; the others listen there too."""
        return next((each.opening.places for each in self._processes if each.opening), [])

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each TCP address of theirs."""
        return next((each.opening.addresses for each in self._processes if each.opening), [])

    @property
    def sessions(self) -> int:
        """How many clients are inside."""
        return sum(each.report.sessions for each in self._processes)

    @property
    def octets(self) -> int:
        """Of the mails that wait for the disk."""
        return sum(each.report.octets for each in self._processes)

    @property
    def trouble(self) -> str:
        """Which of them take no mail, in a sentence; "" when all do."""
        away = [str(each.number) for each in self._processes if not each.is_up]
        return f"of {len(self._processes)} workers these take no mail: {', '.join(away)}" if away else ""

    @property
    def store_trouble(self) -> str:
        """Why one of them could not use the store."""
        return next((each.report.trouble for each in self._processes if each.report.trouble), "")

    @property
    def is_dns_away(self) -> bool:
        return any(each.report.is_dns_away for each in self._processes)

    async def start(self, given: Given) -> None:
        """Return when all take mail. given: sockets that listen already, by their place in config.toml.

        Raises OSError where an address cannot be had, RuntimeError when a worker cannot start.
        """
        if not self._processes:
            return
        await self._places.take(self.config.smtp.listen, given)
        self._memory = os.memfd_create("crowd")
        os.ftruncate(self._memory, crowd.OCTETS * len(self._processes))
        self._started = {each.number: asyncio.get_running_loop().create_future() for each in self._processes}
        self._tasks = [asyncio.create_task(self._keep_up(each)) for each in self._processes]
        self._tasks.append(asyncio.create_task(self._count_seconds()))
        await asyncio.gather(*self._started.values())

    async def _keep_up(self, process: Process) -> None:
        """Life after life, until all are to end."""
        pause, loop = FIRST, asyncio.get_running_loop()
        while not self._closing.is_set():
            began = loop.time()
            code = await self._live(process)
            if self._closing.is_set():
                return
            pause = FIRST if loop.time() - began >= LONGEST else min(2 * pause, LONGEST)
            log.error("a worker has ended: it is started again", worker=process.number, code=code, seconds=pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), pause)

    async def _live(self, process: Process) -> int | str:
        """How it ended: an exit code, or why it could not even begin."""
        shared = {at: each.fileno() for at, each in self._places.shared.items()}
        with mmap.mmap(self._memory, 0) as memory:
            crowd.forget(memory, process.number - 1)

        def start() -> Start:
            return Start(self.config, process.number, shared, self._memory, self._key)

        try:
            code: int | str = await process.live(start, [self._memory, *shared.values()])
        except OSError as error:
            code = str(error)
        if not self._started[process.number].done():
            self._started[process.number].set_exception(
                RuntimeError(f"worker {process.number} ended before it took mail: {code}"))
        return code

    async def _count_seconds(self) -> None:
        while True:
            await asyncio.sleep(1)
            for each in self._processes:
                each.count_second()

    def _hear(self, process: Process, life: Life, word: Word) -> None:
        if isinstance(word, Keep):
            keeping = asyncio.create_task(self._keep(life, word))
            self._keeping.add(keeping)
            keeping.add_done_callback(self._keeping.discard)
        elif isinstance(word, Report):
            self._count(word)
            if process.is_full is not self._intake.is_full:
                process.is_full = self._intake.is_full
                process.say(Disk(process.is_full))
        elif isinstance(word, Open) and not self._started[process.number].done():
            self._started[process.number].set_result(None)

    async def _keep(self, life: Life, word: Keep) -> None:
        try:
            done = Done(word.serial, await self._intake.keep(life.mail(word)))
        except (StoreAway, OSError) as error:
            done = Done(word.serial, fault=fault_of(error))
        life.say(done)

    def _count(self, report: Report) -> None:
        self._figures.add(report.figures)
        self._intake.refusals.counts.update(report.refusals)
        if isinstance(self._resolver, DnsResolver):
            self._resolver.add(report.dns)

    async def configure(self, config: Config) -> None:
        """Return when each of them works by the new config, or has told in the log why not."""
        self.config = config
        async with self._changing:
            await asyncio.gather(*(each.change(config) for each in self._processes if each.is_alive))

    async def drain(self) -> None:
        """Let nobody in, and return when all of them have ended."""
        self._closing.set()
        self._places.close()
        for each in self._processes:
            each.finish()
        if self._tasks:
            *lives, seconds = self._tasks
            seconds.cancel()
            await asyncio.wait(lives, timeout=self.config.smtp.drain.total_seconds() + DRAINED)
        for each in self._processes:
            each.kill()
        await asyncio.gather(*self._tasks, *self._keeping, return_exceptions=True)
        if self._memory != NONE:
            os.close(self._memory)
            self._memory = NONE
