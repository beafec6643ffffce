"""Each room, built from its section of config.toml: what a gateway is made of (service.py), what commands work with.

What takes much memory or time is imported where it is built, for who configures it.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING

from gateway.config import Config, ConfigError, DkimKey
from gateway.desk.acts import Acts
from gateway.desk.handler import IS_TEMPLATE, Handler
from gateway.desk.journey import load_handlers
from gateway.desk.letters import LetterError, Letters, default_folder
from gateway.desk.pipeline import Desk
from gateway.desk.post import Office
from gateway.foundation import build_capabilities, clock
from gateway.mail.envelope import domain_of
from gateway.store.customer_file import CustomerFile, Fault
from gateway.store.customers import Customers, CustomerTable
from gateway.store.database import Database

if TYPE_CHECKING:
    from gateway.authentication.resolver import Resolver
    from gateway.authentication.signer import Signer, SigningKey
    from gateway.delivery.webhooks import Herald
    from gateway.status.server import Status
    from gateway.status.watch import Watch
    from gateway.web.customer import CustomersWindow
    from gateway.web.desk import AgentsWindow
    from gateway.web.pages import Pages
    from gateway.web.sheets import Sheets
    from gateway.web.workplace import Workplace


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


def build_pages(config: Config) -> "Pages":
    """What the web room shows. Raises ConfigError for a page that is missing or broken."""
    from gateway.web.pages import Pages

    with _templates():
        return Pages(config.site)


def build_window(config: Config, desk: Desk) -> "CustomersWindow | None":
    """The server of [web]; None where no page is served. Raises ConfigError."""
    if not config.web.listen:
        return None
    from gateway.desk.visit import Visit
    from gateway.web.customer import CustomersWindow  # FastAPI costs 18 MB and 0.2 s: for who serves pages

    return CustomersWindow(build_pages(config), config.web, Acts(desk), Visit(desk))


def build_agents_window(config: Config, database: Database, desk: Desk) -> "AgentsWindow | None":
    """The server of [agents]; None where agents have no page. Raises ConfigError."""
    if not config.agents.listen:
        return None
    from gateway.web.desk import AgentsWindow

    return AgentsWindow(build_workplace(config, database, desk), build_sheets(config))


def build_herald(config: Config, database: Database, resolver: "Resolver",
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


def build_status(config: Config, watch: "Watch", now: Callable[[], datetime]) -> "Status | None":
    """The server of [status]; None where it is not served."""
    if not config.status.listen:
        return None
    from gateway.status.metrics import Page  # the library of Prometheus: for those who ask for figures
    from gateway.status.server import Status

    return Status(config.status.listen, watch, Page(watch, now))


@contextlib.contextmanager
def _templates() -> Iterator[None]:
    try:
        yield
    except LetterError as error:
        raise ConfigError(str(error)) from None
