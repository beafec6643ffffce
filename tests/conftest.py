"""The real peers that tests stand on: both databases, and the command."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from command import frontdesk as frontdesk
from postgres import PostgresServer
from sqlmodel import SQLModel

from gateway.store.database import Database, connect


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """A command that a test ran in this process sets up the log; the next test finds it as it was."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL server for the whole run; one for each worker, where there are several."""
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and no row. To migrate one takes longer than most tests; a copy costs nothing."""
    path = tmp_path_factory.mktemp("migrated") / "frontdesk.db"
    asyncio.run(_migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def migrated_url(postgres: PostgresServer) -> str:
    """The PostgreSQL database that one test after the other works in."""
    url = postgres.create("migrated")
    asyncio.run(_migrate(url))
    return url


async def _migrate(url: str) -> None:
    database = connect(url)
    await database.migrate()
    await database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated database of each kind without a row. SQLite's is where a gateway in this folder looks for it."""
    if request.param == "sqlite":
        path = tmp_path / "var" / "frontdesk.db"
        path.parent.mkdir()
        shutil.copy(request.getfixturevalue("migrated"), path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("migrated_url")
    server: PostgresServer = request.getfixturevalue("postgres")
    server.clear("migrated", SQLModel.metadata.tables)
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database of each kind."""
    database = connect(database_url)
    yield database
    await database.close()
