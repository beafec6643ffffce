"""One database, two kinds: SQLite with one writer, or PostgreSQL. Work is a plain function of a db session.

`write` and `read` run such a function in one transaction: on SQLite in a thread of our own (WAL, synchronous=FULL,
BEGIN IMMEDIATE, so that a commit is on disk and two writers never dead-lock), on PostgreSQL through asyncpg. So every
query in store/ and desk/ is written once, without `await`, and tested without an event loop.
"""

import asyncio
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session as Db

from gateway.mail.large import NO_ROOM

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")

BUSY = 30.0
"""Seconds that a writer of another process (the CLI beside `serve`) is waited for."""


AGAIN = 3
"""How often work that was ended for the sake of another's begins anew."""


class Database(Protocol):
    """Where work is done in transactions."""

    async def write(self, work: Callable[[Db], T]) -> T:
        """Run `work` and commit; what it raises rolls everything back and is raised here. It may be run again."""

    async def read(self, work: Callable[[Db], T]) -> T:
        """Run `work`, which only asks: on SQLite on one view of all, on PostgreSQL each question on its own."""

    async def migrate(self) -> None:
        """Bring the tables to the newest revision."""

    async def close(self) -> None:
        """Finish what runs, then let go of every connection."""


def connect(url: str) -> Database:
    """The database at "sqlite:///path" or "postgresql://..."; nothing is opened before the first work.

    Raises ValueError, without the URL, in which a password may stand.
    """
    if url.startswith("sqlite:///"):
        return Sqlite(Path(url.removeprefix("sqlite:///")))
    try:
        return Postgres(url.partition("://")[2])
    except ModuleNotFoundError:
        raise ValueError("PostgreSQL needs the extra `postgres`, which is not installed: "
                         "pip install 'frontdesk[postgres]'") from None
    except (ValueError, ArgumentError):
        raise ValueError('is not of the form "postgresql://user:password@host:port/database"') from None


def is_of_values(error: DBAPIError) -> bool:
    """The database is there, but cannot take the values it was given. Any other fault is its own: gone, full, locked.

    PostgreSQL says it by SQLSTATE: 22 data, 23 integrity, 54 beyond a limit of the server, as a long key in an index;
    what asyncpg cannot even send is a ValueError behind the error.
    """
    state = getattr(error.orig, "sqlstate", None) or ""
    return (isinstance(error, DataError | IntegrityError) or state[:2] in ("22", "23", "54")
            or isinstance(getattr(error.orig, "__cause__", None), ValueError))


def is_full(error: BaseException) -> bool:
    """The disk has no room: by the word of SQLite, of PostgreSQL (53100) or of the system."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, OSError):
        return cause.errno in NO_ROOM
    return (getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
            or getattr(cause, "sqlstate", None) == "53100")


def _is_deadlock(error: DBAPIError) -> bool:
    """Two transactions waited for each other, and the server ended this one."""
    return getattr(error.orig, "sqlstate", None) == "40P01"


def storable(value: Any) -> Any:
    """Text as both databases take it: PostgreSQL knows no NUL, UTF-8 no lone surrogate. Inside lists and dicts too."""
    if isinstance(value, str):
        return value if value.isascii() and "\0" not in value else _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {key: storable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [storable(each) for each in value]
    return value


LOG = 16_000_000
"""Octets that SQLite's log may have. A small disk would have no room for more, and on a full one it stays."""
EMPTIED = 0.25
"""Seconds after a commit in which what it wrote to the log goes into the database. Whoever commits meanwhile waits for
the same disk: with ten times a second that is more than one mail in a hundred; with twice the log would be too long."""


class Sqlite:
    """One file, one writer thread, a few reader threads, and one that empties the log beside the commits: a commit that
    carried 16 MB into the database would make all who wait for it wait for twenty others."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = _sqlite_engine(path)
        self._is_full = False
        """The last commit found no room on the disk."""
        self._writer = ThreadPoolExecutor(1, "sqlite-writer")
        self._readers = ThreadPoolExecutor(2, "sqlite-reader")
        self._emptier = ThreadPoolExecutor(1, "sqlite-log")
        self._will_empty = False
        self._closes = threading.Event()
        self._own = threading.local()
        self._all: list[Standing] = []

    async def write(self, work: Callable[[Db], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, self._transact, work)

    async def read(self, work: Callable[[Db], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._look, work)

    async def migrate(self) -> None:
        from gateway.store.migrations.run import upgrade  # Alembic costs 0.2 s that only a start should pay

        self.path.parent.mkdir(parents=True, exist_ok=True)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._writer, lambda: upgrade(self._engine))

    async def close(self) -> None:
        await asyncio.to_thread(self._shut)

    def _shut(self) -> None:
        self._closes.set()
        self._writer.shutdown()
        self._emptier.shutdown()
        self._readers.shutdown()
        for each in self._all:
            each.close()
        self._engine.dispose()

    def _transact(self, work: Callable[[Db], T]) -> T:
        """On a full disk the log is emptied first: else what room comes back would go into the log, never out of it."""
        try:
            if self._is_full:
                self._empty_log()
            found = self._standing.write(work)
        except OperationalError as error:
            self._is_full = is_full(error)
            raise
        self._is_full = False
        if not self._will_empty:
            self._will_empty = True
            self._emptier.submit(self._empty_soon)
        return found

    def _empty_soon(self) -> None:
        """A log that has become long is begun anew by a commit that finds nothing in it which is not in the database:
        so the writer carries over the last pages, of which there are few after two rounds beside it."""
        is_closing = self._closes.wait(EMPTIED)
        self._will_empty = False
        if self._empty_log() > LOG and not is_closing:
            self._empty_log()
            self._writer.submit(self._empty_log)

    def _empty_log(self) -> int:
        """Its pages into the database, for which there must be room; the next commit then begins the log anew, if none
        came meanwhile. Its octets."""
        with self._engine.connect() as connection:
            pages: int = connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").one()[1]
            size: int = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
        return pages * size

    def _look(self, work: Callable[[Db], T]) -> T:
        return self._standing.read(work)

    @property
    def _standing(self) -> "Standing":
        """This thread's."""
        found: Standing | None = getattr(self._own, "standing", None)
        if found is None:
            found = self._own.standing = Standing(self._engine, self.path.parent / "raw")
            self._all.append(found)
        return found


class Standing:
    """A connection that one thread keeps: to ask a pool for one, and the session to begin and end on it, takes several
    times as long as what most transactions do. Who needs no session has the driver in its `info`."""

    def __init__(self, engine: Engine, files: Path) -> None:
        """files: where store/raw puts them."""
        self._engine, self._files = engine, files
        self._open()

    def _open(self) -> None:
        self._connection = self._engine.connect()
        self._driver: sqlite3.Connection = self._connection.connection.driver_connection  # type: ignore[assignment]
        info = {"raw": self._files, "driver": self._driver}
        self._db = Db(self._connection, expire_on_commit=False, info=info)

    def write(self, work: Callable[[Db], T]) -> T:
        with self._begun("BEGIN IMMEDIATE") as db:
            found = work(db)
            if db.in_transaction():  # a session that was not used has nothing to commit
                db.commit()
            self._driver.commit()
            return found

    def read(self, work: Callable[[Db], T]) -> T:
        with self._begun("BEGIN") as db:
            return work(db)

    @contextmanager
    def _begun(self, begin: str) -> Iterator[Db]:
        """What is not committed is undone. Raises OperationalError also where the driver was asked past the session."""
        if self._connection.closed:
            self._open()
        try:
            self._driver.execute(begin)
            yield self._db
        except BaseException as error:
            self._db.close()
            self._connection.close()  # whatever a failed commit left on it, the pool makes it as new
            if isinstance(error, sqlite3.OperationalError):
                raise OperationalError(None, None, error) from error
            raise
        self._db.close()
        self._driver.rollback()

    def close(self) -> None:
        self._connection.close()


def _sqlite_engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={
        "timeout": BUSY, "check_same_thread": False,
        "cached_statements": 300})  # with one for each number of rows that are inserted together

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor: sqlite3.Cursor = connection.cursor()
        for pragma in ("page_size = 8192", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON",
                       "cache_size = -16000", "temp_store = MEMORY",
                       # Should nobody come to empty the log, a commit does.
                       "wal_autocheckpoint = 4000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


ASKERS = 4
"""Connections to PostgreSQL that are kept for questions; of more that were needed at once none is."""


class Postgres:
    """A PostgreSQL server through asyncpg; many writers at once."""

    def __init__(self, rest: str) -> None:
        # Its compiler begins where it believes a statement to be large, and takes longer than the statement.
        told = {"server_settings": {"jit": "off"}}
        from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine  # for who has such a server

        self._engine = create_async_engine(f"postgresql+asyncpg://{rest}", pool_size=10, connect_args=told)
        # What only asks needs no transaction: each would cost two more turns with the server, and show no one view.
        self._asking = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._db = partial(AsyncSession, expire_on_commit=False)
        self._askers: list[AsyncConnection] = []
        """Connections that only ask, and of which nothing is asked now."""

    async def write(self, work: Callable[[Db], T]) -> T:
        """A desk that handles many mails locks requests in the order they come; agents have theirs."""
        for _ in range(AGAIN):
            try:
                return await self._transact(work)
            except DBAPIError as error:
                if not _is_deadlock(error):
                    raise
        return await self._transact(work)

    async def _transact(self, work: Callable[[Db], T]) -> T:
        async with self._db(self._engine) as db, db.begin():
            await db.connection()  # so that a server that does not answer is no fault of `work`
            return await db.run_sync(work)

    async def read(self, work: Callable[[Db], T]) -> T:
        """By a connection that asked before, if one is free: to take one from the pool, make it one that asks and give
        it back takes as long as most questions."""
        asker = self._askers.pop() if self._askers else await self._asking.connect()
        try:
            return await asker.run_sync(_asked, work)
        finally:
            await self._put_back(asker)

    async def _put_back(self, asker: "AsyncConnection") -> None:
        """Of a server that went away no connection is kept."""
        self._askers.append(asker)
        most = 0 if asker.invalidated else ASKERS
        if len(self._askers) > most:
            await asyncio.shield(self._keep(most))

    async def _keep(self, most: int) -> None:
        while len(self._askers) > most:
            await self._askers.pop().close()

    async def migrate(self) -> None:
        from gateway.store.migrations.run import upgrade

        async with self._engine.begin() as connection:
            await connection.run_sync(upgrade)

    async def close(self) -> None:
        await self._keep(0)
        await self._engine.dispose()


def _asked(connection: Connection, work: Callable[[Db], T]) -> T:
    with Db(connection, expire_on_commit=False) as db:
        return work(db)
