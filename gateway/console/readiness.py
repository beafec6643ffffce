"""Is everything there that serving needs? What `frontdesk check` looks at, each with a sentence on what to do.

Faults of the config itself are ConfigErrors, told before anything else is looked at.
"""

import os
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from gateway.authentication.answer import Answer, Resolver
from gateway.authentication.key import KeyTrouble, fetch
from gateway.authentication.names import is_within, to_ascii
from gateway.authentication.resolver import Figures
from gateway.authentication.signer import SigningKey
from gateway.config import Config
from gateway.console import plain
from gateway.console.edge import first_line, has_database
from gateway.desk.pipeline import Desk
from gateway.foundation import build_resolver, open_database
from gateway.mail.envelope import domain_of
from gateway.rooms import build_desk, build_pages, build_signer, build_workplace
from gateway.status.watch import Space, least_free, space
from gateway.store import agents
from gateway.store.customer_file import CustomerFile, Fault
from gateway.store.customers import Unreadable
from gateway.store.database import Database

SOON = timedelta(days=14)
"""A certificate that ends within this time is worth a note."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    result: Literal["good", "note", "bad"]
    sentence: str

    @property
    def is_bad(self) -> bool:
        return self.result == "bad"


async def look(config: Config, *, ask_dns: bool) -> list[Finding]:
    """Everything, in the order in which a start would need it. Raises ConfigError for handlers and templates."""
    found = [_folder(config.site.data)]
    if found[0].is_bad:
        return found
    database = open_database(config)
    try:
        desk = _desk(config, database)
        handlers = f"{', '.join(config.desk.handlers)}; every letter has its template"
        found += [disk(space(_nearest(config.site.data)), config.store.free), Finding("handlers", "good", handlers),
                  await _database(config, database), await _customers(config, desk), _certificate(config),
                  _way_out(config), *_signing(config), _page(config), await _agents(config, database, desk)]
    finally:
        await database.close()
    return [*found, *[each async for each in _dns(config)]] if ask_dns else found


def _desk(config: Config, database: Database) -> Desk:
    """Nothing is made: a secret that root made by looking could not be read by the gateway. Raises ConfigError."""
    if (config.site.data / "secret").exists():
        return build_desk(config, database)
    with TemporaryDirectory(prefix="frontdesk-check-") as folder:
        site = config.site.model_copy(update={"data": Path(folder)})
        return build_desk(config.model_copy(update={"site": site}), database)


def _page(config: Config) -> Finding:
    """Where links in letters lead. Raises ConfigError for a page that is broken."""
    build_pages(config)
    if not config.page:
        return Finding("page", "note", "letters carry no link: customers confirm by mail only ([web] url)")
    if config.web.url.startswith("http://"):
        return Finding("page", "note", f"letters link to {config.page}: without TLS others may read the links")
    return Finding("page", "good", f"letters link to {config.page}")


async def _agents(config: Config, database: Database, desk: Desk) -> Finding:
    """Where agents log in, and whether anybody can. Raises ConfigError for a login that needs what is not installed."""
    if not config.agents.listen:
        return Finding("agents", "note", "agents have no page ([agents] listen is empty): they work by the command")
    build_workplace(config, database, desk)
    with suppress(SQLAlchemyError, OSError):
        staff = await database.read(agents.listing) if has_database(config) else ()
        if not any(each.password_hash and each.disabled_at is None for each in staff):
            return Finding("agents", "note", "nobody can log in yet: frontdesk agent add NAME --role operator")
    host = config.agents.listen.rpartition(":")[0].strip("[]")
    if not config.agents.url.startswith("https://") and host not in ("localhost", "::1") and host[:4] != "127.":
        return Finding("agents", "note", f"they log in at {host} without TLS: others may read the passwords")
    provider = f", also by {config.agents.oidc.issuer}" if config.agents.oidc.issuer else ""
    return Finding("agents", "good", f"they log in at {config.agents.url or f'http://{config.agents.listen}'}{provider}")


async def _customers(config: Config, desk: Desk) -> Finding:
    """Whom account requests are compared with."""
    customers = desk.customers
    if customers is None:
        return Finding("customers", "note", "no customer file: whoever writes about an account is asked at the address "
                       "they wrote from, which proves that mailbox only")
    try:
        if isinstance(customers, CustomerFile):
            return Finding("customers", "good", f"{customers.path}: {customers.load()} addresses")
        if not has_database(config):
            return Finding("customers", "note", f"the table {config.customers.table} is looked at once it is there")
        await desk.database.write(lambda db: customers.at(db, "nobody@example.invalid"))  # as the desk asks it
    except Fault as fault:
        return Finding("customers", "bad", str(fault))
    except (Unreadable, SQLAlchemyError, OSError) as error:
        return Finding("customers", "bad", f"the table {config.customers.table}: {first_line(error)}")
    return Finding("customers", "good", f"the table {config.customers.table} can be read")


def _folder(data: Path) -> Finding:
    there = _nearest(data)
    if not os.access(there, os.W_OK | os.X_OK):
        return Finding("data folder", "bad", f"{there} cannot be written to by this user")
    secret = data / "secret"
    if secret.exists() and not os.access(secret, os.R_OK):
        return Finding("data folder", "bad", f"{secret} cannot be read by this user")
    if secret.exists() and secret.stat().st_mode & 0o077:
        return Finding("data folder", "note", f"{secret} can be read by others: chmod 600 {secret}")
    return Finding("data folder", "good", f"{data} is writable" if data.exists() else f"{data} will be made")


def disk(room: Space, to_keep: int) -> Finding:
    """Whether there is room for mail, as the gateway sees it. to_keep: [store] free."""
    least = least_free(to_keep, room.total)
    free, total = plain.size(room.free), plain.size(room.total)
    if room.free < least:
        return Finding("disk", "bad", f"{free} of {total} are free, less than {plain.size(least)}: no mail is taken")
    return Finding("disk", "good", f"{free} of {total} are free")


def _nearest(folder: Path) -> Path:
    """The folder itself, or the one that it will be made in."""
    return next(each for each in (folder, *folder.absolute().parents) if each.exists())


async def _database(config: Config, database: Any) -> Finding:
    if not has_database(config):
        return Finding("database", "good", f"will be made in {config.site.data}")
    try:
        now = await database.read(lambda db: revision(db.connection()))
    except (SQLAlchemyError, OSError) as error:
        return Finding("database", "bad", f"cannot be used: {first_line(error)}")
    newest = newest_revision()
    if now == newest:
        return Finding("database", "good", f"answers, its tables are at revision {now}")
    return Finding("database", "note", f"its tables are at revision {now or 'none'}; a start brings them to {newest}")


def revision(connection: Connection) -> str:
    """Of the tables that are there; "" when none are."""
    from alembic.runtime.migration import MigrationContext

    connection.execute(text("SELECT 1"))
    return MigrationContext.configure(connection).get_current_revision() or ""


def newest_revision() -> str:
    """Of the tables that this frontdesk knows."""
    from alembic.script import ScriptDirectory

    import gateway.store.migrations

    return ScriptDirectory(gateway.store.migrations.__path__[0]).get_current_head() or ""


def _certificate(config: Config) -> Finding:
    chain, key = config.smtp.certificate, config.smtp.key
    if chain is None or key is None:
        return Finding("certificate", "note", "none is configured: a self-signed one is made for STARTTLS")
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(chain, key)
        left = _ends(chain) - datetime.now(UTC)
    except (OSError, ssl.SSLError, ValueError) as error:
        return Finding("certificate", "bad", f"{chain} with {key} cannot be used: {first_line(error)}")
    if left < timedelta(0):
        return Finding("certificate", "bad", f"{chain} ended {-left.days} days ago")
    return Finding("certificate", "note" if left < SOON else "good", f"{chain} is good for {left.days} days")


def _ends(chain: Path) -> datetime:
    from cryptography.x509 import load_pem_x509_certificate

    return load_pem_x509_certificate(chain.read_bytes()).not_valid_after_utc


def _way_out(config: Config) -> Finding:
    delivery = config.delivery
    if delivery.smarthost:
        return Finding("delivery", "good", f"by {delivery.smarthost}")
    if delivery.direct:
        return Finding("delivery", "good", "straight to the customers' MX hosts")
    return Finding("delivery", "note", f"no way out is set: letters become .eml files in {config.site.data / 'sent'}")


def _signing(config: Config) -> Iterator[Finding]:
    signer = build_signer(config)
    if signer is None:
        yield Finding("signature", "note", "letters are not DKIM-signed, so many servers distrust them: "
                                           "`frontdesk dkim` makes keys")
        return
    keys = ", ".join(f"{key.selector} ({key.kind} {key.bits})" for key in signer.keys)
    yield Finding("signature", "good", f"{signer.domain} signs letters by {keys}")
    if all(key.kind != "rsa" for key in signer.keys):
        yield Finding("signature", "note", "many servers know RSA only and find no signature: add a key of that kind")
    author = to_ascii(domain_of(config.site.support[0]))
    if not (is_within(author, signer.domain) or is_within(signer.domain, author)):
        yield Finding("signature", "note", f"a signature of {signer.domain} may not count for letters from {author}")
    for key in config.delivery.dkim_keys:
        if key.file.stat().st_mode & 0o077:
            yield Finding("signature", "note", f"{key.file} can be read by others: chmod 600 {key.file}")


# ---- what the world sees -------------------------------------------------------------------------------------------


async def _dns(config: Config) -> AsyncIterator[Finding]:
    """MX, SPF, DMARC and DKIM of the domain that our letters come from."""
    domain = domain_of(config.site.support[0])
    resolver = build_resolver(config)
    try:
        yield _mx(await resolver.query(domain, "MX"), domain, config.site.hostname)
        yield _record("SPF", await resolver.query(domain, "TXT"), domain, lambda txt: txt.startswith("v=spf1"))
        name = f"_dmarc.{domain}"
        yield _record("DMARC", await resolver.query(name, "TXT"), name, lambda txt: txt.startswith("v=DMARC1"))
        if signer := build_signer(config):
            for key in signer.keys:
                yield await _published_key(key, signer.domain, resolver)
        yield _name_servers(resolver.figures)
    finally:
        await resolver.close()


def _name_servers(figures: Figures) -> Finding:
    lost = figures.timeout + figures.refused + figures.servfail
    said = f"questions asked: {figures.asked}, without an answer: {lost}, the slowest: {figures.longest:.3f} s"
    return Finding("name servers", "bad" if lost else "good", said)


def _mx(answer: Answer, domain: str, hostname: str) -> Finding:
    if answer.is_trouble:
        return Finding("MX", "bad", f"DNS does not answer for {domain}: {answer.rcode}")
    hosts = [host for _, host in sorted(answer.exchangers)]
    if hostname.lower().rstrip(".") in hosts:
        return Finding("MX", "good", f"{domain} is served by {', '.join(hosts)}")
    there = ", ".join(hosts) or "not set"
    return Finding("MX", "bad", f"the MX of {domain} is {there}, not {hostname}: no mail comes here")


async def _published_key(key: SigningKey, domain: str, resolver: Resolver) -> Finding:
    """What others find when they verify by this key."""
    name = key.name(domain)
    try:
        found = await fetch(resolver, key.selector, domain, key.kind)
    except KeyTrouble as trouble:
        return Finding("DKIM", "bad", f"{name}: {trouble.reason}; `frontdesk dkim` prints the right record")
    if found.public != key.private.public_key():
        return Finding("DKIM", "bad", f"{name} holds a key that is not ours; `frontdesk dkim` prints the right record")
    if found.is_testing:
        return Finding("DKIM", "note", f"{name} says t=y: others may treat our letters as if they were not signed")
    return Finding("DKIM", "good", f"{name} publishes our {key.kind} key")


def _record(what: str, answer: Answer, name: str, is_it: Callable[[str], bool]) -> Finding:
    if answer.is_trouble:
        return Finding(what, "bad", f"DNS does not answer for {name}: {answer.rcode}")
    found = next((txt for txt in (each.decode("utf-8", "replace") for each in answer.texts) if is_it(txt)), None)
    if found is None:
        return Finding(what, "bad", f"{name} has no such TXT record: others cannot tell our letters from forged ones")
    return Finding(what, "good", f"{name}: {found}")
