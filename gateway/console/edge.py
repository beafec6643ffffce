"""What all commands share: the config they read, the database they open, the loop they run in, how they fail."""

import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import typer
    from sqlalchemy.orm import Session as Db

    from gateway.config import Config, Log
    from gateway.store.database import Database

T = TypeVar("T")

HANDOVER = 0.0005
"""Seconds that a thread keeps the interpreter while another wants it. With Python's 5 ms whoever waits for 250 waits
for the desk's thread at each of his steps; shorter turns cost nothing that can be measured."""


class Failure(Exception):
    """What was asked for could not be done; the sentence is for the person who asked. Exit code 1."""


def packaged_config() -> Path:
    """The default config.toml: carried by the wheel, or the one of the checkout."""
    gateway = Path(__file__).parent.parent
    carried = gateway / "_data" / "config.toml"
    return carried if carried.exists() else gateway.parent / "config.toml"


def read_config(context: "typer.Context") -> "Config":
    """As `config_at`, for a command."""
    return config_at(context.obj)


def config_at(named: Path | None) -> "Config":
    """The config that was named, else ./config.toml, else the packaged one with its data in ./var."""
    from gateway.config import load

    if named is None and Path("config.toml").exists():
        named = Path("config.toml")
    return load(packaged_config(), folder=Path.cwd()) if named is None else load(named)


def has_database(config: "Config") -> bool:
    """False when SQLite is configured and its file is not there yet."""
    url = config.store.database_url(config.site.data)
    return not url.startswith("sqlite:///") or Path(url.removeprefix("sqlite:///")).exists()


def with_database(config: "Config", work: Callable[["Database"], Awaitable[T]]) -> T:
    """Run work on the database of a gateway that has been started at least once."""
    from sqlalchemy.exc import DBAPIError

    from gateway.foundation import open_database

    if not has_database(config):
        raise Failure(f"There is no database in {config.site.data} yet: `frontdesk serve` makes it.")

    async def whole() -> T:
        database = open_database(config)
        try:
            return await work(database)
        except DBAPIError:
            if await _is_older(database):
                raise Failure("The database is that of an older frontdesk: a restart of the gateway brings it up to "
                              "date.") from None
            raise
        finally:
            await database.close()

    with usable():
        return run(whole)


async def _is_older(database: "Database") -> bool:
    from gateway.console.readiness import newest_revision, revision

    return await database.read(lambda db: revision(db.connection())) != newest_revision()


@contextmanager
def usable() -> Iterator[None]:
    """Around work on the database, which may be away, damaged or another's."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise Failure(f"The database cannot be used: {first_line(error)}") from None


def read_database(config: "Config", question: Callable[["Db"], T]) -> T:
    """Ask the database one question. The rows of its answer outlive the transaction."""
    def ask(db: "Db") -> T:
        answer = question(db)
        db.expunge_all()
        return answer

    return with_database(config, lambda database: database.read(ask))


def site_zone(config: "Config") -> ZoneInfo:
    """The zone of the times that are shown."""
    return ZoneInfo(config.site.timezone)


def run(work: Callable[[], Awaitable[T]], log: "Log | None" = None) -> T:
    """Run a coroutine in the fastest loop that is there. Without `log`, only errors are logged."""
    import asyncio

    from gateway import logs
    from gateway.config import Log

    logs.configure(log or Log(level="error"))
    sys.setswitchinterval(HANDOVER)
    try:
        import uvloop
    except ImportError:
        factory = None
    else:
        factory = uvloop.new_event_loop

    async def whole() -> T:
        return await work()

    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(whole())


def become(module: str, *words: str) -> NoReturn:
    """Go on as another program of ours: the same process for whoever started it, with its open files and its
    environment, and with an empty memory. It finds what we find."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    here = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    os.execve(sys.executable, [sys.executable, "-P", "-m", module, *words], os.environ | here)  # noqa: S606 - no shell


def guarded(command: Callable[[], None]) -> NoReturn:
    """Run the command: every fault becomes a sentence on standard error and an exit code, never a traceback."""
    _have_streams()
    try:
        command()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader went away: say no more
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # the edge to a person
        code, sentence = _told(error)
        print(f"frontdesk: {sentence}", file=sys.stderr)
        sys.exit(code)
    sys.exit(0)


def _have_streams() -> None:
    """To write to, whatever is written."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller; and no other file may get its number
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def _told(error: Exception) -> tuple[int, str]:
    from gateway.config import ConfigError
    from gateway.desk.journey import told

    if isinstance(error, ConfigError):
        return 2, str(error)
    return 1, str(error) if isinstance(error, Failure) else told(error).partition("\n")[0]


def first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
