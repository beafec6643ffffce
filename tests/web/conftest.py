"""A window over a real socket: the customers', before a desk that takes whatever is pressed; the agents', before a real
one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

import pytest
from agents_house import AgentsHouse, open_house
from visitor import Visitor

from gateway.config import Site, Web
from gateway.desk.acts import Acts
from gateway.desk.visit import Visit
from gateway.store.database import Database, connect
from gateway.web.customer import CustomersWindow
from gateway.web.pages import Pages

SITE = Site(name="Hanbit Support")


class Desk:
    """Takes what is pressed; `good` is the one token that proves."""

    def __init__(self) -> None:
        self.pressed: list[str] = []
        self.fault: Exception | None = None
        self.is_asked, self.goes_on = asyncio.Event(), asyncio.Event()
        self.goes_on.set()

    async def prove(self, token: str) -> bool:
        self.pressed.append(token)
        self.is_asked.set()
        await self.goes_on.wait()
        if self.fault:
            raise self.fault
        return token == "good"


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def opened(desk: Desk) -> AsyncIterator[Callable[..., Any]]:
    """Opens a window with these settings of [web]."""
    visitors: list[Visitor] = []

    async def open_window(acts: object = desk, templates: Path | None = None, **web: Any) -> Visitor:
        pages = Pages(SITE.model_copy(update={"templates": templates}))
        window = CustomersWindow(pages, Web(listen="127.0.0.1:0", **web), cast(Acts, acts),
                                 Visit(getattr(acts, "desk", cast(Any, None))))
        await window.start()
        visitors.append(Visitor(window))
        return visitors[-1]

    yield open_window
    desk.goes_on.set()
    for each in visitors:
        await each.window.drain()
        each.leaves()


@pytest.fixture
async def visitor(opened: Callable[..., Any]) -> Visitor:
    """Somebody at a window with the default settings."""
    return cast(Visitor, await opened())


@pytest.fixture
async def both(database: Database, tmp_path: Path) -> AsyncIterator[AgentsHouse]:
    """An open house on a database of each kind."""
    async with open_house(database, tmp_path) as house:
        yield house


@pytest.fixture
async def house(migrated: Path, tmp_path: Path) -> AsyncIterator[AgentsHouse]:
    """An open house on SQLite."""
    path = tmp_path / "frontdesk.db"
    path.write_bytes(migrated.read_bytes())  # noqa: ASYNC240
    database = connect(f"sqlite:///{path}")
    async with open_house(database, tmp_path) as house:
        yield house
    await database.close()
