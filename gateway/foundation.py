"""What each process of the gateway stands on: clock, database, name servers, secret, certificate."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.config import Config
from gateway.desk.capability import Capabilities
from gateway.store.database import Database, connect

if TYPE_CHECKING:
    from gateway.authentication.resolver import DnsResolver


def clock() -> datetime:
    return datetime.now(UTC)


def open_database(config: Config) -> Database:
    """The database of [store]. Raises ConfigError for a URL that cannot be one, and for a library that is missing."""
    try:
        return connect(config.store.database_url(config.site.data))
    except ValueError as error:
        raise config.fault(("store", "url"), str(error)) from None


def build_resolver(config: Config) -> "DnsResolver":
    """The resolver of [dns]."""
    from gateway.authentication.resolver import DnsResolver  # for who asks DNS: most commands do not

    return DnsResolver(config.dns.nameservers, config.dns.timeout.total_seconds(), config.dns.tries)


def build_capabilities(config: Config) -> Capabilities:
    """Raises ConfigError."""
    try:
        secret = read_secret(config.site.data)
    except OSError as error:
        raise config.fault(("site", "data"), f"{config.site.data} cannot be used: {error.strerror}") from None
    except ValueError:
        raise config.fault(("site", "data"), "the file `secret` in it is damaged: take it from a backup; or remove it, "
                           "then no reply address in a letter that was sent is known any more") from None
    return Capabilities(secret, config.site.support[0], config.desk.capability_lifetime)


SECRET_SIZE = 32


def read_secret(data: Path) -> bytes:
    """The key of all capability addresses, made at the first start in a folder that nobody else reads. Lost with it:
    every address in letters sent.

    Raises ValueError when the file is not as we wrote it: an empty key is one that everybody knows.
    """
    path = data / "secret"
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        _make_secret(path)
    secret = bytes.fromhex(path.read_text(errors="replace"))
    if len(secret) != SECRET_SIZE:
        raise ValueError("the secret is cut off")
    return secret


def _make_secret(path: Path) -> None:
    """On disk before anybody uses it; of several processes that start at once one makes it."""
    temporary = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(secrets.token_hex(SECRET_SIZE).encode())
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(temporary, path)
    temporary.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


@contextlib.contextmanager
def certificate(config: Config) -> Iterator[None]:
    """Around the making of a door. Raises ConfigError."""
    try:
        yield
    except OSError as error:
        raise config.fault(("smtp", "certificate"), f"cannot be used: {error}") from None
