"""Is everything there that serving needs? What `frontdesk check` looks at, each with a sentence on what to do.

Faults of the config itself are ConfigErrors, told before anything else is looked at.
"""

import os
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from gateway.authentication.resolver import Answer
from gateway.config import Config
from gateway.console.edge import first_line, has_database
from gateway.mail.envelope import domain_of
from gateway.service import build_desk, build_resolver, open_database

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
        build_desk(config, database)
        found += [Finding("handlers", "good", f"{', '.join(config.desk.handlers)}; every letter has its template"),
                  await _database(config, database), _certificate(config), _way_out(config), *_signing(config)]
    finally:
        await database.close()
    return [*found, *[each async for each in _dns(config)]] if ask_dns else found


def _folder(data: Path) -> Finding:
    there = next(folder for folder in (data, *data.absolute().parents) if folder.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        return Finding("data folder", "bad", f"{there} cannot be written to by this user")
    secret = data / "secret"
    if secret.exists() and not os.access(secret, os.R_OK):
        return Finding("data folder", "bad", f"{secret} cannot be read by this user")
    if secret.exists() and secret.stat().st_mode & 0o077:
        return Finding("data folder", "note", f"{secret} can be read by others: chmod 600 {secret}")
    return Finding("data folder", "good", f"{data} is writable" if data.exists() else f"{data} will be made")


async def _database(config: Config, database: Any) -> Finding:
    if not has_database(config):
        return Finding("database", "good", f"will be made in {config.site.data}")
    try:
        revision = await database.read(lambda db: _revision(db.connection()))
    except (SQLAlchemyError, OSError) as error:
        return Finding("database", "bad", f"cannot be used: {first_line(error)}")
    newest = _newest_revision()
    if revision == newest:
        return Finding("database", "good", f"answers, its tables are at revision {revision}")
    now = revision or "none"
    return Finding("database", "note", f"its tables are at revision {now}; a start brings them to {newest}")


def _revision(connection: Connection) -> str:
    from alembic.runtime.migration import MigrationContext

    connection.execute(text("SELECT 1"))
    return MigrationContext.configure(connection).get_current_revision() or ""


def _newest_revision() -> str:
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
    if config.delivery.dkim_key is None:
        yield Finding("signature", "note", "letters are not DKIM-signed: many servers will distrust them")
        return
    try:
        public = _public_key(config.delivery.dkim_key)
    except (OSError, ValueError, TypeError) as error:
        yield Finding("signature", "bad", f"{config.delivery.dkim_key} cannot be used: {first_line(error)}")
        return
    name = f"{config.delivery.dkim_selector}._domainkey.{config.delivery.dkim_domain}"
    yield Finding("signature", "good", f"letters are signed; {name} must hold {public}")


def _public_key(file: Path) -> str:
    """The TXT record that belongs to a private key (RFC 6376 section 3.6.1, RFC 8463)."""
    from base64 import b64encode

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    private = load_pem_private_key(file.read_bytes(), None)
    public = private.public_key()
    if isinstance(private, Ed25519PrivateKey):
        return f"v=DKIM1; k=ed25519; p={b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()}"
    octets = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={b64encode(octets).decode()}"


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
        if config.delivery.dkim_key is not None:
            name = f"{config.delivery.dkim_selector}._domainkey.{config.delivery.dkim_domain}"
            key = _public_key(config.delivery.dkim_key).partition("p=")[2]
            yield _record("DKIM", await resolver.query(name, "TXT"), name, lambda txt: key in "".join(txt.split()))
    finally:
        await resolver.close()


def _mx(answer: Answer, domain: str, hostname: str) -> Finding:
    if answer.is_trouble:
        return Finding("MX", "bad", f"DNS does not answer for {domain}: {answer.rcode}")
    hosts = [host for _, host in sorted(answer.exchangers)]
    if hostname.lower().rstrip(".") in hosts:
        return Finding("MX", "good", f"{domain} is served by {', '.join(hosts)}")
    there = ", ".join(hosts) or "not set"
    return Finding("MX", "bad", f"the MX of {domain} is {there}, not {hostname}: no mail comes here")


def _record(what: str, answer: Answer, name: str, is_it: Callable[[str], bool]) -> Finding:
    if answer.is_trouble:
        return Finding(what, "bad", f"DNS does not answer for {name}: {answer.rcode}")
    found = next((txt for txt in (each.decode("utf-8", "replace") for each in answer.texts) if is_it(txt)), None)
    if found is None:
        return Finding(what, "bad", f"{name} has no such TXT record: others cannot tell our letters from forged ones")
    return Finding(what, "good", f"{name}: {found}")
