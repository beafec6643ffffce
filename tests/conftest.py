"""The real peers that tests stand on: both databases, and the command."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from command import frontdesk as frontdesk
from postgres import PostgresServer

from gateway.store.database import Database, connect

_serial = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL server for the whole run."""
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/frontdesk.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.create(f"test_{next(_serial)}")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database of each kind."""
    database = connect(database_url)
    await database.migrate()
    yield database
    await database.close()
