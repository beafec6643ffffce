"""The composition root: builds each room from its section of the config, starts them, drains them.

Start: store, desk, delivery, door last. Stop: the other way round, so that nothing comes in that cannot be kept.
"""

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING

import structlog

from gateway import logs, memory
from gateway.authentication.resolver import DnsResolver, Resolver
from gateway.config import Config, ConfigError, DkimKey
from gateway.delivery.worker import Worker
from gateway.desk.acts import Acts
from gateway.desk.handler import IS_TEMPLATE, Handler
from gateway.desk.journey import load_handlers
from gateway.desk.letters import LetterError, Letters, default_folder
from gateway.desk.pipeline import Desk
from gateway.desk.post import Office
from gateway.desk.visit import Visit
from gateway.doors.doors import Doors
from gateway.foundation import build_capabilities, build_resolver, certificate, clock, open_database
from gateway.mail.envelope import domain_of
from gateway.smtp.server import Door
from gateway.status.watch import Rooms, Watch
from gateway.store.customer_file import CustomerFile, Fault
from gateway.store.customers import Customers, CustomerTable
from gateway.store.database import Database
from gateway.store.intake import Intake
from gateway.systemd import Systemd
from gateway.web.pages import Pages

if TYPE_CHECKING:
    from gateway.authentication.signer import Signer, SigningKey
    from gateway.delivery.webhooks import Herald
    from gateway.status.server import Status
    from gateway.web.customer import CustomersWindow
    from gateway.web.desk import AgentsWindow
    from gateway.web.sheets import Sheets
    from gateway.web.workplace import Workplace

log = structlog.get_logger()


def build_desk(config: Config, database: Database, now: Callable[[], datetime] = clock,
               posted: Callable[[], None] = lambda: None) -> Desk:
    """The desk with its handlers and letters. Raises ConfigError: unknown handler, bad setting, missing template."""
    _check_folders(config)
    letters = Letters(config.site.templates, config.site)
    if faults := letters.check():
        raise ConfigError("\n".join(faults))
    journey = load_handlers(config)
    _check_templates(config, journey, letters)
    office = Office(config.site, config.desk.prefix, letters, build_capabilities(config), config.page)
    return Desk(database, journey, office, config.desk.attempts, config.desk.lease, now, posted,
                build_customers(config), config.desk.undo)


def _check_folders(config: Config) -> None:
    """There are templates, in every language of the site."""
    folder = config.site.templates or default_folder()
    if not folder.is_dir():
        raise config.fault(("site", "templates"), f"there is no folder {folder}")
    for language in config.site.languages:
        if not (folder / language).is_dir():
            raise config.fault(("site", "languages"), f"there is no folder {folder / language}")


def build_customers(config: Config) -> Customers | None:
    """The customer file or table, nothing read yet; None when none is kept."""
    section = config.customers
    if section.table:
        return CustomerTable(section.table)
    return CustomerFile(section.file) if section.file else None


def read_customers(config: Config, customers: Customers | None) -> None:
    """The first reading of the file. Raises ConfigError with file and line."""
    try:
        if isinstance(customers, CustomerFile):
            customers.load()
    except Fault as fault:
        raise config.fault(("customers", "file"), str(fault)) from None


def _check_templates(config: Config, journey: Sequence[tuple[str, Handler]], letters: Letters) -> None:
    """Every letter that a handler's settings name is there."""
    for name, handler in journey:
        for field, setting in type(handler).model_fields.items():
            template = getattr(handler, field)
            if IS_TEMPLATE in setting.metadata and template and template not in letters.names:
                known = ", ".join(sorted(letters.names))
                raise config.fault(("handlers", name, field), f"there is no letter {template!r}; there are: {known}")


def build_signer(config: Config) -> "Signer | None":
    """DKIM for our letters, when there are keys for it. Raises ConfigError."""
    section = config.delivery
    if not section.dkim_keys:
        return None
    from gateway.authentication.signer import Signer  # with OpenSSL for Python and dkimpy: for who signs

    keys = [_signing_key(config, place, key) for place, key in enumerate(section.dkim_keys)]
    try:
        return Signer(section.dkim_domain or domain_of(config.site.support[0]), keys)
    except ValueError as error:
        raise config.fault(("delivery", "dkim_domain"), str(error)) from None


def _signing_key(config: Config, place: int, key: DkimKey) -> "SigningKey":
    from gateway.authentication.signer import SigningKey

    try:
        return SigningKey.read(key.selector, key.file.read_bytes())
    except OSError as error:
        trouble = f"cannot be read: {error.strerror}"
    except ValueError as error:
        trouble = str(error)
    raise config.fault(("delivery", "dkim_keys", str(place), "file"), f"{key.file} {trouble}")


def build_pages(config: Config) -> Pages:
    """What the web room shows. Raises ConfigError for a page that is missing or broken."""
    with _templates():
        return Pages(config.site)


def build_window(config: Config, desk: Desk) -> "CustomersWindow | None":
    """The server of [web]; None where no page is served. Raises ConfigError."""
    if not config.web.listen:
        return None
    from gateway.web.customer import CustomersWindow  # FastAPI costs 18 MB and 0.2 s: for who serves pages

    return CustomersWindow(build_pages(config), config.web, Acts(desk), Visit(desk))


def build_agents_window(config: Config, database: Database, desk: Desk) -> "AgentsWindow | None":
    """The server of [agents]; None where agents have no page. Raises ConfigError."""
    if not config.agents.listen:
        return None
    from gateway.web.desk import AgentsWindow

    return AgentsWindow(build_workplace(config, database, desk), build_sheets(config))


def build_herald(config: Config, database: Database, resolver: Resolver,
                 now: Callable[[], datetime]) -> "Herald | None":
    """Who tells webhooks; nobody where no page makes any."""
    if not config.agents.listen:
        return None
    from gateway.delivery.caller import Caller
    from gateway.delivery.webhooks import Herald

    return Herald(database, Caller(resolver, config.agents.webhook_nets), now)


def build_workplace(config: Config, database: Database, desk: Desk) -> "Workplace":
    """What the agents' page and API work with. Raises ConfigError for a login that needs what is not installed."""
    from gateway.web.workplace import Workplace

    if config.agents.oidc.issuer and not (find_spec("joserfc") and find_spec("httpx2")):
        raise config.fault(("agents", "oidc", "issuer"),
                           "needs the extra `oidc`, which is not installed: pip install 'frontdesk[oidc]'")
    return Workplace(database, Acts(desk), config.site, config.agents, desk.now)


def build_sheets(config: Config) -> "Sheets":
    """The pages of the agents. Raises ConfigError for a ready-made text that is broken."""
    from gateway.web.sheets import Sheets

    with _templates():
        return Sheets(config.site)


def build_status(config: Config, watch: Watch, now: Callable[[], datetime]) -> "Status | None":
    """The server of [status]; None where it is not served."""
    if not config.status.listen:
        return None
    from gateway.status.metrics import Page  # the library of Prometheus: for those who ask for figures
    from gateway.status.server import Status

    return Status(config.status.listen, watch, Page(watch, now))


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


@contextlib.contextmanager
def _templates() -> Iterator[None]:
    try:
        yield
    except LetterError as error:
        raise ConfigError(str(error)) from None


def _same_house(old: Config, new: Config) -> None:
    """What a running gateway cannot change: where it listens and where it keeps things."""
    for path in (("store", "url"), ("site", "data"), ("smtp", "listen"), ("smtp", "workers"), ("web", "listen"),
                 ("agents", "listen"), ("status", "listen")):
        section, key = path
        if getattr(getattr(old, section), key) != getattr(getattr(new, section), key):
            raise new.fault(path, "this changes only by a restart")
