"""The composition root: joins the rooms (rooms.py) into a gateway, starts them, reloads them, drains them.

Start: store, desk, delivery, door last. Stop: the other way round, so that nothing comes in that cannot be kept.
"""

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict
from datetime import datetime

import structlog

from gateway import logs, memory
from gateway.authentication.resolver import DnsResolver, Resolver
from gateway.config import Config, ConfigError
from gateway.delivery.worker import Worker
from gateway.doors.doors import Doors
from gateway.foundation import build_resolver, certificate, clock, open_database
from gateway.rooms import (
    build_agents_window,
    build_desk,
    build_herald,
    build_pages,
    build_sheets,
    build_signer,
    build_status,
    build_window,
    build_workplace,
    read_customers,
)
from gateway.smtp.server import Door
from gateway.status.watch import Rooms, Watch
from gateway.store.intake import Intake
from gateway.systemd import Systemd

log = structlog.get_logger()


class Service:
    """A whole gateway in one event loop, but for the mail that [smtp] workers take in processes of their own.

    systemd: who started it, when that wants to hear how it is.
    """

    def __init__(self, config: Config, *, now: Callable[[], datetime] = clock,
                 resolver: Resolver | None = None, systemd: Systemd | None = None) -> None:
        self.config = config
        self.now = now
        self.systemd = systemd or Systemd({})
        self.database = open_database(config)
        self.resolver = resolver or build_resolver(config)
        self._tasks: list[asyncio.Task[None]] = []
        self._reloads: set[asyncio.Task[None]] = set()
        self._build()

    def _build(self) -> None:
        config = self.config
        self.desk = build_desk(config, self.database, self.now, posted=self._posted)
        read_customers(config, self.desk.customers)
        self.worker = Worker(self.database, config.delivery, config.site, self.resolver, self.now,
                             build_signer(config), self.desk.wake)
        self.intake = Intake(self.database, self.desk.wake, backlog=config.store.backlog)
        with certificate(config):
            self.door = Door(config.site, config.smtp, config.authentication, self.intake, self.resolver,
                             self.desk.office.capabilities, self.now)
        self.doors = Doors(config, self.door.figures, self.intake, self.resolver)
        self.window = build_window(config, self.desk)
        self.agents_window = build_agents_window(config, self.database, self.desk)
        self.herald = build_herald(config, self.database, self.resolver, self.now)
        rooms = Rooms(self.door, self.doors, self.intake, self.desk, self.worker, self.resolver, self.database)
        self.watch = Watch(rooms, config.site.data, config.store.free, self.now, self.systemd.alive)
        self.status = build_status(config, self.watch, self.now)

    def _posted(self) -> None:
        self.worker.wake()

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where the door listens; port 0 in the config has become a real one."""
        return self.door.addresses or self.doors.addresses

    @property
    def places(self) -> list[str]:
        """The same as in config.toml, unix sockets included."""
        return self.door.places or self.doors.places

    async def start(self) -> None:
        """Everything up, the door last."""
        await self._open_status()
        await self.database.migrate()
        self.watch.start()
        self._tasks = [asyncio.create_task(self.desk.run()), asyncio.create_task(self.worker.run())]
        if self.herald:
            self._tasks.append(asyncio.create_task(self.herald.run()))
        if self.window:
            with self._listening("web"):
                await self.window.start(self.systemd.socket)
        if self.agents_window:
            with self._listening("agents"):
                await self.agents_window.start(self.systemd.socket)
        with self._listening("smtp"):
            await (self.doors if self.config.smtp.workers > 1 else self.door).start(self.systemd.socket)
        self.watch.closed = ""
        if left := self.systemd.close():
            log.warning("systemd listens where config.toml does not", at=left)
        log.info("frontdesk is open", listen=self.places,
                 support=self.config.site.support, letters=self._way_out())

    async def _open_status(self) -> None:
        """No mail may suffer where only the figures cannot be shown."""
        try:
            if self.status:
                await self.status.start(self.systemd.socket)
        except OSError as error:
            log.error("/healthz, /readyz and /metrics are not served", at=self.config.status.listen, error=str(error))

    async def stop(self) -> None:
        """Drain: the door and the window first, then what they left is finished or stays in the store."""
        self.watch.closed = "the gateway is shutting down"
        windows = [each for each in (self.window, self.agents_window) if each]
        await asyncio.gather(self.door.drain(), self.doors.drain(), *(each.drain() for each in windows))
        await self.intake.close()
        if self.herald:
            self.herald.stop()
        await self.desk.stop()
        await self.worker.stop()
        await asyncio.gather(*self._tasks, *self._reloads, return_exceptions=True)
        if isinstance(self.resolver, DnsResolver):
            await self.resolver.close()
            log.info("name servers were asked", **asdict(self.resolver.figures))
        await self.watch.stop()
        if self.status:
            await self.status.close()
        await self.database.close()
        log.info("frontdesk is closed")

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Service"]:
        """For tests and the demo: started on entry, drained on exit."""
        try:
            await self.start()
            yield self
        finally:
            await self.stop()

    async def run(self, reread: Callable[[], Config]) -> None:
        """Serve until SIGTERM or SIGINT; at SIGHUP `reread` gives the config as it stands in its file now."""
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: self.reload(reread))
        async with self.running():
            # What is there by now stays: a full collection that walked it all would hold the loop for 60 ms.
            gc.collect()
            gc.freeze()
            giving_back = asyncio.create_task(memory.give_back())
            self._tell_ready()
            await stopping.wait()
            giving_back.cancel()
            self.systemd.stopping()

    def _tell_ready(self) -> None:
        self.systemd.ready(f"taking mail at {', '.join(self.places)}")

    def reload(self, reread: Callable[[], Config]) -> None:
        """Take a new config; a bad file keeps the old one and says so."""
        self.systemd.reloading()
        try:
            config = reread()
            _same_house(self.config, config)
            self._reconfigure(config)
        except ConfigError as error:
            log.error("the new config is not taken: the old one stays", fault=str(error))
            self._tell_ready()
        else:
            reload = asyncio.create_task(self._tell_workers(config))
            self._reloads.add(reload)
            reload.add_done_callback(self._reloads.discard)

    async def _tell_workers(self, config: Config) -> None:
        await self.doors.configure(config)
        log.info("config reloaded")
        self._tell_ready()

    def _reconfigure(self, config: Config) -> None:
        desk = build_desk(config, self.database, self.now)
        if config.customers == self.config.customers:
            desk.customers = self.desk.customers  # what it has read stays, also when the file has a fault by now
        else:
            read_customers(config, desk.customers)
        signer, pages = build_signer(config), build_pages(config)
        sheets = build_sheets(config) if self.agents_window else None
        with certificate(config):
            self.door.configure(config.site, config.smtp, config.authentication, desk.office.capabilities)
        if self.window:
            self.window.configure(pages, config.web)
        if self.agents_window and sheets:
            self.agents_window.configure(build_workplace(config, self.database, self.desk), sheets)
        logs.configure(config.log)
        self.intake.backlog, self.watch.free = config.store.backlog, config.store.free
        self.worker.configure(config.delivery, config.site, signer)
        self.desk.journey, self.desk.office = desk.journey, desk.office
        self.desk.customers = desk.customers
        self.desk.attempts, self.desk.lease, self.desk.undo = desk.attempts, desk.lease, desk.undo
        self.config = config

    @contextlib.contextmanager
    def _listening(self, section: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self.config.fault((section, "listen"), f"cannot be listened at: {error}") from None

    def _way_out(self) -> str:
        section = self.config.delivery
        if section.smarthost:
            return f"by {section.smarthost}"
        return "direct" if section.direct else f"as files in {self.config.site.data / 'sent'}"


def _same_house(old: Config, new: Config) -> None:
    """What a running gateway cannot change: where it listens, where it keeps things, and whom outside it asks."""
    for path in (("store", "url"), ("site", "data"), ("smtp", "listen"), ("smtp", "workers"), ("dns", "nameservers"),
                 ("dns", "timeout"), ("dns", "tries"), ("web", "listen"), ("agents", "listen"),
                 ("agents", "webhook_nets"), ("status", "listen")):
        section, key = path
        if getattr(getattr(old, section), key) != getattr(getattr(new, section), key):
            raise new.fault(path, "this changes only by a restart")
