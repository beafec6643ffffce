"""Opens doors for the tests and closes them."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import uvloop
from smtp.house import CAPABILITIES, NOON, House, Opening

from gateway.authentication.answer import Resolver
from gateway.authentication.resolver import ZoneResolver
from gateway.config import Authentication, Site, Smtp
from gateway.smtp.server import Door
from gateway.store.database import Database, connect
from gateway.store.intake import Intake


@pytest.fixture
async def open_house(tmp_path: Path, migrated: Path) -> AsyncIterator[Opening]:
    """Opens a door: open_house(size=1000, wrap=..., support=(...)). Keywords are settings of [smtp]."""
    async with AsyncExitStack() as stack:

        async def build(
            *, wrap: Callable[[Database], Any] = lambda database: database, site: dict[str, Any] | None = None,
            authentication: Authentication | None = None, zone: dict[str, Any] | None = None,
            resolver: Resolver | None = None, now: Callable[[], datetime] = lambda: NOON, **smtp: Any,
        ) -> House:  # fmt: skip
            shutil.copy(migrated, tmp_path)
            database = connect(f"sqlite:///{tmp_path}/frontdesk.db")
            intake = Intake(wrap(database))
            settings = Smtp(**{"listen": ("127.0.0.1:0",), "drain": "2s", **smtp})
            place = Site(data=tmp_path, hostname="mx.example.com", **(site or {}))
            door = Door(place, settings, authentication or Authentication(enabled=False), intake,
                        resolver or ZoneResolver(zone or {}), CAPABILITIES, now)  # fmt: skip
            await door.start()
            house = House(door, database, intake)
            stack.push_async_callback(house.close)
            return house

        yield build


@pytest.fixture
async def house(open_house: Opening) -> House:
    """A door with the settings it ships with."""
    return await open_house()


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Callable[[], Any]]:
    """The door runs on uvloop; TLS, where the loops differ most, is tried on both."""
    loops: dict[str, Callable[[], Any]] = {"uvloop": uvloop.new_event_loop}
    return {**loops, "asyncio": asyncio.new_event_loop} if item.path.name == "test_tls.py" else loops
